import { expect } from 'chai';
import * as fc from 'fast-check';
import type { MemoryStorage } from '../../../adapters/memory.ts';
import { writeOf, type FieldWrite } from '../../../lib/graph/write.ts';
import type { ForkPolicy } from '../../../lib/log/fork.ts';
import type { Operation } from '../../../lib/log/operation.ts';
import { fieldKey, nodeKey } from '../../../lib/store/keys.ts';
import { REBUILD_KEY } from '../../../lib/store/log-keys.ts';
import { sourceIn } from '../../../lib/store/node-record.ts';
import { WITNESS_WAIT_MS } from '../../../lib/store/witness.ts';
import { seeded } from '../../support/arbitraries.ts';
import { FakeClock, START_MS } from '../../support/fake-clock.ts';
import { bodyOf } from '../../support/log-bytes.ts';
import { authorOf, logOf, operationAfter } from '../../support/log-maker.ts';
import { openLogged, type LoggedStore } from '../../support/logged-store.ts';
import { NaiveGraph } from '../../support/naive-graph.ts';
import { copyWithout, ignoringCase, NOTHING_FOUND, rebuilt } from '../../support/rebuilding.ts';
import { scaled } from '../../torture/scale.ts';

/** Longer than what stands in one record. */
const LONG = 'x'.repeat(3000);
const SOULS = ['s', 't', 'wide', 'long'];
/** Properties that make a node a large one. */
const WIDE = 40;
/** When everything has come that was of the future. */
const LATER = 1000;

const aWrite = fc
  .record({
    soul: fc.constantFrom('s', 't', 's'),
    key: fc.constantFrom('a', 'b', 'c'),
    state: fc.constantFrom(1, 2, 3, START_MS, START_MS + 500),
    value: fc.constantFrom<string | number>(1, 2, 'x', LONG),
  })
  .map(({ soul, key, state, value }) => writeOf(soul, key, state, value));
const aPut = fc.oneof(
  { weight: 6, arbitrary: fc.uniqueArray(aWrite, { minLength: 1, maxLength: 4, selector: placeOf }) },
  fc.integer({ min: 1, max: 5 }).map((state) => wide(state)),
);
const aStep = fc.oneof(
  { weight: 5, arbitrary: aPut.map((writes) => ({ kind: 'put' as const, writes })) },
  { weight: 3, arbitrary: aPut.map((writes) => ({ kind: 'said' as const, writes })) },
  fc.constantFrom({ kind: 'wait' as const }, { kind: 'flush' as const }, { kind: 'fork' as const }),
);

function placeOf({ soul, key }: FieldWrite): string {
  return `${soul} ${key}`;
}

function wide(state: number): FieldWrite[] {
  return Array.from({ length: WIDE }, (_, at) => writeOf('wide', `k${at}`, state, at));
}

/** What logs say that nodes have, and who says it. */
async function saidIn(store: LoggedStore, souls: readonly string[] = SOULS): Promise<unknown[]> {
  const said: unknown[] = [];
  for (const soul of souls) {
    const winners = await store.history.winners(soul, { until: Infinity });
    for (const [key, { state, json, id }] of [...winners].toSorted(([a], [b]) => (a < b ? -1 : 1)))
      said.push([soul, key, state, json, id]);
  }
  return said;
}

/** A store with what some steps left, everything of it signed. */
async function storeAfter(
  steps: readonly (typeof aStep extends fc.Arbitrary<infer Step> ? Step : never)[],
  policy: ForkPolicy,
): Promise<LoggedStore> {
  const store = await openLogged({ policy, snapshotAfter: 4 });
  let last: Operation | undefined;
  for (const [at, step] of steps.entries()) {
    // What nobody has signed waits for its time without an operation that says it.
    if (step.kind === 'put')
      await store.small.put(step.writes.filter(({ state }) => state <= store.small.time.clock()));
    else if (step.kind === 'wait') store.small.time.advance(WITNESS_WAIT_MS);
    else if (step.kind === 'flush') await store.witness.flush();
    else if (step.kind === 'said') {
      last = operationAfter(authorOf(1), last?.header, bodyOf(step.writes), { timestamp: BigInt(at) });
      await store.take(last);
    } else {
      const other = operationAfter(authorOf(1), undefined, bodyOf([writeOf('s', 'a', 4, 'fork')]), {
        timestamp: 999n,
      });
      await store.take(other);
    }
    await store.hider.idle();
  }
  await store.witness.flush();
  await store.hider.idle();
  return store;
}

