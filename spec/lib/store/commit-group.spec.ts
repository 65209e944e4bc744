import { expect } from 'chai';
import { finish, Slices } from '../../../lib/base/slices.ts';
import { writeOf, type FieldWrite } from '../../../lib/graph/write.ts';
import { merge } from '../../../lib/ham/merge.ts';
import { CommitGroup } from '../../../lib/store/commit-group.ts';
import { encodeEntry, fieldKey, nodeKey } from '../../../lib/store/keys.ts';
import { LARGE_RECORD } from '../../../lib/store/node-record.ts';
import type { Change } from '../../../lib/store/storage.ts';
import { START_MS } from '../../support/fake-clock.ts';
import { nodeRecord } from '../../support/node-records.ts';
import { pieceKeys } from '../../support/loose-pieces.ts';
import { openStore, type SmallStore } from '../../support/small-store.ts';

function changesOf(group: CommitGroup): Change[] {
  const changes: Change[] = [];
  finish(group.appendChanges(changes));
  return changes;
}

function many(soul: string, count: number, state = 5): FieldWrite[] {
  return Array.from({ length: count }, (_, index) => writeOf(soul, `k${index}`, state, 'v'));
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

  it('takes properties out of small and large nodes, and the records of nodes that are empty then', async () => {
    await store.put([...many('wide', 100), writeOf('wide', 'text', 5, 'x'.repeat(70_000))]);
    await store.graph.readNode('wide');
    const reading = store.storage.hold('getText', 'after');
    store.storage.late = true;
    const alone = store.graph.readField('s', 'a');
    void reading;
    const gone = [writeOf('s', 'a', 1, 1), writeOf('wide', 'k7', 1, 1), writeOf('wide', 'text', 1, 1)];
    const group = await loaded(...gone, writeOf('s', 'b', 1, 1));
    for (const { soul, key } of gone) group.remove(soul, key);
    expect(group.current('s', 'a')).to.equal(undefined);
    await store.storage.commit(changesOf(group));
    finish(group.publish());
    reading.release();
    await alone;
    expect(await store.fieldLines(gone)).to.deep.equal([]);
    expect(await store.lines()).to.have.lengthOf(100);
    expect(await pieceKeys(store.memory)).to.deep.equal([]);
    const last = await loaded(writeOf('s', 'b', 1, 1));
    last.remove('s', 'b');
    expect(changesOf(last)).to.deep.equal([[nodeKey('s'), undefined]]);
    last.accept(writeOf('s', 'b', 2, 'again'));
    expect(changesOf(last)).to.deep.equal([[nodeKey('s'), nodeRecord({ b: [2, '"again"'] })]]);
  });

  it('reads the records of all nodes in one request, new or not', async () => {
    const write = writeOf('s', 'a', 1, 1);
    await loaded(write, writeOf('s', 'c', 1, 1), write, writeOf('t', 'a', 1, 1), writeOf('u', 'a', 1, 1));
    expect(store.storage.calls.getTexts).to.equal(1);
  });

  it('reads the properties of all large nodes in a second one', async () => {
    for (const soul of ['wide', 'broad']) await store.put(many(soul, 100));
    store.storage.calls.getTexts = 0;
    const group = await loaded(
      ...['wide', 'broad', 's'].flatMap((soul) => ['k7', 'new'].map((key) => writeOf(soul, key, 1, 1))),
    );
    expect(store.storage.calls.getTexts).to.equal(2);
    expect(group.current('broad', 'k7')).to.deep.equal({ state: 5, json: '"v"' });
    expect(group.current('broad', 'new')).to.equal(undefined);
  });

  it('reads nothing that memory has', async () => {
    await store.graph.readNode('s');
    store.storage.calls.getTexts = 0;
    await loaded(writeOf('s', 'a', 1, 1), writeOf('s', 'new', 1, 1));
    expect(store.storage.calls.getTexts).to.equal(0);
  });

  it('changes the whole record of a small node, whether or not it is in memory', async () => {
    for (const isInMemory of [false, true]) {
      if (isInMemory) await store.graph.readNode('s');
      const writes = [writeOf('s', 'c', 1, 1), writeOf('s', 'a', 99, 1), writeOf('s', 'c', 2, 2)];
      const group = await loaded(...writes);
      merge(writes, group, START_MS);
      expect(changesOf(group)).to.deep.equal([
        [nodeKey('s'), nodeRecord({ b: [10, '"stored"'], c: [2, '2'], a: [99, '1'] })],
      ]);
    }
  });

  it('makes a large node of a small one that gets too many properties, or too long ones', async () => {
    const wider = [...many('s', 31), writeOf('s', 'a', 11, 'new')];
    const longer = ['a', 'c', 'd'].map((key) => writeOf('s', key, 11, 'x'.repeat(1500)));
    const crowd = many('s', 100);
    for (const writes of [wider, longer, crowd]) {
      const group = await loaded(...writes);
      merge(writes, group, START_MS);
      const changes = new Map(changesOf(group).map(([key, value]) => [key, value]));
      expect(changes.get(nodeKey('s'))).to.equal(LARGE_RECORD);
      expect(changes.get(fieldKey('s', 'b'))).to.equal(encodeEntry(10, '"stored"'));
      for (const { key, state, json } of writes)
        expect(changes.get(fieldKey('s', key)), key).to.equal(encodeEntry(state, json));
    }
  });

  it('keeps a node small as long as it can be', async () => {
    const writes = [...many('s', 30), writeOf('s', 'a', 11, 'new')];
    const group = await loaded(...writes, ...many('s', 30, 1));
    merge(writes, group, START_MS);
    expect(changesOf(group).map(([key]) => key)).to.deep.equal([nodeKey('s')]);
  });

  it('does not make a large node of many writes that lose', async () => {
    const writes = many('s', 60, START_MS + 9);
    const group = await loaded(...writes, writeOf('s', 'a', 11, 'new'));
    merge([...writes, writeOf('s', 'a', 11, 'new')], group, START_MS);
    expect(changesOf(group).map(([key]) => key)).to.deep.equal([nodeKey('s')]);
  });

  it('reads and changes the properties of a large node one by one', async () => {
    await store.put(many('wide', 100));
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
      expect(store.storage.calls.getTexts).to.equal(1);
    });

    it('compares it with writes of the same state', async () => {
      const writes = ['w', 'x', 'z'].map((letter) => writeOf('s', 'l', 20, letter.repeat(200_000)));
      const group = await loaded(...writes);
      expect(merge(writes, group, START_MS).accepted).to.deep.equal([writes[2]]);
      const short = [writeOf('s', 'l', 20, 'y'), writeOf('s', 'l', 20, 'w')];
      expect(merge(short, await loaded(...short), START_MS).accepted).to.deep.equal([short[0]]);
    });

    it('moves it to a record of its own, pieces untouched, when its node becomes large', async () => {
      const before = await pieceKeys(store.memory);
      const writes = many('s', 40);
      const group = await loaded(...writes);
      merge(writes, group, START_MS);
      const changes = changesOf(group);
      expect(changes.filter(([key]) => before.includes(key))).to.deep.equal([]);
      expect(changes.find(([key]) => key === fieldKey('s', 'l'))?.[1]).to.match(/^20 \*/);
      expect((await store.put(writes)).ok).to.equal(true);
      expect((await store.graph.readField('s', 'l'))?.json).to.equal(JSON.stringify(long));
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
      const again = await openStore({ memory: store.memory });
      expect((await again.put([writeOf('s', 'l', 20, long)])).ok).to.equal(false);
      expect((await again.put([writeOf('s', 'l', 21, long)])).ok).to.equal(true);
    });
  });

  it('takes long values that are not in pieces', async () => {
    const long = JSON.stringify('x'.repeat(10_000));
    await store.memory.commit([[nodeKey('s'), `b\u0000${encodeEntry(20, long)}`]]);
    const same = { soul: 's', key: 'b', state: 20, json: long };
    const writes = [same, writeOf('s', 'b', 20, 'y')];
    const group = await loaded(...writes);
    expect(merge(writes, group, START_MS).accepted).to.deep.equal([writes[1]]);
    expect(changesOf(group)).to.deep.equal([[nodeKey('s'), nodeRecord({ b: [20, '"y"'] })]]);
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
      [nodeKey('s'), nodeRecord({ b: [10, '"stored"'], a: [12, '"second"'] })],
      [nodeKey('t'), nodeRecord({ '\u0000': [1, 'null'] })],
    ]);
  });

  it('changes nothing outside before it is published', async () => {
    await store.graph.readNode('s');
    const write = writeOf('s', 'a', 11, 'new');
    const group = await loaded(write);
    merge([write], group, START_MS);
    changesOf(group);
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
    expect(new Set(changesOf(group).map(([key]) => key)).size).to.equal(names.length);
    expect((await store.put(writes)).ok).to.equal(true);
    for (const { soul, key, json } of writes)
      expect((await store.graph.readField(soul, key))?.json).to.equal(json);
  });
});
