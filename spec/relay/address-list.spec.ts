import { expect } from 'chai';
import { GraphError } from '../../lib/base/errors.ts';
import { AddressList } from '../../relay/address-list.ts';

describe('relay address list', () => {
  it('has single addresses and those within networks', () => {
    const list = new AddressList(['10.0.0.0/8', '192.0.2.7', '2001:db8::/32', '::1'], '--trust-proxy');
    for (const address of ['10.255.0.1', '192.0.2.7', '2001:db8:9::1', '::1']) {
      expect(list.has(address), address).to.equal(true);
    }
    for (const address of ['11.0.0.1', '192.0.2.8', '2001:db9::1', '::2']) {
      expect(list.has(address), address).to.equal(false);
    }
    expect(new AddressList([], '--trust-proxy').has('127.0.0.1')).to.equal(false);
  });

  it('names the entry that is neither', () => {
    for (const entry of [
      'relay.example',
      '10.0.0.0/33',
      '::1/129',
      '10.0.0.0/',
      '10.0.0.0/8/8',
      '10/8',
      '/8',
    ]) {
      const make = (): AddressList => new AddressList(['10.0.0.1', entry], '--exempt');
      expect(make, entry).to.throw(GraphError, `--exempt "${entry}": must be an address or a network`);
    }
  });
});
