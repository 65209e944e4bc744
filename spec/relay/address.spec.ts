import { expect } from 'chai';
import { addressKey, isLoopback, toAddress } from '../../relay/address.ts';

describe('relay address', () => {
  it('is compared without zone, in lower case, and as IPv4 where it is mapped', () => {
    const cases: [string, string | undefined][] = [
      ['192.0.2.7', '192.0.2.7'],
      ['::ffff:192.0.2.7', '192.0.2.7'],
      ['::FFFF:c000:0207', '192.0.2.7'],
      ['0:0:0:0:0:ffff:192.0.2.7', '192.0.2.7'],
      ['2001:DB8::1', '2001:db8::1'],
      ['fe80::1%eth0', 'fe80::1'],
      ['', undefined],
      ['relay.example', undefined],
      ['192.0.2', undefined],
      ['192.0.2.7:80', undefined],
      ['[::1]', undefined],
    ];
    for (const [text, address] of cases) expect(toAddress(text), text).to.equal(address);
  });

  it('counts IPv4 addresses singly and IPv6 addresses by their /64', () => {
    expect(addressKey('192.0.2.7')).to.not.equal(addressKey('192.0.2.8'));
    const inside = ['2001:db8:0:7::1', '2001:db8:0:7:ffff:ffff:ffff:ffff', '2001:0db8:0000:0007:0::'];
    expect(new Set(inside.map(addressKey)).size).to.equal(1);
    expect(addressKey('2001:db8:0:8::1')).to.not.equal(addressKey(inside[0]!));
    expect(addressKey('::1')).to.equal('0:0:0:0::/64');
  });

  it('knows the addresses of this machine', () => {
    for (const address of ['127.0.0.1', '127.8.9.10', '::1', '0:0:0:0:0:0:0:1']) {
      expect(isLoopback(address), address).to.equal(true);
    }
    for (const address of ['128.0.0.1', '::2', '1::1', '10.0.0.1']) {
      expect(isLoopback(address), address).to.equal(false);
    }
  });
});