/** What a store has when it is opened with a policy, and all that is due is done. */
async function linesWith(memory: MemoryStorage, clock: FakeClock, policy: ForkPolicy): Promise<string[]> {
  const store = await openLogged({ memory, clock, policy, witnesses: false });
  await store.small.writer.idle();
  await store.hider.idle();
  const lines = await store.small.lines();
  await store.close();
  return lines;
}

describe('store.rebuild', function () {
  this.timeout(60_000);

  it('finds nothing to do in a store that is as its logs say, whatever happened to it', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(aStep, { maxLength: 14 }),
        fc.constantFrom<ForkPolicy>('tolerate', 'hide'),
        async (steps, policy) => {
          const store = await storeAfter(steps, policy);
          const before = await store.small.lines();
          const commits = store.small.storage.calls.commit;
          const { unsigned, ...others } = await rebuilt(store);
          // What a hidden log said of which somebody had said the same unsigned stays where that was not witnessed.
          expect(others).to.deep.equal({ ...others, lost: 0, older: 0, histories: 0, waiting: 0 });
          if (policy === 'tolerate') expect(unsigned).to.equal(0);
          expect(store.small.storage.calls.commit).to.equal(commits);
          expect(await store.small.lines()).to.deep.equal(before);
          await store.close();
        },
      ),
      seeded(scaled(60, 1000)),
    );
  });

  it('brings back all that a store lost of its graph and of who said it, whatever that is', async () => {
    const losses = fc.oneof(
      fc.constant(() => true),
      fc
        .integer({ min: 1, max: 0x7fff_ffff })
        .map((salt) => (key: string) => key !== '' && hashOf(key, salt) % 3 === 0),
    );
    await fc.assert(
      fc.asyncProperty(
        fc.array(aStep, { minLength: 3, maxLength: 14 }),
        fc.constantFrom<ForkPolicy>('tolerate', 'hide'),
        losses,
        async (steps, policy, isLost) => {
          const store = await storeAfter(steps, policy);
          const clock = store.small.time;
          await rebuilt(store, true);
          const [before, saidBefore] = [await store.small.lines(), await saidIn(store)];
          const memory = await copyWithout(store.small.memory, (key) => isGraph(key) && isLost(wholeOf(key)));
          await store.close();
          const damaged = await openLogged({ memory, clock, policy });
          const report = await rebuilt(damaged);
          expect(report).to.deep.include({ older: 0, unsigned: 0 });
          expect(await damaged.small.lines()).to.deep.equal(before);
          expect(await saidIn(damaged)).to.deep.equal(saidBefore);
          expect(await rebuilt(damaged)).to.deep.equal(NOTHING_FOUND);
          expect(await damaged.small.cachedLines(SOULS)).to.deep.equal(before);
          await damaged.close();
          // What comes due, and what another policy shows, is the same as well.
          clock.advance(LATER);
          for (const next of [policy, 'tolerate'] as const) {
            const stores = [memory, await copyWithout(store.small.memory)];
            const lines = await Promise.all(stores.map((one) => linesWith(one, clock, next)));
            expect(lines[0]).to.deep.equal(lines[1]);
          }
        },
      ),
      seeded(scaled(60, 1000)),
    );
  });

  it('leaves alone what nobody signed, or takes it out and puts what logs say in its place', async () => {
    for (const drops of [false, true]) {
      const store = await openLogged({ witnesses: false });
      const said = [
        writeOf('s', 'a', 1, 'signed'),
        writeOf('wide', 'k0', 1, LONG),
        writeOf('s', 'same', 7, 7),
      ];
      await store.take(operationAfter(authorOf(1), undefined, bodyOf(said)));
      const unsigned = [
        writeOf('s', 'a', 2, 'unsigned'),
        writeOf('s', 'b', 2, LONG),
        ...wide(3),
        writeOf('t', 'a', 5, 5),
        writeOf('t', 'later', START_MS + 5, 5),
      ];
      await store.small.put(unsigned);
      const before = await store.small.lines();
      const report = { ...NOTHING_FOUND, unsigned: WIDE + 3 };
      expect(await rebuilt(store, drops)).to.deep.equal(report);
      const after = drops ? new NaiveGraph().putAll(said).lines() : before;
      expect(await store.small.lines()).to.deep.equal(after);
      expect(await store.small.cachedLines(SOULS)).to.deep.equal(after);
      expect(await rebuilt(store, drops)).to.deep.equal(drops ? NOTHING_FOUND : report);
      // What nobody signed and what waits for its time is not in the graph yet.
      expect(store.small.writer.deferredCount).to.equal(1);
      await store.close();
    }
  });

  it('puts what logs say in the place of what loses against it, or of nothing, and notes who said it', async () => {
    const store = await openLogged({ witnesses: false });
    const log = logOf(authorOf(1), 600, (at) =>
      bodyOf([writeOf('big', `k${at}`, at + 1, at), writeOf(`n${at % 200}`, 'a', at + 1, at)]),
    );
    for (const operation of log) await store.take(operation);
    const [before, saidBefore] = [await store.small.lines(), await saidIn(store, ['big', 'n1', 'n199'])];
    const memory = await copyWithout(
      store.small.memory,
      (key) => key === fieldKey('big', 'k5') || /^[gI]\/n1/.test(key) || key.startsWith('I/big'),
    );
    await memory.commit([[fieldKey('big', 'k7'), '2 "older"']]);
    const damaged = await openLogged({ memory, witnesses: false });
    const report = await rebuilt(damaged);
    // 1, 10 to 19 and 100 to 199; three operations said something of each.
    expect(report).to.deep.equal({ lost: 112, older: 1, unsigned: 0, histories: 600 + 222, waiting: 0 });
    expect(await damaged.small.lines()).to.deep.equal(before);
    expect(await saidIn(damaged, ['big', 'n1', 'n199'])).to.deep.equal(saidBefore);
    expect(await rebuilt(damaged)).to.deep.equal(NOTHING_FOUND);
    expect(sourceIn(await memory.getText(nodeKey('n1')))).to.equal(
      sourceIn(await store.small.memory.getText(nodeKey('n1'))),
    );
    await store.close();
    await damaged.close();
  });

  it('notes who said all of a node that comes back in two commits, or was there in part', async () => {
    const store = await openLogged({ witnesses: false });
    const others = Array.from({ length: 485 }, (_, at) => writeOf(`n${at}`, 'k', 1, at));
    const node = Array.from({ length: 30 }, (_, at) => writeOf('z', `k${at}`, 1, at));
    await store.take(operationAfter(authorOf(1), undefined, bodyOf([...others, ...node])));
    const [before, saidBefore] = [await store.small.lines(), await saidIn(store, ['z'])];
    expect(saidBefore).to.have.lengthOf(30);
    for (const isThere of [false, true]) {
      const memory = await copyWithout(store.small.memory, (key) => isGraph(key));
      const damaged = await openLogged({ memory, witnesses: false });
      // What a rebuild leaves that was killed in between.
      if (isThere) await damaged.small.put([...others.slice(100), ...node.slice(0, 15)]);
      await rebuilt(damaged);
      expect(await damaged.small.lines()).to.deep.equal(before);
      expect(await saidIn(damaged, ['z'])).to.deep.equal(saidBefore);
      await damaged.close();
    }
    await store.close();
  });

  it('leaves alone what the graph has in other words than logs, where it would win, and takes theirs where it would not', async () => {
    const store = await openLogged({ witnesses: false });
    const said = [writeOf('s', 'a', 1, 'A'), writeOf('s', 'b', 1, 'b'), writeOf('s', 'c', 1, 'A')];
    await store.take(operationAfter(authorOf(1), undefined, bodyOf(said)));
    const memory = await copyWithout(store.small.memory, isGraph);
    const damaged = await openLogged({ memory, witnesses: false });
    await damaged.small.put([
      writeOf('s', 'a', 1, 'a'),
      writeOf('s', 'b', 1, 'B'),
      writeOf('s', 'c', 1, 'x'),
    ]);
    const report = await rebuilt(damaged, true, ignoringCase);
    expect(report).to.deep.include({ lost: 0, older: 1, unsigned: 1 });
    expect(await damaged.small.lines()).to.deep.equal(
      new NaiveGraph().putAll([writeOf('s', 'a', 1, 'a'), ...said.slice(1)]).lines(),
    );
    expect(await rebuilt(damaged, true, ignoringCase)).to.deep.equal(NOTHING_FOUND);
    for (const one of [store, damaged]) await one.close();
  });

  it('lets wait again what was of the future, for those who signed it', async () => {
    const clock = new FakeClock();
    const store = await openLogged({ clock, witnesses: false });
    const far = START_MS + 1e9;
    const said = [writeOf('s', 'soon', START_MS + 5, LONG), writeOf('s', 'far', far, 'x')];
    await store.take(operationAfter(authorOf(1), undefined, bodyOf(said)));
    const memory = await copyWithout(store.small.memory, (key) => /^[dv]\//.test(key));
    const damaged = await openLogged({ memory, clock, witnesses: false });
    expect(await rebuilt(damaged)).to.deep.equal({ ...NOTHING_FOUND, waiting: 2 });
    expect(await rebuilt(damaged)).to.deep.equal(NOTHING_FOUND);
    clock.advance(5);
    await damaged.small.writer.idle();
    expect(await damaged.small.lines()).to.deep.equal(new NaiveGraph().putAll(said.slice(0, 1)).lines());
    expect(await copyWithout(memory, (key) => !key.startsWith('d/')).then(keysOf)).to.deep.equal(
      await copyWithout(store.small.memory, (key) => !/^d\/.*far/.test(key)).then(keysOf),
    );
    await store.close();
    await damaged.close();
  });

  it('goes on where it was killed, at any commit, and nothing that was there is missing meanwhile', async () => {
    const store = await openLogged({ witnesses: false });
    const log = logOf(authorOf(1), 400, (at) =>
      bodyOf([writeOf(`n${at}`, 'a', 2, at), writeOf('big', `k${at}`, 2, at), writeOf('s', 'a', at + 1, at)]),
    );
    for (const operation of log) await store.take(operation);
    const whole = await store.small.lines();
    await store.close();
    let isKilled = true;
    for (let killedAt = 0; isKilled; killedAt += 1) {
      // Every other node is lost, and of those that are left somebody says something unsigned.
      const memory = await copyWithout(store.small.memory, isOfEvenNode);
      const damaged = await openLogged({ memory, witnesses: false });
      await damaged.small.put(Array.from({ length: 200 }, (_, at) => writeOf(`n${2 * at + 1}`, 'a', 3, 'x')));
      const there = await damaged.small.lines();
      let commits = 0;
      damaged.small.storage.hangs = (operation) => {
        if (operation !== 'commit') return undefined;
        commits += 1;
        return commits > killedAt ? (['before', 'after'] as const)[killedAt % 2] : undefined;
      };
      let isDone = false;
      const running = rebuilt(damaged, true).finally(() => (isDone = true));
      await Promise.race([running, untilHung(() => isDone || commits > killedAt)]);
      isKilled = !isDone;
      const left = await copyWithout(memory);
      const again = await openLogged({ memory: left, witnesses: false });
      const held = new Set((await again.small.lines()).map(placeIn));
      expect(there.map(placeIn).filter((place) => !held.has(place))).to.deep.equal([]);
      const isMarked = (await left.getText(REBUILD_KEY)) !== undefined;
      expect(isMarked).to.equal(isKilled && commits > 1);
      await rebuilt(again, true);
      expect(await again.small.lines()).to.deep.equal(whole);
      expect(await left.getText(REBUILD_KEY)).to.equal(undefined);
      await again.close();
    }
  });

  it('tells why the writer refuses', async () => {
    const store = await openLogged();
    await store.small.put([writeOf('s', 'k', 1, 1)]);
    const memory = await copyWithout(store.small.memory, isGraph);
    const damaged = await openLogged({ memory });
    damaged.small.storage.fails = (operation) => operation === 'commit';
    const error = await rebuilt(damaged).catch((reason: unknown) => reason);
    expect(String(error)).to.include('storage failed, nothing was stored');
    damaged.small.storage.fails = () => false;
    await store.close();
    await damaged.close();
  });
});

