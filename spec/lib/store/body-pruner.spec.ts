import { expect } from 'chai';
import * as fc from 'fast-check';
import { writeOf, type FieldWrite } from '../../../lib/graph/write.ts';
import type { LogName } from '../../../lib/log/heights.ts';
import { namesOf, type Operation } from '../../../lib/log/operation.ts';
import { compareRank, type LogEntry } from '../../../lib/log/prune.ts';
import { BodyPruner, type PrunePass } from '../../../lib/store/body-pruner.ts';
import { replayLogs } from '../../../lib/store/replay.ts';
import { operationsOf } from '../../../lib/store/log-walk.ts';
import { takeOne } from '../../../lib/sync/intake.ts';
import { seeded } from '../../support/arbitraries.ts';
import { FakeClock, START_MS } from '../../support/fake-clock.ts';
import { bodyOf, foreignBody } from '../../support/log-bytes.ts';
import { authorOf, logOf, operationAfter, TOPIC } from '../../support/log-maker.ts';
import { openLogged, type LoggedStore } from '../../support/logged-store.ts';
import { scaled } from '../../torture/scale.ts';

const RUNS = scaled(200, 2000);
/** States that have come, and some that come one after the other. */
const STATES = [1, 2, 3, START_MS, START_MS + 1, START_MS + 5];
/** When graphs are compared: now, and when everything that waits has come. */
const TIMES = [0, 1, 10];

const aWrite = fc
  .record({
    soul: fc.constantFrom('s', 't'),
    key: fc.constantFrom('a', 'b'),
    state: fc.constantFrom(...STATES),
    value: fc.constantFrom<string | number>(1, 2, 'x'),
  })
  .map(({ soul, key, state, value }) => writeOf(soul, key, state, value));
const aBody = fc.uniqueArray(aWrite, { minLength: 1, maxLength: 3, selector: ({ soul, key }) => soul + key });
/** The logs of some authors, each with what its operations write. */
const someLogs = fc
  .array(fc.array(aBody, { maxLength: 5 }), { minLength: 1, maxLength: 3 })
  .map((logs) => logs.map((bodies, at) => logOf(authorOf(at + 1), bodies.length, (n) => bodyOf(bodies[n]!))));

function prune(
  store: LoggedStore,
  {
    graceMs = 0,
    isPinned,
    own,
  }: { graceMs?: number; isPinned?: (entry: LogEntry) => boolean; own?: LogName } = {},
): Promise<PrunePass> {
  return prunerOf(store, { graceMs, isPinned, own }).run();
}

function prunerOf(
  store: LoggedStore,
  {
    graceMs = 0,
    isPinned,
    own,
  }: {
    graceMs?: number;
    isPinned?: ((entry: LogEntry) => boolean) | undefined;
    own?: LogName | undefined;
  } = {},
): BodyPruner {
  const { writer, time } = store.small;
  return new BodyPruner({
    storage: store.small.storage,
    store: store.logs,
    history: store.history,
    submit: (request) => writer.submit(request),
    now: time.clock,
    graceMs,
    own: () => own,
    ...(isPinned === undefined ? {} : { isPinned }),
  });
}

/** The body of an operation that says one property of each of some nodes. */
function nodes(count: number, state: number): Uint8Array {
  return bodyOf(Array.from({ length: count }, (_, at) => writeOf(`s${1000 + at}`, 'k', state, 1)));
}

/** What happens between two passes. */
interface OwnStep {
  readonly own: readonly FieldWrite[];
  readonly other: readonly FieldWrite[];
  readonly snapshots: boolean;
  readonly ms: number;
}

/** A store with a log that takes snapshots, its own or not, and another author's; checks each pass against when entries came. */
class OwnRun {
  readonly #store: LoggedStore;
  readonly #graceMs: number;
  readonly #isOwn: boolean;
  /** The last operations of the own log and of the other one. */
  readonly #last: (Operation | undefined)[] = [undefined, undefined];
  /** Entries that the own log holds. */
  #own: FieldWrite[] = [];
  /** What each body of the other author says, by sequence number, undefined once it is gone. */
  readonly #bodies: (readonly FieldWrite[] | undefined)[] = [];
  /** When each entry came first, by whomever it is held. */
  readonly #came = new Map<string, number>();

