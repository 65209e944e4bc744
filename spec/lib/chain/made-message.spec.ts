import { expect } from 'chai';
import { contextOf } from '../../../lib/chain/made-message.ts';
import { acked, useChains } from '../../support/chains.ts';
import { settle } from '../../support/scripted-peer.ts';

describe('what is put into a chain by hand', () => {
  const { open } = useChains();

  it('is told as it is: values, objects, and the nodes that links and chains lead to', async () => {
    const gun = open();
    await acked((done) => gun.get('s').put({ n: 1 }, done));
    const chain = gun.chain();
    const told: unknown[] = [];
    chain.on((data: unknown, key) => told.push([key, (data as { n?: number }).n ?? data]));
    for (const put of [7, { any: [1] }, { '#': 's' }, gun.get('s')]) {
      chain._.on('in', { get: String(told.length), put });
      await settle();
    }
    chain._.on('in', { get: 'raw', put: { '#': 't', '.': 'k', ':': 9, '>': 1 } });
    await settle();
    expect(told).to.deep.equal([
      ['0', 7],
      ['1', { any: [1] }],
      ['2', 1],
      ['3', 1],
      ['raw', 9],
    ]);
  });

  it('knows chains from everything else', () => {
    const gun = open();
    expect(contextOf(gun)).to.equal(gun._);
    for (const other of [null, 1, {}, { _: {} }]) expect(contextOf(other)).to.equal(undefined);
  });
});
