import { expect } from 'chai';
import * as fc from 'fast-check';
import { inRange, lexBytes, type NameRange, type Selector } from '../../../lib/graph/selector.ts';
import { writeOf, type FieldWrite } from '../../../lib/graph/write.ts';
import { GraphStore, type ReadPart } from '../../../lib/store/graph-store.ts';
import { nodeKey } from '../../../lib/store/keys.ts';
import type { CachedNode } from '../../../lib/store/node-cache.ts';
import { aName, ODD_NAMES, seeded } from '../../support/arbitraries.ts';
import { heldBytes } from '../../support/garbage.ts';
import { expectNoLoosePieces } from '../../support/loose-pieces.ts';
import { nodeRecord } from '../../support/node-records.ts';
import { ImpatientSlices } from '../../support/impatient-slices.ts';
import { openStore, type SmallStore, type SmallStoreOptions } from '../../support/small-store.ts';

type Row = readonly [soul: string, key: string, json: string];

async function partsOf(
  graph: GraphStore,
  selector: Partial<Selector> & Pick<Selector, 'soul'>,
): Promise<ReadPart[]> {
  const parts: ReadPart[] = [];
  for await (const part of graph.parts({ reverse: false, ...selector })) parts.push(part);
  return parts;
}

function rowsOf(parts: readonly ReadPart[]): Row[] {
  return parts.flatMap(({ nodes }) =>
    nodes.flatMap(({ soul, entries }) => entries.map(([key, { json }]): Row => [soul, key, json])),
  );
}

/** Keys of the properties a read gives, in its order. */
async function keysOf(
  graph: GraphStore,
  selector: Partial<Selector> & Pick<Selector, 'soul'>,
): Promise<string[]> {
  return rowsOf(await partsOf(graph, selector)).map(([, key]) => key);
}

function manyFields(soul: string, count: number, length = 5): FieldWrite[] {
  return Array.from({ length: count }, (_, index) =>
    writeOf(soul, `key-number-${String(index).padStart(6, '0')}`, 1 + index, 'v'.repeat(length)),
  );
}

/** Reads of storage since the last call. */
function readsOf({ storage: { calls } }: SmallStore): Record<string, number> {
  const { getText, getTexts, getBytes, next } = calls;
  calls.getText = calls.getTexts = calls.getBytes = calls.next = calls.range = 0;
  return { getText, getTexts, getBytes, next };
}

/** A text that is stored in pieces. */
function long(unit: string, length = 100_000): string {
  return unit.repeat(length);
}

