import { toHex } from '../../../lib/base/byte-texts.ts';
import { expect } from 'chai';
import * as fc from 'fast-check';
import { MemoryStorage } from '../../../adapters/memory.ts';
import { writeOf, type FieldWrite } from '../../../lib/graph/write.ts';
import type { ForkPolicy } from '../../../lib/log/fork.ts';
import type { Operation } from '../../../lib/log/operation.ts';
import { hidingRange } from '../../../lib/store/log-keys.ts';
import { seeded, shuffled } from '../../support/arbitraries.ts';
import { FakeClock, START_MS } from '../../support/fake-clock.ts';
import { bodyOf } from '../../support/log-bytes.ts';
import { authorOf, logOf, operationAfter } from '../../support/log-maker.ts';
import { openLogged, type LoggedStore, type LoggedStoreOptions } from '../../support/logged-store.ts';
import { NaiveGraph } from '../../support/naive-graph.ts';
import { removedNodes } from '../../support/rebuilding.ts';
import { scaled } from '../../torture/scale.ts';

/** When graphs are compared: now, and when everything that waits has come. */
const LATER = 10;
const aWrite = fc
  .record({
    soul: fc.constantFrom('s', 't'),
    key: fc.constantFrom('a', 'b', 'c'),
    state: fc.constantFrom(1, 2, 3, START_MS, START_MS + 1, START_MS + 5),
    value: fc.constantFrom<string | number>(1, 2, 'x'),
  })
  .map(({ soul, key, state, value }) => writeOf(soul, key, state, value));
const aBody = fc.uniqueArray(aWrite, { minLength: 1, maxLength: 3, selector: ({ soul, key }) => soul + key });
const bodies = fc.array(aBody, { minLength: 1, maxLength: 4 });

/** A forked log, and logs of others who may say the same. */
const aHistory = fc
  .record({ log: bodies, branch: bodies, forkAt: fc.nat(3), others: fc.array(bodies, { maxLength: 2 }) })
  .map(({ log, branch, forkAt, others }) => {
    const canonical = logOf(authorOf(1), log.length, (at) => bodyOf(log[at]!));
    const from = Math.min(forkAt, log.length - 1);
    const side: Operation[] = [];
    for (const [at, writes] of branch.entries()) {
      const before = at === 0 ? canonical[from - 1]?.header : side.at(-1)!.header;
      // An operation that says the same at the same place is the same operation.
      side.push(operationAfter(authorOf(1), before, bodyOf(writes), { timestamp: 6n }));
    }
    const honest = others.map((said, at) => logOf(authorOf(at + 2), said.length, (n) => bodyOf(said[n]!)));
    return {
      operations: [...canonical, ...side, ...honest.flat()],
      hidden: [...log.flat(), ...branch.flat()],
      others: others.flat(2),
    };
  });

function graphOf(writes: readonly FieldWrite[], now: number): string[] {
  return new NaiveGraph().putAll(writes.filter(({ state }) => state <= now)).lines();
}

async function takeAll(store: LoggedStore, operations: readonly Operation[]): Promise<void> {
  // What misses something before it comes again.
  for (let left = operations; left.length > 0;) {
    const outcomes = await Promise.all(left.map((operation) => store.take(operation)));
    left = left.filter((_, at) => !outcomes[at]!.ok);
  }
}

async function settled(store: LoggedStore): Promise<void> {
  await store.hider.idle();
  await store.small.writer.idle();
}

function put(store: LoggedStore, ...writes: FieldWrite[]): Promise<unknown> {
  return store.small.put(writes);
}

/** A log of one author: an operation, and two that contradict each other behind it. */
function forkOf(...said: readonly (readonly FieldWrite[])[]): Operation[] {
  const [first] = logOf(authorOf(1), 1, () => bodyOf(said[0]!));
  return [
    first!,
    ...said
      .slice(1)
      .map((writes, at) =>
        operationAfter(authorOf(1), first!.header, bodyOf(writes), { timestamp: BigInt(at) }),
      ),
  ];
}