/** True for records of the graph, of what waits for its time and of histories. */
function isGraph(key: string): boolean {
  return /^[gdvI]\//.test(key);
}

function isOfEvenNode(key: string): boolean {
  return /^[gI]\/n\d*[02468]$/.test(key.split('\u0000')[0]!);
}

/** Records that get lost together: pieces with nothing less than everything, nodes with their properties. */
function wholeOf(key: string): string {
  return key.startsWith('g/') ? key.split('\u0000')[0]! : key.startsWith('v/') ? '' : key;
}

function hashOf(text: string, salt: number): number {
  let hash = salt;
  for (const unit of text) hash = (Math.imul(hash, 31) + unit.codePointAt(0)!) >>> 0;
  return hash;
}

async function keysOf(memory: MemoryStorage): Promise<string[]> {
  const cursor = memory.range({ from: '', to: '\u{10ffff}' });
  const keys = (await cursor.next(1000)).map(([key]) => key);
  await cursor.close();
  return keys;
}

/** Soul and key of a line. */
function placeIn(line: string): string {
  return JSON.stringify((JSON.parse(line) as unknown[]).slice(0, 2));
}

/** Resolves once a storage hangs, or what it is waited for is over. */
async function untilHung(isHung: () => boolean): Promise<void> {
  while (!isHung()) await new Promise((resolve) => setImmediate(resolve));
}
