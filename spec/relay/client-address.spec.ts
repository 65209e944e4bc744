import { expect } from 'chai';
import { ClientAddresses } from '../../relay/client-address.ts';
import { requestOf } from './request-of.ts';

const PLAIN = new ClientAddresses({ trustProxy: [], exempt: ['127.0.0.0/8', '::1'] });
const BEHIND = new ClientAddresses({ trustProxy: ['127.0.0.1', '10.0.0.0/8'], exempt: ['127.0.0.0/8'] });

/** The address seen with a header `X-Forwarded-For`. */
function seen(addresses: ClientAddresses, direct: string, forwarded: string): string {
  return addresses.of(requestOf(direct, { 'x-forwarded-for': forwarded })).address;
}

describe('relay client address', () => {
  it('is that of the socket, whatever a header claims, unless a trusted proxy sends it', () => {
    expect(seen(PLAIN, '192.0.2.7', '198.51.100.1')).to.equal('192.0.2.7');
    expect(seen(BEHIND, '192.0.2.7', '198.51.100.1')).to.equal('192.0.2.7');
    expect(seen(BEHIND, '::ffff:127.0.0.1', '198.51.100.1')).to.equal('198.51.100.1');
  });

  it('is the last one on the way that is no trusted proxy', () => {
    expect(seen(BEHIND, '127.0.0.1', '203.0.113.9, 198.51.100.1')).to.equal('198.51.100.1');
    expect(seen(BEHIND, '127.0.0.1', '198.51.100.1, 10.0.0.2 ,10.0.0.3')).to.equal('198.51.100.1');
    expect(seen(BEHIND, '127.0.0.1', '10.0.0.2')).to.equal('10.0.0.2');
  });

  it('is taken with a port, in brackets, and mapped', () => {
    expect(seen(BEHIND, '127.0.0.1', '198.51.100.1:5678')).to.equal('198.51.100.1');
    expect(seen(BEHIND, '127.0.0.1', '[2001:db8::1]:5678')).to.equal('2001:db8::1');
    expect(seen(BEHIND, '127.0.0.1', '[2001:db8::1]')).to.equal('2001:db8::1');
    expect(seen(BEHIND, '127.0.0.1', '::ffff:198.51.100.1')).to.equal('198.51.100.1');
  });

  it('is that of the nearest proxy when the header says nonsense', () => {
    for (const nonsense of ['', 'unknown', '198.51.100.1, nonsense', ',,']) {
      expect(seen(BEHIND, '127.0.0.1', nonsense), nonsense).to.equal('127.0.0.1');
    }
    expect(seen(BEHIND, '127.0.0.1', 'nonsense, 10.0.0.2')).to.equal('10.0.0.2');
  });

  it('is local only on the direct way', () => {
    expect(PLAIN.of(requestOf('127.0.0.1')).isLocal).to.equal(true);
    expect(PLAIN.of(requestOf('::1')).isLocal).to.equal(true);
    expect(PLAIN.of(requestOf('192.0.2.7')).isLocal).to.equal(false);
    expect(PLAIN.of(requestOf('127.0.0.1', { 'x-forwarded-for': '192.0.2.7' })).isLocal).to.equal(false);
    expect(PLAIN.of(requestOf('127.0.0.1', { forwarded: 'for=192.0.2.7' })).isLocal).to.equal(false);
    expect(BEHIND.of(requestOf('10.0.0.1', { 'x-forwarded-for': '127.0.0.1' })).isLocal).to.equal(false);
  });

  it('is exempt when it is listed and not only claimed through a proxy', () => {
    expect(PLAIN.of(requestOf('127.0.0.1')).isExempt).to.equal(true);
    expect(PLAIN.of(requestOf('192.0.2.7')).isExempt).to.equal(false);
    expect(BEHIND.of(requestOf('10.0.0.1', { 'x-forwarded-for': '127.0.0.2' })).isExempt).to.equal(false);
    const office = new ClientAddresses({ trustProxy: ['127.0.0.1'], exempt: ['198.51.100.0/24'] });
    const headers = { 'x-forwarded-for': '198.51.100.1' };
    expect(office.of(requestOf('127.0.0.1', headers)).isExempt).to.equal(true);
  });

  it('is the same for a socket that is gone, and never exempt', () => {
    const client = PLAIN.of(requestOf(undefined));
    expect(client).to.deep.equal({ address: '0.0.0.0', key: '0.0.0.0', isLocal: false, isExempt: false });
  });

  it('counts sockets before their request by address, but those of proxies and exempt ones', () => {
    expect(BEHIND.keyOf('192.0.2.7')).to.equal('192.0.2.7');
    expect(BEHIND.keyOf('2001:db8::1')).to.equal(BEHIND.keyOf('2001:db8::2'));
    expect(BEHIND.keyOf('10.0.0.1')).to.equal(undefined);
    expect(PLAIN.keyOf('::1')).to.equal(undefined);
  });
});