describe('store GraphStore', () => {
  const stores: SmallStore[] = [];

  async function open(options: SmallStoreOptions = {}, ...writes: FieldWrite[]): Promise<SmallStore> {
    const store = await openStore(options);
    stores.push(store);
    if (writes.length > 0) await store.put(writes);
    return store;
  }

  afterEach(async () => {
    for (const store of stores.splice(0)) await store.close();
  });

  describe('reads one property', () => {
    it('gives the entry, or nothing', async () => {
      const store = await open({}, writeOf('s', 'k', 1, 'v'));
      expect(await store.graph.readField('s', 'k')).to.include({ state: 1, json: '"v"' });
      expect(await store.graph.readField('s', 'other')).to.equal(undefined);
      expect(await store.graph.readField('other', 'k')).to.equal(undefined);
    });

    it('tells null from nothing', async () => {
      const store = await open({}, writeOf('s', 'k', 1, null));
      expect(await store.graph.readField('s', 'k')).to.include({ json: 'null' });
    });

    it('reads one record for one property of a small node, and has the others then', async () => {
      const store = await open({}, ...manyFields('s', 3));
      const fresh = new GraphStore({ storage: store.storage, limits: store.limits });
      readsOf(store);
      for (const key of ['key-number-000001', 'key-number-000002', 'none'])
        expect((await fresh.readField('s', key))?.json).to.equal(key === 'none' ? undefined : '"vvvvv"');
      expect(readsOf(store)).to.deep.equal({ getText: 1, getTexts: 0, getBytes: 0, next: 0 });
    });

    it('reads one record for one property of a node of ten thousand, once it is known to be large', async () => {
      const store = await open({}, ...manyFields('s', 10_000));
      const fresh = new GraphStore({ storage: store.storage, limits: store.limits });
      readsOf(store);
      expect(await fresh.readField('s', 'key-number-004711')).to.include({ state: 4712 });
      expect(readsOf(store)).to.deep.equal({ getText: 2, getTexts: 0, getBytes: 0, next: 0 });
      expect(await fresh.readField('s', 'key-number-004712')).to.include({ state: 4713 });
      expect(readsOf(store)).to.deep.equal({ getText: 1, getTexts: 0, getBytes: 0, next: 0 });
    });

    it('answers at once when memory or storage can', async () => {
      const store = await open({}, writeOf('s', 'k', 1, 'v'));
      expect(store.graph.readField('s', 'k')).to.not.be.an.instanceOf(Promise);
      store.storage.late = true;
      expect(store.graph.readField('s', 'k')).to.not.be.an.instanceOf(Promise);
    });

    it('counts what memory answers and what it cannot, for properties and nodes', async () => {
      const store = await open({}, writeOf('s', 'k', 1, 'v'), writeOf('t', 'k', 1, 'v'));
      const graph = new GraphStore({ storage: store.storage, limits: store.limits });
      expect([graph.hits, graph.misses]).to.deep.equal([0, 0]);
      await graph.readField('s', 'k');
      await graph.readNode('t');
      expect([graph.hits, graph.misses]).to.deep.equal([0, 2]);
      await graph.readField('s', 'k');
      await graph.readField('s', 'other');
      await graph.readNode('s');
      expect([graph.hits, graph.misses]).to.deep.equal([3, 2]);
    });

    it('keeps what it read at once in memory', async () => {
      const store = await open({}, writeOf('s', 'k', 1, 'v'));
      await store.graph.readField('s', 'k');
      readsOf(store);
      await store.graph.readField('s', 'k');
      expect(readsOf(store)).to.deep.equal({ getText: 0, getTexts: 0, getBytes: 0, next: 0 });
    });

    it('asks storage nothing about properties a whole node in memory lacks', async () => {
      const store = await open({}, writeOf('s', 'k', 1, 'v'));
      await store.graph.readNode('s');
      readsOf(store);
      expect(store.graph.readField('s', 'other')).to.equal(undefined);
      expect(readsOf(store)).to.deep.equal({ getText: 0, getTexts: 0, getBytes: 0, next: 0 });
    });

    it('rejects when storage fails, and works again afterwards', async () => {
      const store = await open({}, writeOf('s', 'k', 1, 'v'));
      for (const late of [false, true]) {
        const graph = new GraphStore({ storage: store.storage, limits: store.limits });
        store.storage.late = late;
        store.storage.fails = () => true;
        let error: unknown;
        await Promise.resolve(graph.readField('s', 'k')).catch((thrown: unknown) => (error = thrown));
        expect(error).to.have.property('code', 'STORAGE_FAILED');
        store.storage.fails = () => false;
        expect(await graph.readField('s', 'k')).to.include({ json: '"v"' });
      }
    });
  });

  describe('reads a whole node', () => {
    it('gives all its properties and none of its neighbours', async () => {
      const souls = ['s', 's/a', 's\u0000', 's\u0001', 'r', 't', ...ODD_NAMES];
      const writes = souls.flatMap((soul) =>
        ['a', '\u0000', '😀'].map((key) => writeOf(soul, key, 1, soul + key)),
      );
      const store = await open({}, ...writes);
      for (const soul of souls) {
        const node = await store.graph.readNode(soul);
        const fields = [...node!.fields].map(([key, { json }]) => [key, json]);
        expect(fields, JSON.stringify(soul)).to.have.deep.members(
          ['a', '\u0000', '😀'].map((key) => [key, JSON.stringify(soul + key)]),
        );
      }
    });

    it('gives a node without fields for a soul that nobody wrote', async () => {
      const store = await open();
      expect((await store.graph.readNode('nobody'))?.fields.size).to.equal(0);
    });

    it('keeps it in memory and keeps it up to date', async () => {
      const store = await open({}, writeOf('s', 'a', 1, 'x'), writeOf('s', 'b', 1, 'x'));
      await store.graph.readNode('s');
      await store.put([writeOf('s', 'a', 2, 'y'), writeOf('s', 'c', 1, 'z')]);
      readsOf(store);
      const node = await store.graph.readNode('s');
      expect([...node!.fields].map(([key, { json }]) => [key, json])).to.deep.equal([
        ['a', '"y"'],
        ['b', '"x"'],
        ['c', '"z"'],
      ]);
      expect(readsOf(store)).to.deep.equal({ getText: 0, getTexts: 0, getBytes: 0, next: 0 });
    });

    it('reads it once for all who ask at the same time', async () => {
      const store = await open({}, ...manyFields('s', 100));
      const fresh = new GraphStore({ storage: store.storage, limits: store.limits });
      store.storage.late = true;
      readsOf(store);
      const nodes = await Promise.all([fresh.readNode('s'), fresh.readNode('s'), fresh.readNode('s')]);
      expect(nodes[0]?.fields.size).to.equal(100);
      expect(nodes[1]).to.equal(nodes[0]);
      expect(store.storage.calls.range).to.be.at.most(1);
    });

    it('gives none that is too large for one part, however it came into memory', async () => {
      const limits = { replyPartLength: 5000 };
      const store = await open({ limits }, ...manyFields('s', 3));
      expect((await store.graph.readNode('s'))?.fields.size).to.equal(3);
      await store.put(manyFields('s', 200));
      expect(await store.graph.readNode('s'), 'grown in memory').to.equal(undefined);
      const fresh = new GraphStore({ storage: store.storage, limits: store.limits });
      expect(await fresh.readNode('s'), 'read from storage').to.equal(undefined);
      expect(rowsOf(await partsOf(store.graph, { soul: 's' }))).to.have.length(200);
    });

    it('gives none that holds few but large values', async () => {
      const store = await open({ limits: { replyPartLength: 5000 } }, ...manyFields('s', 2, 20_000));
      for (let read = 0; read < 2; read += 1) expect(await store.graph.readNode('s')).to.equal(undefined);
      expect(rowsOf(await partsOf(store.graph, { soul: 's' }))).to.have.length(2);
    });

    it('rejects for all who asked when storage fails, and reads again afterwards', async () => {
      const store = await open({}, ...manyFields('s', 100));
      const fresh = new GraphStore({ storage: store.storage, limits: store.limits });
      store.storage.late = true;
      store.storage.fails = () => true;
      const outcomes = await Promise.allSettled([fresh.readNode('s'), fresh.readNode('s')]);
      expect(outcomes.map(({ status }) => status)).to.deep.equal(['rejected', 'rejected']);
      store.storage.fails = () => false;
      expect((await fresh.readNode('s'))?.fields.size).to.equal(100);
    });
  });

  describe('stays coherent', () => {
    const stored = [...manyFields('s', 3), ...manyFields('large', 600)];

    for (const soul of ['s', 'large']) {
      for (const when of ['before', 'after'] as const) {
        it(`shows commits that happen while "${soul}" is being read, held ${when} each step`, async () => {
          const steps = await stepsOfReading(soul);
          expect(steps).to.be.greaterThan(0);
          for (let step = 0; step < steps; step += 1) await commitDuringReading(soul, step, when);
        });
      }
    }

    /** Commits while a reading stands still at one of its steps, then looks at everything. */
    async function commitDuringReading(soul: string, step: number, when: 'before' | 'after'): Promise<void> {
      const store = await open({}, ...stored);
      const { graph, storage } = store;
      storage.late = true;
      const holds = Array.from({ length: step + 1 }, () =>
        storage.holdAny(['getText', 'getTexts', 'next'], when),
      );
      const reading = Promise.resolve(graph.readNode(soul));
      for (const earlier of holds.slice(0, -1)) earlier.release();
      await holds[step]!.reached;
      const writes = [
        writeOf(soul, 'key-number-000001', 10_000, 'changed'),
        writeOf(soul, 'fresh', 1, 'fresh'),
        writeOf(soul, 'fresh', 2, 'fresher'),
      ];
      for (const write of writes) expect((await store.put([write])).ok).to.equal(true);
      holds[step]!.release();
      await reading;
      const fields = (await graph.readNode(soul))!.fields;
      const count = soul === 's' ? 4 : 601;
      expect(fields.get('key-number-000001')?.json, `step ${step}`).to.equal('"changed"');
      expect([fields.get('fresh')?.json, fields.size], `step ${step}`).to.deep.equal(['"fresher"', count]);
      await store.put([writeOf(soul, 'later', 1, 'later')]);
      const again = new GraphStore({ storage: store.memory, limits: store.limits });
      expect((await again.readNode(soul))?.fields.size, 'in storage').to.equal(count + 1);
    }

    /** Storage calls that one reading of a soul takes. */
    async function stepsOfReading(soul: string): Promise<number> {
      const { graph, storage } = await open({}, ...stored);
      const start = storage.steps;
      await graph.readNode(soul);
      return storage.steps - start;
    }

    it('finds every property again after a restart, whatever was in memory when it came', async () => {
      const readers: ((store: SmallStore) => unknown)[] = [
        () => undefined,
        ({ graph }) => graph.readNode('s'),
        ({ graph }) => graph.readField('s', 'key-number-000000'),
        ({ graph }) => graph.readField('s', 'missing'),
      ];
      for (const cacheBytes of [0, 8 * 2000, 1 << 26]) {
        for (const late of [false, true]) {
          for (const before of readers) {
            for (const between of readers) {
              const store = await open({ limits: { cacheBytes } }, ...manyFields('s', 2));
              store.storage.late = late;
              await before(store);
              await store.put([writeOf('s', 'first', 1, 1)]);
              await between(store);
              await store.put([writeOf('s', 'second', 1, 1)]);
              await store.put([writeOf('s', 'first', 2, 2), writeOf('s', 'third', 1, 1)]);
              const again = new GraphStore({ storage: store.memory, limits: store.limits });
              for (const graph of [store.graph, again]) {
                expect([...(await graph.readNode('s'))!.fields.keys()].toSorted()).to.deep.equal([
                  'first',
                  'key-number-000000',
                  'key-number-000001',
                  'second',
                  'third',
                ]);
              }
            }
          }
        }
      }
    });

    it('finds every property that is read while a commit is made known', async () => {
      for (const cacheBytes of [0, 1 << 26]) {
        for (const late of [false, true]) {
          for (const before of [0, 2, 40]) {
            const slices = new ImpatientSlices();
            const store = await open({ slices, limits: { cacheBytes } }, ...manyFields('s', before));
            store.storage.late = late;
            const readings: Promise<unknown>[] = [];
            await store.graph.readField('s', 'key-number-000000');
            await store.put([writeOf('s', 'first', 1, 'v')]);
            const { commits } = store.storage;
            const earlier = commits.length;
            slices.onTurn = () => {
              if (commits.length === earlier) return;
              readings.push(Promise.resolve(store.graph.readNode('s')));
              readings.push(Promise.resolve(store.graph.readField('s', 'key-number-001999')));
            };
            await store.put(manyFields('s', 2000, 6).toReversed());
            await Promise.all(readings);
            slices.onTurn = () => undefined;
            await store.put([writeOf('s', 'last', 1, 'v')]);
            expect(readings.length).to.be.greaterThan(4);
            const again = new GraphStore({ storage: store.memory, limits: store.limits });
            for (const graph of [store.graph, again]) {
              expect((await graph.readNode('s'))?.fields.size).to.equal(2002);
            }
          }
        }
      }
    });

    it('lists every property although a reading was joined by commits', async () => {
      const store = await open({}, ...manyFields('s', 2));
      store.storage.late = true;
      const hold = store.storage.hold('getText', 'after');
      const reading = Promise.resolve(store.graph.readNode('s'));
      await hold.reached;
      await store.put([writeOf('s', 'first', 1, 1)]);
      hold.release();
      await reading;
      await store.put([writeOf('s', 'second', 1, 1)]);
      const again = new GraphStore({ storage: store.memory, limits: store.limits });
      expect((await again.readNode('s'))?.fields.size).to.equal(4);
    });

    it('shows a commit to everybody who asks after it is acknowledged', async () => {
      const store = await open({ limits: { cacheBytes: 0 } }, ...manyFields('s', 600));
      store.storage.late = true;
      const hold = store.storage.hold('next', 'after');
      const first = Promise.resolve(store.graph.readNode('s'));
      await hold.reached;
      await store.put([writeOf('s', 'new', 1, 'v')]);
      const second = Promise.resolve(store.graph.readNode('s'));
      hold.release();
      await first;
      expect((await second)?.fields.get('new')?.json).to.equal('"v"');
    });

    it('shows a commit to those who join a reading at its very end', async () => {
      for (const count of [3, 600]) {
        for (let delay = 0; delay < 24; delay += 1) {
          const store = await open({ limits: { cacheBytes: 0 } }, ...manyFields('s', count));
          const { graph, storage, writer } = store;
          storage.late = true;
          const reading = storage.holdAny(['getText', 'next'], 'after');
          const first = Promise.resolve(graph.readNode('s'));
          await reading.reached;
          const commit = storage.hold('commit', 'after');
          let second: Promise<CachedNode | undefined> | undefined;
          const settled = new Promise<void>((resolve) => {
            const settle = (): void => {
              second = Promise.resolve(graph.readNode('s'));
              resolve();
            };
            writer.submit({ writes: [writeOf('s', 'new', 1, 'v')], owner: undefined, settle });
          });
          await commit.reached;
          reading.release();
          for (let turn = 0; turn < delay; turn += 1) await Promise.resolve();
          commit.release();
          await settled;
          await first;
          expect((await second)?.fields.has('new'), `${count} fields, ${delay} microtasks later`).to.equal(
            true,
          );
        }
      }
    });

    it('shows nothing of a commit that fails', async () => {
      const store = await open({}, ...stored);
      for (const soul of ['s', 'large']) await store.graph.readNode(soul);
      store.storage.fails = (operation) => operation === 'commit';
      for (const soul of ['s', 'large']) {
        await store.put([
          writeOf(soul, 'key-number-000001', 10_000, 'changed'),
          writeOf(soul, 'fresh', 1, 'x'),
        ]);
        expect((await store.graph.readField(soul, 'key-number-000001'))?.json).to.equal('"vvvvv"');
        expect((await store.graph.readNode(soul))?.fields.has('fresh')).to.equal(false);
        expect(await store.graph.readField(soul, 'fresh')).to.equal(undefined);
      }
    });
  });

  describe('reads long values', () => {
    const writes = [
      writeOf('s', 'a', 1, 'short'),
      writeOf('s', 'b', 1, long('b')),
      writeOf('s', 'c', 1, long('\\é')),
    ];

    for (const late of [false, true]) {
      it(`in every way, when storage answers ${late ? 'later' : 'at once'}`, async () => {
        const { storage, limits } = await open({}, ...writes);
        storage.late = late;
        const rows = writes.map(({ soul, key, json }): Row => [soul, key, json]);
        const graph = (): GraphStore => new GraphStore({ storage, limits });
        for (const { key, json } of writes) {
          expect((await graph().readField('s', key))?.json === json).to.equal(true);
        }
        const node = await graph().readNode('s');
        expect(node).to.equal(undefined);
        expect(rowsOf(await partsOf(graph(), { soul: 's' }))).to.deep.equal(rows);
        expect(rowsOf(await partsOf(graph(), { soul: {}, byteLimit: 1e9 }))).to.deep.equal(rows);
        expect(rowsOf(await partsOf(graph(), { soul: 's', key: 'b' }))).to.deep.equal([rows[1]]);
      });
    }

    it('as parts of whole nodes, listed or not', async () => {
      for (const count of [1, 100]) {
        const store = await open({}, ...manyFields('s', count), writeOf('s', 'z', 1, long('z', 5000)));
        const fresh = new GraphStore({ storage: store.storage, limits: store.limits });
        const node = await fresh.readNode('s');
        expect([node?.fields.size, node?.fields.get('z')?.json.length]).to.deep.equal([count + 1, 5002]);
        expect((await fresh.readNode('s')) === node, 'from memory').to.equal(true);
      }
    });

    it('not when a node is too large for one part with them, and again when it is not', async () => {
      for (const count of [1, 100]) {
        const store = await open({ limits: { replyPartLength: 50_000 } }, ...manyFields('s', count));
        await store.put([writeOf('s', 'z', 1, long('z'))]);
        const { graph, storage, limits } = store;
        const fresh = new GraphStore({ storage, limits });
        readsOf(store);
        expect(await fresh.readNode('s')).to.equal(undefined);
        expect(readsOf(store).getTexts, 'pieces that were read').to.be.at.most(1);
        expect(await graph.readNode('s')).to.equal(undefined);
        await store.put([writeOf('s', 'z', 2, 'short')]);
        expect((await graph.readNode('s'))?.fields.get('z')?.json).to.equal('"short"');
      }
    });

    it('not when nobody asked for them', async () => {
      const store = await open({}, ...writes);
      const fresh = new GraphStore({ storage: store.storage, limits: store.limits });
      readsOf(store);
      expect(await keysOf(fresh, { soul: { prefix: '' }, key: 'a' })).to.deep.equal(['a']);
      expect(readsOf(store).getTexts).to.equal(0);
    });

    it('and counts their characters, not those of their JSON', async () => {
      const { graph } = await open({}, ...writes, writeOf('s', 'd', 1, 'x'));
      const keysWith = (byteLimit: number): Promise<string[]> => keysOf(graph, { soul: 's', byteLimit });
      expect(await keysWith(5 + 100_000)).to.deep.equal(['a', 'b']);
      expect(await keysWith(5 + 100_000 + 200_000)).to.deep.equal(['a', 'b', 'c']);
      expect(await keysWith(5 + 100_000 + 200_001)).to.deep.equal(['a', 'b', 'c', 'd']);
    });

    it('over many turns', async () => {
      const slices = new ImpatientSlices();
      const store = await open({}, writeOf('s', 'k', 1, long('x', 4 << 20)));
      const fresh = new GraphStore({ storage: store.storage, limits: store.limits, slices });
      expect((await fresh.readField('s', 'k'))?.json.length).to.equal(2 + (4 << 20));
      const turns = slices.turns;
      expect(turns).to.be.greaterThan(15);
      expect(rowsOf(await partsOf(fresh, { soul: 's' }))).to.have.length(1);
      expect(slices.turns).to.be.greaterThan(2 * turns - 5);
    });

    it('that are not in pieces', async () => {
      const store = await open({}, ...writes);
      const json = JSON.stringify(long('o'));
      await store.memory.commit([[nodeKey('s'), `${nodeRecord({ a: [1, '1'] })}\u0000b\u00001 ${json}`]]);
      const fresh = new GraphStore({ storage: store.memory, limits: store.limits });
      expect((await fresh.readField('s', 'b'))?.json === json).to.equal(true);
      expect(rowsOf(await partsOf(fresh, { soul: 's' }))[1]![2] === json).to.equal(true);
    });

    /** What a read of `s.k` gives, each way. */
    const readers: readonly (readonly [
      name: string,
      read: (graph: GraphStore) => Promise<string | undefined>,
    ])[] = [
      ['readField', async (graph) => (await graph.readField('s', 'k'))?.json],
      ['readNode', async (graph) => (await graph.readNode('s'))?.fields.get('k')?.json],
      ['parts', async (graph) => rowsOf(await partsOf(graph, { soul: 's' }))[0]?.[2]],
    ];
    for (const [name, read] of readers) {
      for (const when of ['before', 'after'] as const) {
        it(`as one version or the other when ${name} races commits, held ${when} each step`, async () => {
          const versions = [long('a', 70_000), long('b', 70_001), 'short', long('d', 40_000)];
          const jsons = versions.map((text) => JSON.stringify(text));
          for (let step = 0; step < 6; step += 1) {
            for (let first = 0; first + 1 < versions.length; first += 1) {
              const store = await open({ limits: { cacheBytes: 0 } }, writeOf('s', 'k', 1, versions[first]!));
              store.storage.late = true;
              const holds = Array.from({ length: step + 1 }, () =>
                store.storage.holdAny(['getText', 'getTexts', 'next'], when),
              );
              for (const hold of holds.slice(0, -1)) hold.release();
              const reading = read(store.graph);
              const isOver = await Promise.race([
                reading.then(() => true),
                holds[step]!.reached.then(() => false),
              ]);
              if (isOver) holds[step]!.release();
              for (let next = first + 1; next < versions.length; next += 1) {
                expect((await store.put([writeOf('s', 'k', 1 + next, versions[next]!)])).ok).to.equal(true);
              }
              holds[step]!.release();
              const found = jsons.indexOf((await reading) ?? '');
              expect(found, `version ${first} at step ${step}`).to.be.at.least(first);
              expect(await read(store.graph)).to.equal(jsons.at(-1));
              await expectNoLoosePieces(store.memory);
            }
          }
        });
      }
    }
  });

  describe('bounds its memory', () => {
    it('does not take new properties in before they are touched again', async () => {
      const store = await open({}, ...manyFields('s', 50));
      expect(store.graph.cached('s')?.fields.size ?? 0).to.equal(0);
      await store.put([writeOf('s', 'key-number-000007', 100, 'again')]);
      expect([...store.graph.cached('s')!.fields.keys()]).to.deep.equal(['key-number-000007']);
    });

    it('stays flat while data is loaded', async () => {
      const store = await open();
      for (let i = 0; i < 300; i += 1) await store.put(manyFields(`soul${i}`, 20));
      let cached = 0;
      for (let i = 0; i < 300; i += 1) cached += store.graph.cached(`soul${i}`)?.fields.size ?? 0;
      expect(cached).to.equal(0);
    });

    it('works without any cache', async () => {
      const store = await open({ limits: { cacheBytes: 0 } }, ...manyFields('s', 3));
      await store.put([writeOf('s', 'key-number-000001', 9, 'new')]);
      expect((await store.graph.readNode('s'))?.fields.get('key-number-000001')?.json).to.equal('"new"');
      expect((await store.graph.readField('s', 'key-number-000001'))?.json).to.equal('"new"');
      expect(store.graph.cached('s')).to.equal(undefined);
    });

    it('does not keep a long soul once for each of its properties', async () => {
      const soul = 's'.repeat(8000);
      const store = await open({}, ...manyFields(soul, 300));
      store.storage.copies = true;
      const fresh = new GraphStore({ storage: store.storage, limits: store.limits });
      const before = await heldBytes();
      const node = await fresh.readNode(soul);
      expect(node?.fields.size).to.equal(300);
      expect((await heldBytes()) - before).to.be.lessThan(2 * node!.bytes);
    });
  });

  describe('reads in parts', () => {
    const names = ['a', 'ab', 'abc', 'b', 'ba', 'c', '\u0000', '😀', '～'];
    const sorted = names.toSorted();

    async function named(): Promise<GraphStore> {
      const writes = names.flatMap((soul) => names.map((key) => writeOf(soul, key, 1, key)));
      return (await open({}, ...writes)).graph;
    }

    it('gives a node in the order of UTF-16 units, or backwards', async () => {
      const graph = await named();
      expect(await keysOf(graph, { soul: 'a' })).to.deep.equal(sorted);
      expect(await keysOf(graph, { soul: 'a', reverse: true })).to.deep.equal(sorted.toReversed());
    });

    it('gives one property, a prefix, a range, and both', async () => {
      const graph = await named();
      expect(await keysOf(graph, { soul: 'a', key: 'ab' })).to.deep.equal(['ab']);
      expect(await keysOf(graph, { soul: 'a', key: 'x' })).to.deep.equal([]);
      expect(await keysOf(graph, { soul: 'a', key: { prefix: 'ab' } })).to.deep.equal(['ab', 'abc']);
      expect(await keysOf(graph, { soul: 'a', key: { from: 'ab', to: 'ba' } })).to.deep.equal([
        'ab',
        'abc',
        'b',
        'ba',
      ]);
      expect(await keysOf(graph, { soul: 'a', key: { prefix: 'a', from: 'aa', to: 'ab' } })).to.deep.equal([
        'ab',
      ]);
      expect(await keysOf(graph, { soul: 'a', key: { prefix: 'a' }, reverse: true })).to.deep.equal([
        'abc',
        'ab',
        'a',
      ]);
    });

    it('gives the nodes of a range of souls, each with all its properties', async () => {
      const graph = await named();
      const rows = rowsOf(await partsOf(graph, { soul: { prefix: 'a' } }));
      expect(rows.map(([soul, key]) => [soul, key])).to.deep.equal(
        ['a', 'ab', 'abc'].flatMap((soul) => sorted.map((key) => [soul, key])),
      );
      const backwards = rowsOf(await partsOf(graph, { soul: { prefix: 'a' }, reverse: true }));
      expect(backwards).to.deep.equal(rows.toReversed());
    });

    it('gives one empty part when there is nothing', async () => {
      const graph = await named();
      for (const selector of [
        { soul: 'nobody' },
        { soul: { prefix: 'zz' } },
        { soul: 'a', key: { prefix: 'zz' } },
      ]) {
        expect(await partsOf(graph, selector)).to.deep.equal([{ nodes: [], more: false }]);
      }
    });

    it('includes the item that crosses the limit, and stops there', async () => {
      const texts = ['12345', '1234', '12', '1'].map((text, index) => writeOf('s', `k${index}`, 1, text));
      const { graph } = await open({}, ...texts, writeOf('t', 'k', 1, 5), writeOf('t', 'l', 1, null));
      const countWith = async (byteLimit: number, selector: Partial<Selector> = {}): Promise<number> =>
        (await keysOf(graph, { soul: 's', ...selector, byteLimit })).length;
      expect(await Promise.all([1, 5, 6, 9, 10, 11, 12, 99].map((limit) => countWith(limit)))).to.deep.equal([
        1, 1, 2, 2, 3, 3, 4, 4,
      ]);
      expect(await countWith(5, { key: { prefix: 'k' } })).to.equal(1);
      expect(await countWith(1, { reverse: true })).to.equal(1);
      expect(await countWith(9, { soul: 't' }), 'anything but a text counts 9').to.equal(1);
      expect(await countWith(10, { soul: 't' })).to.equal(2);
      expect(await countWith(13, { soul: { from: 's' } }), 'over several souls').to.equal(5);
    });

    it('counts an empty text, so that no read is without end', async () => {
      const writes = Array.from({ length: 20 }, (_, index) => writeOf('s', `k${index}`, 1, ''));
      const { graph } = await open({}, ...writes);
      expect(await keysOf(graph, { soul: 's', byteLimit: 5 })).to.have.length(5);
    });

    it('holds a LEX without a limit to the default, and a plain node to none', async () => {
      const { graph } = await open(
        { limits: { lexDefaultBytes: 40, lexMaxBytes: 100 } },
        ...manyFields('s', 50, 10),
      );
      const counts = [
        { soul: 's', key: { prefix: 'key' } },
        { soul: { prefix: 's' } },
        { soul: 's', key: {} },
        { soul: 's' },
        { soul: 's', key: 'key-number-000003' },
      ].map(async (selector) => (await keysOf(graph, selector)).length);
      expect(await Promise.all(counts)).to.deep.equal([4, 4, 4, 50, 1]);
    });

    it('holds every limit to the largest', async () => {
      const { graph } = await open(
        { limits: { lexDefaultBytes: 40, lexMaxBytes: 100 } },
        ...manyFields('s', 50, 10),
      );
      const huge = { byteLimit: 1e9 };
      expect(await keysOf(graph, { soul: 's', key: { prefix: 'key' }, ...huge })).to.have.length(10);
      expect(await keysOf(graph, { soul: { prefix: 's' }, ...huge })).to.have.length(10);
      expect(await keysOf(graph, { soul: 's', ...huge })).to.have.length(10);
    });

    it('bounds every part and says which is the last', async () => {
      const { graph } = await open({ limits: { replyPartLength: 1000 } }, ...manyFields('s', 300));
      const parts = await partsOf(graph, { soul: 's' });
      expect(parts.length).to.be.greaterThan(10);
      expect(parts.map(({ more }) => more)).to.deep.equal(parts.map((_, index) => index < parts.length - 1));
      for (const { nodes } of parts) expect(JSON.stringify(nodes).length).to.be.lessThan(3000);
      expect(parts.every(({ nodes }) => nodes.length > 0)).to.equal(true);
    });

    it('bounds parts of many nodes with long names', async () => {
      const writes = Array.from({ length: 100 }, (_, index) =>
        writeOf('s'.repeat(1000) + String(index).padStart(3, '0'), 'k', 1, 'v'),
      );
      const { graph } = await open({ limits: { replyPartLength: 10_000 } }, ...writes);
      const parts = await partsOf(graph, { soul: { prefix: 's' } });
      expect(rowsOf(parts)).to.have.length(100);
      expect(Math.max(...parts.map(({ nodes }) => nodes.length))).to.be.at.most(5);
    });

    it('gives an item larger than a part alone', async () => {
      const { graph } = await open(
        { limits: { replyPartLength: 100 } },
        writeOf('s', 'a', 1, 'x'),
        writeOf('s', 'b', 1, 'x'.repeat(1000)),
        writeOf('s', 'c', 1, 'x'),
      );
      const keys = (await partsOf(graph, { soul: 's' })).map((part) => rowsOf([part]).map(([, key]) => key));
      expect(keys).to.deep.equal([['a'], ['b'], ['c']]);
    });

    it('streams a huge node without keeping it', async () => {
      const store = await open({}, ...manyFields('s', 20_000, 20));
      let rows = 0;
      let largest = 0;
      for await (const part of store.graph.parts({ soul: 's', reverse: false })) {
        const count = rowsOf([part]).length;
        rows += count;
        largest = Math.max(largest, count);
      }
      expect(rows).to.equal(20_000);
      expect(largest).to.be.lessThan(10_000);
      expect(store.graph.cached('s')?.fields.size ?? 0).to.equal(0);
    });

    it('shows the store as it was when the read began', async () => {
      const store = await open({ limits: { replyPartLength: 1000 } }, ...manyFields('s', 100));
      const seen: Row[] = [];
      for await (const part of store.graph.parts({ soul: 's', reverse: false })) {
        if (seen.length === 0) await store.put(manyFields('s', 150, 9));
        seen.push(...rowsOf([part]));
      }
      expect(seen).to.have.length(100);
    });

    it('ends its walk when the caller stops, and when storage fails', async () => {
      const store = await open({ limits: { replyPartLength: 1000 } }, ...manyFields('s', 2000));
      for await (const part of store.graph.parts({ soul: 's', reverse: false })) {
        expect([part.more, store.storage.openCursors]).to.deep.equal([true, 1]);
        break;
      }
      expect(store.storage.openCursors).to.equal(0);
      store.storage.fails = (operation, step) => operation === 'next' && step > 0;
      let error: unknown;
      await partsOf(store.graph, { soul: 's' }).catch((thrown: unknown) => (error = thrown));
      expect(error).to.have.property('code', 'STORAGE_FAILED');
      expect(store.storage.openCursors).to.equal(0);
      store.storage.fails = () => false;
      expect(rowsOf(await partsOf(store.graph, { soul: 's' }))).to.have.length(2000);
    });

    it('gives for any selector what a naive filter gives, in parts that never overlap', async () => {
      const range: fc.Arbitrary<NameRange> = fc.record(
        { prefix: aName(), from: aName(), to: aName() },
        { requiredKeys: [] },
      );
      const how = { reverse: fc.boolean(), byteLimit: fc.integer({ min: 1, max: 60 }) };
      const selector = fc.oneof(
        fc.record(
          { soul: aName(), key: fc.oneof(aName(), range), ...how },
          { requiredKeys: ['soul', 'reverse'] },
        ),
        fc.record({ soul: range, ...how }, { requiredKeys: ['soul', 'reverse'] }),
      );
      const rows = ODD_NAMES.slice(0, 24).flatMap((soul) =>
        ODD_NAMES.slice(5, 30).map((key) => writeOf(soul, key, 1, key.repeat(2))),
      );
      const limits = { replyPartLength: 60, lexDefaultBytes: 50, lexMaxBytes: 55 };
      const { graph } = await open({ limits }, ...rows);
      await fc.assert(
        fc.asyncProperty(selector, async (asked) => {
          const got = rowsOf(await partsOf(graph, asked)).map(([soul, key]) => [soul, key]);
          expect(got).to.deep.equal(naive(rows, asked, limits));
        }),
        seeded(150),
      );
    });
  });
});

/** What a selector means, written down sentence by sentence (D20). */
function naive(
  rows: readonly FieldWrite[],
  { soul, key, reverse, byteLimit }: Selector,
  limits: { readonly lexDefaultBytes: number; readonly lexMaxBytes: number },
): string[][] {
  const isLex = typeof soul !== 'string' || typeof key === 'object';
  const limit = Math.min(byteLimit ?? (isLex ? limits.lexDefaultBytes : Infinity), limits.lexMaxBytes);
  const budget = isLex || byteLimit !== undefined ? limit : Infinity;
  const inOrder = rows
    .filter((row) => means(soul, row.soul) && means(key, row.key))
    .toSorted((a, b) => (a.soul === b.soul ? (a.key < b.key ? -1 : 1) : a.soul < b.soul ? -1 : 1));
  if (reverse) inOrder.reverse();
  const taken: string[][] = [];
  let spent = 0;
  for (const row of inOrder) {
    if (spent >= budget) break;
    spent += Math.max(1, lexBytes(row.json));
    taken.push([row.soul, row.key]);
  }
  return taken;
}

function means(names: Selector['soul'] | undefined, name: string): boolean {
  return names === undefined || (typeof names === 'string' ? names === name : inRange(name, names));
}