  static async begin(store: LoggedStore, graceMs: number, isOwn: boolean): Promise<OwnRun> {
    const run = new OwnRun(store, graceMs, isOwn);
    await run.#take(0, [writeOf('s', 'a', 0, 'begin')], false);
    return run;
  }

  private constructor(store: LoggedStore, graceMs: number, isOwn: boolean) {
    this.#isOwn = isOwn;
    this.#store = store;
    this.#graceMs = graceMs;
  }

  async step({ own, other, snapshots, ms }: OwnStep): Promise<void> {
    const { time } = this.#store.small;
    if (own.length > 0) await this.#take(0, own, false);
    if (other.length > 0) {
      this.#bodies.push(other);
      await this.#take(1, other, false);
    }
    if (snapshots) await this.#take(0, this.#winning(), true);
    // What waited for its time is there by now.
    await this.#store.small.put([]);
    const before = await this.#store.small.lines();
    const named = this.#isOwn ? { own: namesOf(this.#last[0]!) } : {};
    await prune(this.#store, { graceMs: this.#graceMs, ...named });
    expect(await this.#store.small.lines()).to.deep.equal(before);
    await this.#checkBodies();
    time.advance(ms);
  }

  async #take(author: 0 | 1, writes: readonly FieldWrite[], givesUp: boolean): Promise<void> {
    const operation = operationAfter(authorOf(author + 1), this.#last[author]?.header, bodyOf(writes), {
      prune: givesUp,
    });
    this.#last[author] = operation;
    const now = this.#store.small.time.clock();
    for (const write of writes) {
      const entry = JSON.stringify(write);
      if (!this.#came.has(entry)) this.#came.set(entry, now);
    }
    if (author === 0) this.#own = givesUp ? [...writes] : [...this.#own, ...writes];
    expect((await this.#store.take(operation)).ok).to.equal(true);
  }

  /** What of the own log is needed still: as the witness finds it, for each property the best that it says. */
  #winning(): FieldWrite[] {
    const best = new Map<string, FieldWrite>();
    for (const write of this.#own) {
      const place = `${write.soul}/${write.key}`;
      const other = best.get(place);
      if (other === undefined || compareRank(write, other) > 0) best.set(place, write);
    }
    return [...best.values()];
  }

  /** A body that is gone said nothing but what something else said for as long as the grace time. */
  async #checkBodies(): Promise<void> {
    const now = this.#store.small.time.clock();
    for (const [sequence, said] of this.#bodies.entries()) {
      if (said === undefined) continue;
      const name = namesOf(this.#last[1]!);
      const [held] = await this.#store.logs.read('canonical', name, sequence - 1, sequence, 1);
      if (held!.body !== undefined) continue;
      this.#bodies[sequence] = undefined;
      for (const write of said) {
        const rest = [...this.#own, ...this.#bodies.flatMap((some) => some ?? [])];
        const isSaid = rest.some(
          (entry) =>
            entry.soul === write.soul &&
            entry.key === write.key &&
            compareRank(entry, write) >= 0 &&
            entry.state <= now &&
            now - this.#came.get(JSON.stringify(entry))! >= this.#graceMs,
        );
        expect(isSaid, JSON.stringify(write)).to.equal(true);
      }
    }
  }
}

async function carry(from: LoggedStore, to: LoggedStore): Promise<void> {
  for (const name of await from.logs.heads()) {
    for await (const { header, body } of operationsOf(from.logs, name))
      await takeOne(to.sync, TOPIC, header, body);
  }
}

describe('store.body-pruner', function () {
  this.timeout(scaled(120_000, 600_000));
  let stores: LoggedStore[] = [];

  afterEach(async () => {
    for (const store of stores.splice(0)) await store.close();
  });

  async function open(operations: Iterable<Operation> = []): Promise<LoggedStore> {
    const store = await openLogged({ witnesses: false, clock: new FakeClock() });
    stores.push(store);
    await Promise.all([...operations].map((operation) => store.take(operation)));
    return store;
  }

  /** Closes what a run of a law has opened. */
  async function finished(): Promise<void> {
    for (const store of stores.splice(0)) await store.close();
  }

  /** What the logs of a store say to an empty graph, now and later. */
  async function said(store: LoggedStore): Promise<string[][]> {
    const fresh = await open();
    await replayLogs(store.logs, (request) => fresh.small.writer.submit(request));
    const lines: string[][] = [];
    let before = 0;
    for (const ms of TIMES) {
      fresh.small.time.advance(ms - before);
      before = ms;
      await fresh.small.put([]);
      lines.push(await fresh.small.lines());
    }
    return lines;
  }

  it('leaves what the logs say as it is, at all times', async () => {
    let [bodies, dropped] = [0, 0];
    await fc.assert(
      fc.asyncProperty(someLogs, async (logs) => {
        const store = await open(logs.flat());
        const before = await said(store);
        bodies += logs.flat().length;
        dropped += (await prune(store)).bodies;
        expect(await said(store)).to.deep.equal(before);
        expect(await prune(store)).to.deep.equal({ bodies: 0, bytes: 0 });
        await finished();
      }),
      seeded(RUNS),
    );
    // A rule that drops nothing would keep the graph as well.
    expect(dropped / bodies).to.be.above(0.1);
  });

  it('leaves it as it is where replicas meet that pruned differently', async () => {
    const two = someLogs.chain((logs) => {
      const lengths = logs.map((log) => fc.nat(log.length));
      return fc.tuple(fc.constant(logs), fc.tuple(...lengths), fc.tuple(...lengths));
    });
    await fc.assert(
      fc.asyncProperty(two, async ([logs, ours, theirs]) => {
        const upTo = (lengths: readonly number[]): Operation[] =>
          logs.flatMap((log, at) => log.slice(0, lengths[at]));
        const [one, other] = [await open(upTo(ours)), await open(upTo(theirs))];
        const whole = await open([...upTo(ours), ...upTo(theirs)]);
        const before = await said(whole);
        for (const store of [one, other]) await prune(store);
        const merged = await open();
        await carry(one, merged);
        await carry(other, merged);
        // A body that one of them dropped is superseded by what comes with the other's operations.
        const held = await open();
        await carry(other, held);
        await carry(one, held);
        for (const store of [merged, held]) {
          await prune(store);
          expect((await said(store)).at(-1)).to.deep.equal(before.at(-1));
        }
        await finished();
      }),
      seeded(Math.ceil(RUNS / 4)),
    );
  });

  it('keeps what an author says still, when he gives up all that is before it', async () => {
    await fc.assert(
      fc.asyncProperty(someLogs, async (logs) => {
        const store = await open(logs.flat());
        await prune(store);
        const before = await said(store);
        const [first] = logs;
        const last = first!.at(-1);
        if (last !== undefined) {
          const kept: FieldWrite[] = [];
          for (const soul of ['s', 't']) {
            for (const until of STATES) {
              const winners = await store.history.winners(soul, { until });
              for (const entry of winners.values()) {
                if (namesOf(entry.operation).author === namesOf(last).author) kept.push(entry);
              }
            }
          }
          const body = bodyOf(kept, 'gun/snapshot');
          await store.take(operationAfter(authorOf(1), last.header, body, { prune: true }));
          expect((await said(store)).at(-1)).to.deep.equal(before.at(-1));
        }
        await finished();
      }),
      seeded(Math.ceil(RUNS / 4)),
    );
  });

  describe('keeps a body', () => {
    const older = bodyOf([writeOf('s', 'a', 5, 'older')]);
    const newer = bodyOf([writeOf('s', 'a', 6, 'newer')]);

    it('1: that is superseded only in the future', async () => {
      const log = logOf(authorOf(1), 2, (at) =>
        at === 0 ? older : bodyOf([writeOf('s', 'a', START_MS + 1, 'future')]),
      );
      const store = await open(log);
      expect((await prune(store)).bodies).to.equal(0);
      store.small.time.advance(2);
      expect((await prune(store)).bodies).to.equal(1);
    });

    it('2: that only an unsigned value supersedes', async () => {
      const store = await open(logOf(authorOf(1), 1, () => older));
      await store.small.put([writeOf('s', 'a', 9, 'unsigned')]);
      expect((await prune(store)).bodies).to.equal(0);
    });

    it('3 and 4: that is pinned, by a schema that refuses the newer value or by a moderator', async () => {
      const store = await open(logOf(authorOf(1), 2, (at) => (at === 0 ? older : newer)));
      expect((await prune(store, { isPinned: ({ soul }) => soul === 's' })).bodies).to.equal(0);
      expect((await prune(store, { isPinned: ({ soul }) => soul === 't' })).bodies).to.equal(1);
    });

    it('4: for its grace time, counted from when this replica was seen to hold it', async () => {
      const store = await open(logOf(authorOf(1), 2, (at) => (at === 0 ? older : newer)));
      const graceMs = 100;
      // Their author says that they are from 1970.
      expect((await prune(store, { graceMs })).bodies).to.equal(0);
      store.small.time.advance(99);
      expect((await prune(store, { graceMs })).bodies).to.equal(0);
      store.small.time.advance(1);
      expect((await prune(store, { graceMs })).bodies).to.equal(1);
    });

    it('4: for as long as what supersedes it', async () => {
      const graceMs = 100;
      const store = await open(logOf(authorOf(1), 1, () => older));
      await prune(store, { graceMs });
      store.small.time.advance(100);
      await store.take(logOf(authorOf(2), 1, () => newer)[0]!);
      expect((await prune(store, { graceMs })).bodies).to.equal(0);
      store.small.time.advance(100);
      expect((await prune(store, { graceMs })).bodies).to.equal(1);
    });

    it('5: of one of several that say the same; of the others header and hash stay', async () => {
      const store = await open([1, 2, 3].flatMap((author) => logOf(authorOf(author), 1, () => older)));
      expect((await prune(store)).bodies).to.equal(2);
      expect((await store.history.winners('s', { until: 9 })).get('a')?.json).to.equal('"older"');
      for (const { head } of await store.logs.heads()) {
        const operation = await store.logs.operation(head.tip);
        expect(operation?.header.payloadHash).to.have.lengthOf(32);
      }
    });

    it('that says nothing to the graph, or is of no kind that this node knows', async () => {
      const store = await open(logOf(authorOf(1), 2, () => foreignBody('x')));
      expect((await prune(store)).bodies).to.equal(0);
    });
  });

  it('6: no prune point that goes back or forks takes anything away', async () => {
    const log = logOf(authorOf(1), 3, (at) => bodyOf([writeOf('s', 'a', at + 1, at)]));
    const store = await open(log);
    const lines = await store.lines();
    const back = operationAfter(authorOf(1), log[0]!.header, undefined, { prune: true });
    expect(await store.take(back)).to.deep.include({ ok: true, placement: 'side-start' });
    const stray = operationAfter(authorOf(1), logOf(authorOf(1), 3)[2]!.header, undefined, { prune: true });
    expect((await store.take(stray)).ok).to.equal(false);
    expect((await store.lines()).filter((line) => !line.includes(' side '))).to.deep.equal(lines);
  });

  describe('where a log gives up its operations more often than the grace time', () => {
    const GRACE_MS = 100;
    const LOOK_MS = 30;

    it('counts what it says since that was there, however often it was carried over', async () => {
      const older = writeOf('s', 'k', 1, 'older');
      const newer = writeOf('s', 'k', 2, 'newer');
      const [store, another] = [await open(), await open()];
      let last = operationAfter(authorOf(9), undefined, bodyOf([newer]));
      const own = namesOf(last);
      for (const some of [store, another]) {
        await some.take(logOf(authorOf(1), 1, () => bodyOf([older]))[0]!);
        await some.take(last);
      }
      const pruned = [0, 0];
      for (let ms = 0; ms <= 4 * GRACE_MS; ms += LOOK_MS) {
        last = operationAfter(authorOf(9), last.header, bodyOf([newer]), { prune: true });
        for (const some of [store, another]) await some.take(last);
        pruned[0]! += (await prune(store, { graceMs: GRACE_MS, own })).bodies;
        pruned[1]! += (await prune(another, { graceMs: GRACE_MS })).bodies;
        if (ms < GRACE_MS) expect(pruned).to.deep.equal([0, 0]);
        for (const some of [store, another]) some.small.time.advance(LOOK_MS);
      }
      expect(pruned, 'of the own log, and of another one').to.deep.equal([1, 1]);
    });

    it('drops nothing because of what is there for a shorter time, and nothing that counts', async () => {
      const aStep = fc.record({
        own: fc.array(aWrite, { maxLength: 2 }),
        other: fc.array(aWrite, { maxLength: 2 }),
        snapshots: fc.boolean(),
        ms: fc.nat(60),
      });
      await fc.assert(
        fc.asyncProperty(
          fc.array(aStep, { minLength: 4, maxLength: 12 }),
          fc.boolean(),
          async (steps, isOwn) => {
            const run = await OwnRun.begin(await open(), GRACE_MS, isOwn);
            for (const step of steps) await run.step(step);
            await finished();
          },
        ),
        seeded(scaled(100, 1000)),
      );
    });
  });

  it('drops the bodies of side branches as well, and tells how much it dropped', async () => {
    const log = logOf(authorOf(1), 2, (at) => bodyOf([writeOf('s', 'a', at + 1, at)]));
    const fork = operationAfter(authorOf(1), log[0]!.header, bodyOf([writeOf('s', 'a', 1, 'fork')]));
    const top = logOf(authorOf(2), 1, () => bodyOf([writeOf('s', 'a', 9, 'top')]));
    const store = await open([...log, fork, ...top]);
    const bytes = [...log, fork].reduce((sum, { body }) => sum + body!.length, 0);
    expect(await prune(store)).to.deep.equal({ bodies: 3, bytes });
  });

  it('drops few at a time of operations of very many entries', async () => {
    const log = logOf(authorOf(1), 4, (value) =>
      bodyOf(Array.from({ length: 12_000 }, (_, at) => writeOf(`s${at % 3}`, `k${at}`, value, value))),
    );
    const store = await open(log);
    const { commits } = store.small.storage;
    const before = commits.length;
    expect(await prune(store)).to.deep.include({ bodies: 3 });
    expect(commits.slice(before).filter((changes) => changes.length > 2)).to.have.lengthOf(3);
  });

  it('looks at no more of an operation than one entry that counts, and at that first in the next pass', async () => {
    const [first, second] = [nodes(201, 1), nodes(200, 2)];
    // All but the last node of the first operation is said again later.
    const store = await open([...logOf(authorOf(1), 1, () => first), ...logOf(authorOf(2), 1, () => second)]);
    const { calls } = store.small.storage;
    const pruner = prunerOf(store);
    const reads: number[] = [];
    for (let pass = 0; pass < 2; pass += 1) {
      const before = calls.range;
      expect(await pruner.run()).to.deep.equal({ bodies: 0, bytes: 0 });
      reads.push(calls.range - before);
    }
    expect(reads[0]).to.be.above(200);
    expect(reads[1]).to.be.below(20);
  });

  it('stops when it is told to, and tells why the store does not take it', async () => {
    const log = logOf(authorOf(1), 3, (at) => bodyOf([writeOf('s', 'a', at + 1, at)]));
    const store = await open(log);
    const pruner = new BodyPruner({
      storage: store.small.storage,
      store: store.logs,
      history: store.history,
      submit: (request) => request.settle({ ok: false, reason: 'no' }),
      now: store.small.time.clock,
      graceMs: 0,
    });
    const error = await pruner.run().catch((reason: unknown) => reason);
    expect(String(error)).to.include('no');
    pruner.stop();
    expect(await pruner.run()).to.deep.equal({ bodies: 0, bytes: 0 });
  });
});
