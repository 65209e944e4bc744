import { expect } from 'chai';
import { deliveryOf } from '../../../lib/api/delivery.ts';
import { UnsentWrite, UnsentWrites } from '../../../lib/api/unsent.ts';

function write(id: string): UnsentWrite {
  return new UnsentWrite(id, '{}', []);
}

/** Writes that go to so many peers, and those of them that were dropped. */
function writesFor(peers: number): { readonly dropped: string[]; readonly unsent: UnsentWrites } {
  const dropped: string[] = [];
  const unsent = new UnsentWrites(
    () => peers,
    (id) => dropped.push(id),
  );
  return { dropped, unsent };
}

describe('UnsentWrites', () => {
  it('keeps a write until every peer has settled it, and counts it until one has stored it', () => {
    const { dropped, unsent } = writesFor(2);
    const one = write('1');
    unsent.add(one);
    expect([unsent.count, deliveryOf(one)]).to.deep.equal([1, 'local']);
    unsent.settle(one, 'a', undefined);
    expect([
      unsent.count,
      deliveryOf(one),
      [...unsent.for('a')].length,
      [...unsent.for('b')].length,
    ]).to.deep.equal([0, 'relay', 0, 1]);
    expect(dropped).to.deep.equal([]);
    unsent.settle(one, 'a', undefined);
    unsent.settle(one, 'b', undefined);
    expect([unsent.count, deliveryOf(one), dropped]).to.deep.equal([0, 'replicated', ['1']]);
  });

  it('gives up what all peers refuse', () => {
    const { dropped, unsent } = writesFor(2);
    const one = write('1');
    unsent.add(one);
    let told = 0;
    one.onSettled(() => (told += 1));
    unsent.settle(one, 'a', 'no');
    expect([unsent.count, one.storedBy, one.refusal]).to.deep.equal([1, 0, 'no']);
    unsent.settle(one, 'b', 'neither');
    expect([unsent.count, dropped, told]).to.deep.equal([0, ['1'], 2]);
  });

  it('leaves the oldest of ten thousand writes that a lost peer lacks to those that have them', () => {
    const { dropped, unsent } = writesFor(2);
    for (let at = 0; at < 10_003; at += 1) {
      const next = write(`${at}`);
      unsent.add(next);
      if (at > 0) unsent.settle(next, 'a', undefined);
    }
    // The very first one no peer has: it is kept whatever comes.
    expect(dropped).to.deep.equal(['1', '2']);
    expect(unsent.count).to.equal(1);
    expect([...unsent.for('b')].length).to.equal(10_001);
  });

  it('tells listeners until they stop, and forgets what came to nothing', () => {
    const { dropped, unsent } = writesFor(1);
    const one = write('1');
    let told = 0;
    one.onSettled(() => (told += 1))();
    unsent.add(one);
    unsent.remove(one);
    unsent.remove(one);
    unsent.settle(one, 'a', undefined);
    expect([told, dropped, unsent.count]).to.deep.equal([0, ['1'], 0]);
  });
});
