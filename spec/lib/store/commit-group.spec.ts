import { expect } from 'chai';
import { finish, Slices } from '../../../lib/base/slices.ts';
import { writeOf, type FieldWrite } from '../../../lib/graph/write.ts';
import { merge } from '../../../lib/ham/merge.ts';
import { CommitGroup } from '../../../lib/store/commit-group.ts';
import { encodeEntry, fieldKey, indexKey } from '../../../lib/store/keys.ts';
import { decodeIndex, encodeIndex } from '../../../lib/store/node-index.ts';
import type { Change } from '../../../lib/store/storage.ts';
import { START_MS } from '../../support/fake-clock.ts';
import { pieceKeys } from '../../support/loose-pieces.ts';
import { openStore, type SmallStore } from '../../support/small-store.ts';

function changesOf(group: CommitGroup): Change[] {
  const changes: Change[] = [];
  finish(group.appendChanges(changes));
  return changes;
}

describe('store CommitGroup', () => {
  const slices = new Slices({ schedule: setImmediate });
  let store: SmallStore;

  beforeEach(async () => {
    store = await openStore();
    await store.put([writeOf('s', 'a', 10, 'stored'), writeOf('s', 'b', 10, 'stored')]);
    store.storage.calls.getTexts = 0;
  });

  afterEach(() => store.close());

  async function loaded(...writes: FieldWrite[]): Promise<CommitGroup> {
    const group = new CommitGroup(store.storage, store.graph);
    finish(group.gather([writes]));
    await slices.runWaiting(group.load([writes]));
    return group;
  }

  it('shows what is stored, and that nothing is', async () => {
    const group = await loaded(writeOf('s', 'a', 1, 1), writeOf('s', 'c', 1, 1), writeOf('t', 'a', 1, 1));
    expect(group.current('s', 'a')).to.deep.equal({ state: 10, json: '"stored"' });
    expect(group.current('s', 'c')).to.equal(undefined);
    expect(group.current('t', 'a')).to.equal(undefined);
  });

  it('reads all indexes in one request, and what they list in another', async () => {
    const write = writeOf('s', 'a', 1, 1);
    await loaded(write, writeOf('s', 'c', 1, 1), write, writeOf('t', 'a', 1, 1));
    expect(store.storage.calls.getTexts).to.equal(2);
  });

  it('reads only the index of a node that is new', async () => {
    await loaded(writeOf('t', 'a', 1, 1), writeOf('t', 'b', 1, 1), writeOf('u', 'a', 1, 1));
    expect(store.storage.calls.getTexts).to.equal(1);
  });

  it('reads nothing that memory has', async () => {
    await store.graph.readNode('s');
    store.storage.calls.getTexts = 0;
    await loaded(writeOf('s', 'a', 1, 1), writeOf('s', 'new', 1, 1));
    expect(store.storage.calls.getTexts).to.equal(0);
  });

  it('lists the keys of a node in the commit that gives them to it, and only there', async () => {
    const writes = [writeOf('s', 'c', 1, 1), writeOf('s', 'a', 99, 1), writeOf('s', 'c', 2, 2)];
    const group = await loaded(...writes);
    merge(writes, group, START_MS);
    const index = changesOf(group).find(([key]) => key === indexKey('s'));
    expect(decodeIndex(index?.[1] as string)).to.have.members(['a', 'b', 'c']);
    const change = writeOf('s', 'a', 100, 1);
    const known = await loaded(change);
    merge([change], known, START_MS);
    expect(changesOf(known).map(([key]) => key)).to.deep.equal([fieldKey('s', 'a')]);
  });

  it('reads and changes the properties of a node that outgrew its index', async () => {
    await store.put(Array.from({ length: 100 }, (_, index) => writeOf('wide', `k${index}`, 5, 'v')));
    const writes = [
      writeOf('wide', 'k7', 9, 'new'),
      writeOf('wide', 'k8', 1, 'old'),
      writeOf('wide', 'fresh', 1, 'x'),
    ];
    const group = await loaded(...writes);
    expect(merge(writes, group, START_MS).accepted).to.deep.equal([writes[0], writes[2]]);
    expect(changesOf(group).map(([key]) => key)).to.deep.equal([
      fieldKey('wide', 'k7'),
      fieldKey('wide', 'fresh'),
    ]);
  });

  describe('with a long value stored', () => {
    const long = 'x'.repeat(200_000);

    beforeEach(async () => {
      await store.put([writeOf('s', 'l', 20, long)]);
      store.storage.calls.getTexts = 0;
    });

    it('does not read it for writes of another state', async () => {
      const writes = [writeOf('s', 'l', 21, 'short'), writeOf('s', 'l', 19, long)];
      const group = await loaded(...writes);
      expect(merge(writes, group, START_MS).accepted).to.deep.equal([writes[0]]);
      expect(store.storage.calls.getTexts).to.equal(2);
    });

    it('compares it with writes of the same state', async () => {
      const writes = ['w', 'x', 'z'].map((letter) => writeOf('s', 'l', 20, letter.repeat(200_000)));
      const group = await loaded(...writes);
      expect(merge(writes, group, START_MS).accepted).to.deep.equal([writes[2]]);
      const short = [writeOf('s', 'l', 20, 'y'), writeOf('s', 'l', 20, 'w')];
      expect(merge(short, await loaded(...short), START_MS).accepted).to.deep.equal([short[0]]);
    });

    it('removes its pieces in the commit that replaces it, whether or not it is in memory', async () => {
      for (const isInMemory of [false, true]) {
        if (isInMemory) await store.graph.readField('s', 'l');
        const write = writeOf('s', 'l', 21, 'short');
        const group = await loaded(write);
        merge([write], group, START_MS);
        const removed = changesOf(group).filter(([, value]) => value === undefined);
        expect(removed.map(([key]) => key)).to.deep.equal(await pieceKeys(store.memory));
        expect(removed).to.have.length(7);
      }
    });

    it('refuses to compare with it when a piece is missing', async () => {
      const [first] = await pieceKeys(store.memory);
      await store.memory.commit([[first!, undefined]]);
      const outcome = await store.put([writeOf('s', 'l', 20, long)]);
      expect(outcome.ok).to.equal(false);
      expect((await store.put([writeOf('s', 'l', 21, long)])).ok).to.equal(true);
    });
  });

  it('takes long values of older stores, which have no pieces', async () => {
    const long = JSON.stringify('x'.repeat(10_000));
    await store.memory.commit([[fieldKey('s', 'b'), encodeEntry(20, long)]]);
    const same = { soul: 's', key: 'b', state: 20, json: long };
    const writes = [same, writeOf('s', 'b', 20, 'y')];
    const group = await loaded(...writes);
    expect(merge(writes, group, START_MS).accepted).to.deep.equal([writes[1]]);
    expect(changesOf(group)).to.deep.equal([[fieldKey('s', 'b'), encodeEntry(20, '"y"')]]);
  });

  it('works with storage that answers later', async () => {
    store.storage.late = true;
    const group = await loaded(writeOf('s', 'b', 1, 1));
    expect(group.current('s', 'b')).to.deep.equal({ state: 10, json: '"stored"' });
  });

  it('shows later writes what earlier ones changed', async () => {
    const first = writeOf('s', 'a', 11, 'first');
    const second = writeOf('s', 'a', 12, 'second');
    const group = await loaded(first, second);
    expect(merge([first], group, START_MS).accepted).to.deep.equal([first]);
    expect(group.holds(first)).to.equal(true);
    expect(merge([second], group, START_MS).accepted).to.deep.equal([second]);
    expect([group.holds(first), group.holds(second)]).to.deep.equal([false, true]);
  });

  it('commits the last winner of each property and nothing else', async () => {
    const writes = [
      writeOf('s', 'a', 11, 'first'),
      writeOf('s', 'a', 12, 'second'),
      writeOf('s', 'b', 9, 'old'),
      writeOf('t', '\u0000', 1, null),
    ];
    const group = await loaded(...writes);
    merge(writes, group, START_MS);
    expect(changesOf(group)).to.deep.equal([
      [fieldKey('s', 'a'), encodeEntry(12, '"second"')],
      [fieldKey('t', '\u0000'), encodeEntry(1, 'null')],
      [indexKey('t'), encodeIndex(['\u0000'])],
    ]);
  });

  it('changes nothing outside before it is published', async () => {
    await store.graph.readNode('s');
    const write = writeOf('s', 'a', 11, 'new');
    const group = await loaded(write);
    merge([write], group, START_MS);
    expect(store.graph.cached('s')?.fields.get('a')?.json).to.equal('"stored"');
    finish(group.publish());
    expect(store.graph.cached('s')?.fields.get('a')).to.equal(write);
  });

  it('refuses to take the winner of a property it did not gather', async () => {
    const group = await loaded(writeOf('s', 'a', 1, 1));
    expect(() => group.accept(writeOf('s', 'b', 1, 1))).to.throw(TypeError);
  });

  it('keeps souls and keys of any name apart', async () => {
    const names = ['a', 'a/b', '__proto__', 'constructor', '\u0000', 'a\u0000b', '\ud800'];
    const writes = names.flatMap((soul) => names.map((key) => writeOf(soul, key, 1, `${soul}.${key}`)));
    const group = await loaded(...writes);
    expect(merge(writes, group, START_MS).accepted).to.have.length(names.length ** 2);
    expect(new Set(changesOf(group).map(([key]) => key)).size).to.equal(names.length ** 2 + names.length);
  });
});