describe('store.fork-hider', function () {
  this.timeout(scaled(20_000, 600_000));
  const stores: LoggedStore[] = [];
  async function open(options: LoggedStoreOptions = {}): Promise<LoggedStore> {
    const store = await openLogged({ policy: 'hide', witnesses: false, ...options });
    stores.push(store);
    return store;
  }

  afterEach(async () => {
    for (const store of stores.splice(0)) await store.close();
  });

  it('comes to the graph of the others in whatever order both branches and the others come, over restarts too', async () => {
    const deliveries = aHistory.chain((history) =>
      fc.tuple(shuffled(history.operations), fc.constant(history), fc.nat(12)),
    );
    await fc.assert(
      fc.asyncProperty(deliveries, async ([operations, { others, hidden }, cut]) => {
        const memory = new MemoryStorage();
        const clock = new FakeClock();
        let store = await openLogged({ memory, clock, policy: 'hide', witnesses: false });
        const reopen = async (policy: ForkPolicy): Promise<void> => {
          await store.close();
          store = await openLogged({ memory, clock, policy, witnesses: false });
          await settled(store);
        };
        await Promise.all(operations.slice(0, cut).map((operation) => store.take(operation)));
        await reopen('hide');
        await takeAll(store, operations);
        await settled(store);
        expect(await store.small.lines()).to.deep.equal(graphOf(others, START_MS));
        await reopen('tolerate');
        expect(await store.small.lines()).to.deep.equal(graphOf([...hidden, ...others], START_MS));
        await reopen('hide');
        expect(await store.small.lines()).to.deep.equal(graphOf(others, START_MS));
        clock.advance(LATER);
        await settled(store);
        expect(await store.small.lines()).to.deep.equal(graphOf(others, START_MS + LATER));
        expect(await store.small.cachedLines(['s', 't'])).to.deep.equal(await store.small.lines());
        await reopen('freeze');
        expect(await store.small.lines()).to.deep.equal(graphOf([...hidden, ...others], START_MS + LATER));
        await store.close();
      }),
      seeded(scaled(60, 1000)),
    );
  });

  it('finishes after a kill at any commit, whatever it was doing', async () => {
    const said = Array.from({ length: 3 }, (_, at) => [
      writeOf('s', 'k', 5 + at, `forked ${at}`),
      ...Array.from({ length: 400 }, (_unused, n) => writeOf(`n${n % 40}`, `k${n}`, 9 + at, n)),
    ]);
    const other = logOf(authorOf(2), 1, () =>
      bodyOf([writeOf('s', 'k', 2, 'other'), writeOf('n1', 'k1', 3, 'x')]),
    );
    const others = [writeOf('s', 'k', 2, 'other'), writeOf('n1', 'k1', 3, 'x')];
    for (const [from, to] of [
      ['hide', 'hide'],
      ['tolerate', 'hide'],
      ['hide', 'tolerate'],
    ] as const) {
      for (let killedAt = 0; killedAt < 6; killedAt += 1) {
        for (const when of ['before', 'after'] as const) {
          const memory = new MemoryStorage();
          const first = await openLogged({ memory, policy: from, witnesses: false });
          await takeAll(first, [...other, ...forkOf(...said)]);
          await settled(first);
          await first.close();
          if (from === to) await forget(memory);
          const killed = await openLogged({ memory, policy: to, witnesses: false });
          let commits = 0;
          killed.small.storage.hangs = (operation) => {
            if (operation !== 'commit') return undefined;
            commits += 1;
            return commits > killedAt ? when : undefined;
          };
          killed.hider.wake();
          await Promise.race([settled(killed), untilHung(() => commits > killedAt)]);
          if (commits <= killedAt) await settled(killed);
          const again = await open({ memory, policy: to });
          await settled(again);
          const expected = to === 'hide' ? others : [...others, ...said.flat()];
          expect(await again.small.lines()).to.deep.equal(graphOf(expected, START_MS));
        }
      }
    }
  });

  it('puts no more into one commit than it takes out, however long the values are that come back', async () => {
    const store = await open();
    const keys = Array.from({ length: 600 }, (_, at) => `k${1000 + at}`);
    const long = 'x'.repeat(100_000);
    for (const soul of ['s', 't'])
      await takeAll(
        store,
        logOf(authorOf(soul === 's' ? 2 : 3), 3, (at) =>
          bodyOf(keys.slice(at * 9, at * 9 + 9).map((key) => writeOf(soul, key, 2, `${key} ${long}`))),
        ),
      );
    const before = await store.small.lines();
    const { commits } = store.small.storage;
    const first = commits.length;
    const said = keys.flatMap((key) => [writeOf('s', key, 5, 1), writeOf('t', key, 5, 1)]);
    await takeAll(store, forkOf(said, [writeOf('u', 'k', 1, 1)], [writeOf('u', 'k', 1, 2)]));
    await settled(store);
    expect(await store.small.lines()).to.deep.equal(before);
    const lengths = commits
      .slice(first)
      .map((changes) => changes.reduce((sum, [, value]) => sum + (value?.length ?? 0), 0));
    expect(Math.max(...lengths)).to.be.below(1.25 * 1024 * 1024);
    expect(lengths.filter((length) => length > 512 * 1024)).to.have.lengthOf.above(4);
  });

  it('keeps every operation of a hidden log, and takes further ones that say nothing', async () => {
    const [tolerant, hiding] = [await open({ policy: 'tolerate' }), await open()];
    const operations = forkOf(
      [writeOf('s', 'a', 1, 1)],
      [writeOf('s', 'b', 1, 1)],
      [writeOf('s', 'c', 1, 1)],
    );
    for (const store of [tolerant, hiding]) await takeAll(store, operations);
    await settled(hiding);
    const [head] = await hiding.logs.heads();
    const next = operationAfter(
      authorOf(1),
      operations.find(({ header }) => toHex(header.id) === head!.head.tip)!.header,
      bodyOf([writeOf('s', 'd', 9, 9)]),
    );
    expect(await hiding.take(next)).to.deep.include({ ok: true, changed: [], placement: 'append' });
    await tolerant.take(next);
    expect(await hiding.lines()).to.deep.equal(await tolerant.lines());
    expect(await hiding.small.lines()).to.deep.equal([]);
    expect(await tolerant.small.lines()).to.have.lengthOf(4);
    expect(hiding.hidings).to.deep.equal([
      { kind: 'log-hidden', author: head!.author, log: head!.log, operations: 3 },
    ]);
  });

  it('leaves in the graph what somebody else said before, whether he signed it or not', async () => {
    const store = await open();
    const [unsigned, signed] = [writeOf('s', 'a', 1, 'here'), writeOf('s', 'b', 1, 'signed')];
    await put(store, unsigned);
    await takeAll(store, forkOf([unsigned, signed], [writeOf('s', 'c', 1, 1)], [writeOf('s', 'c', 1, 2)]));
    await takeAll(
      store,
      logOf(authorOf(2), 1, () => bodyOf([signed])),
    );
    await settled(store);
    expect(await store.small.lines()).to.deep.equal(graphOf([unsigned, signed], START_MS));
  });

  it('brings back what a witness holds of that which nobody signed', async () => {
    const store = await open({ witnesses: true });
    const before = writeOf('s', 'a', 1, 'unsigned');
    await put(store, before);
    await store.witness.flush();
    await takeAll(
      store,
      forkOf([writeOf('s', 'a', 2, 'forked')], [writeOf('s', 'b', 1, 1)], [writeOf('s', 'b', 1, 2)]),
    );
    await settled(store);
    expect(await store.small.lines()).to.deep.equal(graphOf([before], START_MS));
  });

  it('keeps what a relay acknowledged when its own log forks', async () => {
    const store = await open({ witnesses: true });
    await put(store, writeOf('s', 'a', 1, 'acked'));
    await store.witness.flush();
    const other = operationAfter(
      authorOf(200),
      undefined,
      bodyOf([writeOf('s', 'b', 1, 'restored')], 'gun/seen'),
    );
    await store.take(other);
    await settled(store);
    expect(store.hidings).to.have.lengthOf(1);
    expect(await store.small.lines()).to.deep.equal(graphOf([writeOf('s', 'a', 1, 'acked')], START_MS));
  });

  it('takes nothing back from those who repeat without a signature what they read', async () => {
    const store = await open({ witnesses: true });
    const [read, future] = [writeOf('s', 'a', 3, 'forked'), writeOf('s', 'd', START_MS + 3, 'later')];
    await takeAll(store, forkOf([read, future], [writeOf('s', 'b', 1, 1)], [writeOf('s', 'b', 1, 2)]));
    await settled(store);
    expect(await store.small.put([read, writeOf('s', 'c', 1, 1)])).to.deep.equal({
      ok: true,
      changed: [writeOf('s', 'c', 1, 1)],
    });
    expect(await store.small.put([future])).to.deep.equal({ ok: true, changed: [] });
    expect(store.small.writer.deferredCount).to.equal(0);
    await put(store, writeOf('s', 'a', 3, 'a value of his own'));
    expect(await store.small.lines()).to.deep.equal(
      graphOf([writeOf('s', 'c', 1, 1), writeOf('s', 'a', 3, 'a value of his own')], START_MS),
    );
  });

  it('hides nodes of thousands of properties and values of many pieces, and lets others in meanwhile', async () => {
    const store = await open();
    const many = Array.from({ length: 5000 }, (_, at) => writeOf('large', `k${at}`, 5, at));
    const long = writeOf('long', 'text', 5, 'x'.repeat(200_000));
    const kept = [writeOf('large', 'k7', 2, 'kept'), writeOf('long', 'other', 1, 'y'.repeat(100_000))];
    await takeAll(
      store,
      logOf(authorOf(2), 1, () => bodyOf(kept)),
    );
    const operations = forkOf([...many, long], [writeOf('s', 'b', 1, 1)], [writeOf('s', 'b', 1, 2)]);
    await takeAll(store, operations.slice(0, 2));
    expect(await store.small.graph.readField('large', 'k9')).to.include({ state: 5 });
    await store.take(operations[2]!);
    const between = writeOf('between', 'k', 1, 1);
    await put(store, between);
    expect(store.hidings).to.deep.equal([]);
    await settled(store);
    expect(await store.small.lines()).to.deep.equal(graphOf([...kept, between], START_MS));
    expect(await store.small.graph.readField('large', 'k9')).to.equal(undefined);
    expect(await store.small.fieldLines([...many, long, ...kept, between])).to.deep.equal(
      await store.small.lines(),
    );
  });

  it('hides and shows long values some at a time', async () => {
    const store = await open();
    const log = logOf(authorOf(1), 9, (at) => bodyOf([writeOf(`n${at}`, 'k', 5, 'x'.repeat(300_000))]));
    await takeAll(store, log);
    const side = operationAfter(authorOf(1), log[7]!.header, bodyOf([writeOf('t', 'a', 1, 'side')]));
    const before = store.small.storage.commits.length;
    await store.take(side);
    await settled(store);
    expect(await store.small.lines()).to.deep.equal([]);
    const hidden = store.small.storage.commits.slice(before).map(removedNodes);
    expect(hidden.map(({ length }) => length).filter((nodes) => nodes > 0)).to.deep.equal([4, 4, 1]);

    const shown = await open({ memory: store.small.memory, policy: 'tolerate' });
    shown.hider.wake();
    await settled(shown);
    expect(await shown.small.lines()).to.have.lengthOf(10);
    const nodes = shown.small.storage.commits.map(
      (changes) => changes.filter(([key, value]) => key.startsWith('g/') && value !== undefined).length,
    );
    expect(nodes.filter((some) => some > 0)).to.deep.equal([4, 4, 2]);
  });

  it('gives nothing of a log up while it is being hidden', async () => {
    const store = await open();
    const operations = forkOf(
      [writeOf('s', 'a', 1, 1)],
      [writeOf('s', 'b', 1, 1)],
      [writeOf('s', 'c', 1, 1)],
    );
    store.small.storage.late = true;
    await takeAll(store, operations);
    const { header } = operations[1]!;
    const prune = operationAfter(authorOf(1), header, undefined, { prune: true });
    expect(await store.take(prune)).to.deep.include({ ok: false, logReason: 'frozen' });
    await settled(store);
    expect(await store.take(prune)).to.deep.include({ ok: true });
    expect(await store.small.lines()).to.deep.equal([]);
    expect(store.forks.size).to.equal(1);
  });

  it('tells why it cannot go on, and tries again', async () => {
    const store = await open();
    store.small.storage.fails = (operation) => operation === 'commit' && store.forks.size > 0;
    const operations = forkOf(
      [writeOf('s', 'a', 1, 1)],
      [writeOf('s', 'b', 1, 1)],
      [writeOf('s', 'c', 1, 1)],
    );
    await takeAll(store, operations);
    await settled(store);
    expect(store.hidings).to.have.lengthOf(1);
    expect(store.hidings[0]).to.have.property('kind', 'log-hiding-failed');
    store.small.storage.fails = () => false;
    store.small.time.advance(1000);
    await settled(store);
    expect(await store.small.lines()).to.deep.equal([]);
  });

  it('shows in the past and as who said it only what counts', async () => {
    const store = await open();
    const other = writeOf('s', 'a', 1, 'other');
    await takeAll(
      store,
      logOf(authorOf(2), 1, () => bodyOf([other])),
    );
    await takeAll(
      store,
      forkOf([writeOf('s', 'a', 2, 'forked')], [writeOf('s', 'b', 1, 1)], [writeOf('s', 'b', 1, 2)]),
    );
    await settled(store);
    const [blame, ...more] = await store.past.blame('s');
    expect(more).to.deep.equal([]);
    expect(blame).to.deep.include({ key: 'a', value: 'other' });
    expect(blame!.said!.operation.header.author).to.deep.equal(authorOf(2).publicKey);
    expect(await store.past.get('s', { at: 5 })).to.deep.equal({ a: 'other' });
  });
});

/** Undoes the note that a log is hidden, as if the process had been killed before it. */
async function forget(memory: MemoryStorage): Promise<void> {
  await memory.open();
  const cursor = memory.range(hidingRange());
  const found = await cursor.next(10);
  await cursor.close();
  await memory.commit(found.map(([key]) => [key, undefined]));
  await memory.close();
}

/** Resolves when nothing happens any more because a call hangs, or soon in any case. */
async function untilHung(isHung: () => boolean): Promise<void> {
  for (let turns = 0; turns < 1000 && !isHung(); turns += 1) {
    await new Promise((resolve) => setImmediate(resolve));
  }
}
