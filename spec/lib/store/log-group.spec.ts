import { expect } from 'chai';
import * as fc from 'fast-check';
import { MemoryStorage } from '../../../adapters/memory.ts';
import { writeOf, type FieldWrite } from '../../../lib/graph/write.ts';
import { checkEvidence, isCanonical, MOST_SIDE_OPERATIONS } from '../../../lib/log/fork.ts';
import type { Operation } from '../../../lib/log/operation.ts';
import { namesOf } from '../../../lib/log/operation.ts';
import { heldKey, LOG_PREFIXES } from '../../../lib/store/log-keys.ts';
import { durable } from '../../../lib/store/replay.ts';
import { seeded, shuffled } from '../../support/arbitraries.ts';
import { START_MS } from '../../support/fake-clock.ts';
import { bodyOf } from '../../support/log-bytes.ts';
import { authorOf, logOf, operationAfter } from '../../support/log-maker.ts';
import { LogReplica } from '../../support/log-replica.ts';
import { openLogged, type LoggedStore, type LoggedStoreOptions } from '../../support/logged-store.ts';
import { NaiveGraph } from '../../support/naive-graph.ts';
import { scaled } from '../../torture/scale.ts';

/** What an operation at a place of an author's log writes; of both branches something else. */
function writeAt(author: number, sequence: number, branch = 0): FieldWrite {
  return writeOf(`s${sequence % 3}`, `k${author % 2}`, sequence + branch, `${author}-${sequence}-${branch}`);
}

function logBy(author: number, length: number): Operation[] {
  return logOf(authorOf(author), length, (sequence) => bodyOf([writeAt(author, sequence)]));
}

/** Two logs, one of them with a second branch from a place on, and perhaps a prune point at the end of the other. */
function aHistory(): fc.Arbitrary<{ readonly operations: Operation[]; readonly writes: FieldWrite[] }> {
  const shape = fc.record({
    forkAt: fc.nat(4),
    branch: fc.integer({ min: 1, max: 4 }),
    prunes: fc.boolean(),
  });
  return shape.map(({ forkAt, branch, prunes }) => {
    const log = logBy(1, 5);
    const other = logBy(2, 3);
    const operations = [...log, ...other];
    const writes = [...log.map((_, at) => writeAt(1, at)), ...other.map((_, at) => writeAt(2, at))];
    let before = log[forkAt - 1]?.header;
    for (let at = forkAt; at < forkAt + branch; at += 1) {
      const operation = operationAfter(authorOf(1), before, bodyOf([writeAt(1, at, 1)]));
      operations.push(operation);
      writes.push(writeAt(1, at, 1));
      before = operation.header;
    }
    if (prunes)
      operations.push(
        operationAfter(authorOf(2), other.at(-1)!.header, bodyOf(other.map((_, at) => writeAt(2, at))), {
          prune: true,
        }),
      );
    return { operations, writes };
  });
}

/** Keys of everything that logs have in a store. */
async function logKeys({ small }: LoggedStore): Promise<string[]> {
  const cursor = small.storage.range({ from: '', to: '~' });
  const entries = await cursor.next(10_000);
  await cursor.close();
  return entries.map(([key]) => key).filter((key) => LOG_PREFIXES.includes(key.slice(0, 2)));
}

describe('store.log-group', () => {
  const stores: LoggedStore[] = [];
  async function open(options: LoggedStoreOptions = {}): Promise<LoggedStore> {
    const store = await openLogged({ witnesses: false, ...options });
    stores.push(store);
    return store;
  }

  afterEach(async () => {
    for (const store of stores.splice(0)) await store.close();
  });

  it('holds what a replica in memory holds, whatever comes in whatever order and groups, and over restarts', async function () {
    this.timeout(scaled(60_000, 600_000));
    const deliveries = aHistory().chain(({ operations, writes }) =>
      fc.tuple(shuffled(operations), fc.constant(writes), fc.array(fc.nat(6), { maxLength: 4 })),
    );
    await fc.assert(
      fc.asyncProperty(deliveries, async ([operations, writes, cuts]) => {
        const replica = new LogReplica();
        const memory = new MemoryStorage();
        let store = await openLogged({ memory, witnesses: false });
        const rounds = [operations, operations, operations, operations, operations, operations];
        for (const [round, delivered] of rounds.entries()) {
          for (const operation of delivered) replica.place(operation);
          const groups = cuts.includes(round) ? delivered.map((operation) => [operation]) : [delivered];
          for (const group of groups) await Promise.all(group.map((operation) => store.take(operation)));
          expect(await store.lines()).to.deep.equal(replica.lines());
          await store.close();
          store = await openLogged({ memory, witnesses: false });
        }
        expect(await store.lines()).to.deep.equal(replica.lines());
        expect(await store.small.lines()).to.deep.equal(new NaiveGraph().putAll(writes).lines());
        await store.close();
      }),
      seeded(scaled(25, 300)),
    );
  });

  it('commits an operation and what it says to the graph at once, or neither', async () => {
    const [first, second] = logBy(1, 2);
    const store = await open();
    await store.take(first!);
    expect(store.small.storage.commits).to.have.lengthOf(1);
    store.small.storage.fails = (operation) => operation === 'commit';
    const failed = await store.take(second!);
    expect(failed.ok).to.equal(false);
    store.small.storage.fails = () => false;
    expect(await store.lines()).to.have.lengthOf(1);
    expect(await store.small.lines()).to.deep.equal(new NaiveGraph().putAll([writeAt(1, 0)]).lines());
    expect(await store.take(second!)).to.deep.include({ ok: true, placement: 'append' });
    expect(await store.lines()).to.have.lengthOf(2);
  });

  it('writes of a log where it ends, its operations, and where each of these is found', async () => {
    const store = await open();
    for (const operation of logBy(1, 2)) await store.take(operation);
    const kinds = (await logKeys(store)).map((key) => key.slice(0, 2));
    expect(kinds).to.deep.equal(['H/', 'L/', 'L/', 'O/', 'O/']);
  });

  it('keeps an operation that says nothing new', async () => {
    const store = await open();
    const [operation] = logBy(1, 1);
    await store.small.put([writeAt(1, 0, 9)]);
    expect(await store.take(operation!)).to.deep.equal({ ok: true, changed: [], placement: 'append' });
    expect(await store.take(operation!)).to.deep.equal({ ok: true, changed: [], placement: 'known' });
    expect(await store.lines()).to.have.lengthOf(1);
  });

  it('refuses with a reason what does not fit its log, and then changes nothing', async () => {
    const store = await open();
    const [first, second, third] = logBy(1, 3);
    await store.take(first!);
    expect(await store.take(third!)).to.deep.include({ ok: false, logReason: 'gap' });
    const elsewhere = operationAfter(authorOf(1), undefined, undefined, { logId: new Uint8Array(32) });
    expect(await store.take(elsewhere)).to.deep.include({ ok: false, logReason: 'log' });
    expect(await store.small.lines()).to.have.lengthOf(1);
    expect((await store.take(second!)).ok).to.equal(true);
  });

  it('places operations of one group upon each other', async () => {
    const store = await open();
    const log = logBy(1, 50);
    const outcomes = await Promise.all(log.map((operation) => store.take(operation)));
    expect(outcomes.every(({ ok }) => ok)).to.equal(true);
    expect(store.small.storage.commits.length).to.be.below(5);
    expect((await store.logs.heads())[0]!.head.height).to.equal(49);
  });

  it('places a prune point, and what comes behind evidence of a fork, upon the others of its group too', async () => {
    const pruning = await open();
    const log = logBy(1, 3);
    const prune = operationAfter(authorOf(1), log[2]!.header, bodyOf([writeAt(1, 3)]), { prune: true });
    await Promise.all([...log, prune].map((operation) => pruning.take(operation)));
    expect(pruning.small.storage.commits.length).to.equal(1);
    expect((await pruning.logs.heads())[0]!.head).to.include({ first: 3, height: 3 });
    const freezing = await open({ policy: 'freeze' });
    const other = operationAfter(authorOf(1), log[0]!.header, bodyOf([writeAt(1, 1, 1)]));
    const evidence = checkEvidence(log[1]!.header.bytes, other.header.bytes);
    if (!evidence.ok) throw new Error(evidence.reason);
    const taking = [freezing.take(log[0]!), freezing.take(log[1]!)];
    freezing.small.writer.submit({
      writes: [],
      evidence: evidence.value,
      owner: 'somebody',
      settle: () => undefined,
    });
    const [, second, third] = await Promise.all([...taking, freezing.take(log[2]!)]);
    expect(freezing.small.storage.commits.length).to.equal(1);
    expect(second!.ok).to.equal(true);
    expect(third).to.deep.include({ ok: false, logReason: 'frozen' });
  });

  it('keeps evidence of a fork, the canonical header first', async () => {
    const store = await open();
    const log = logBy(1, 3);
    for (const operation of log) await store.take(operation);
    const other = operationAfter(authorOf(1), log[0]!.header, bodyOf([writeAt(1, 1, 1)]));
    await store.take(other);
    const { author, log: name } = (await store.logs.heads())[0]!;
    const ordered = isCanonical(other.header.id, log[1]!.header.id) ? [other, log[1]!] : [log[1]!, other];
    expect(await store.sync.evidence(author, name)).to.deep.equal(ordered.map(({ header }) => header.bytes));
    expect(await store.sync.takeEvidence(log[1]!.header.bytes, other.header.bytes)).to.equal(undefined);
    expect(await store.sync.takeEvidence(log[1]!.header.bytes, log[1]!.header.bytes)).to.equal('fork');
  });

  it('keeps one side branch of a log, and no more of it than it may have', async function () {
    this.timeout(20_000);
    const store = await open();
    const branches = [6n, 7n].map((timestamp) =>
      logOf(authorOf(1), MOST_SIDE_OPERATIONS + 2, () => bodyOf([writeAt(1, 1)]), { timestamp }),
    );
    const [canonical, side] = branches.toSorted(([a], [b]) =>
      isCanonical(a!.header.id, b!.header.id) ? -1 : 1,
    );
    for (const operation of canonical!.slice(0, 2)) await store.take(operation);
    const outcomes = [];
    for (const operation of side!) outcomes.push(await store.take(operation));
    expect(outcomes.slice(0, MOST_SIDE_OPERATIONS).every(({ ok }) => ok)).to.equal(true);
    expect(outcomes.slice(MOST_SIDE_OPERATIONS)).to.deep.equal(
      [0, 1].map(() => ({ ok: false, reason: 'the side branch of the fork is full', logReason: 'full' })),
    );
    expect(await store.lines()).to.have.lengthOf(MOST_SIDE_OPERATIONS + 2);
    expect(store.forks.size).to.equal(1);
  });

  it('reads no more for an operation of a forked log the longer its side branch is', async function () {
    this.timeout(20_000);
    const reads: number[] = [];
    for (const length of [3, MOST_SIDE_OPERATIONS]) {
      const store = await open();
      const branches = [6n, 7n].map((timestamp) =>
        logOf(authorOf(1), length + 1, () => bodyOf([writeAt(1, 1)]), { timestamp }),
      );
      const [canonical, side] = branches.toSorted(([a], [b]) =>
        isCanonical(a!.header.id, b!.header.id) ? -1 : 1,
      );
      for (const operation of [canonical![0]!, ...side!.slice(0, length)]) await store.take(operation);
      const before = store.small.storage.calls.getText;
      expect(await store.take(canonical![1]!)).to.deep.include({ ok: true });
      expect(await store.take(side![length - 2]!)).to.deep.include({ ok: true, placement: 'known' });
      expect(await store.take(side![length]!)).to.deep.include({ ok: length < MOST_SIDE_OPERATIONS });
      reads.push(store.small.storage.calls.getText - before);
    }
    expect(reads[1]).to.be.at.most(reads[0]!);
  });

  it('keeps evidence of a fork that parts too far back to be kept', async () => {
    const store = await open();
    const log = logBy(1, 4);
    for (const operation of log) await store.take(operation);
    const other = operationAfter(authorOf(1), log[0]!.header, bodyOf([writeAt(1, 1, 1)]));
    const next = operationAfter(authorOf(1), other.header, bodyOf([writeAt(1, 1, 2)]));
    const lines = await store.lines();
    expect(await store.take(next)).to.deep.include({ ok: false, logReason: 'fork' });
    expect(await store.lines()).to.deep.equal(lines);
    const { author, log: name } = (await store.logs.heads())[0]!;
    expect(await store.sync.evidence(author, name)).to.have.deep.members([
      log[2]!.header.bytes,
      next.header.bytes,
    ]);
    expect(store.forks.size).to.equal(1);
  });

  it('takes the body of an operation later that came without it, and says then what it says', async () => {
    for (const state of [1, 2]) {
      const store = await open();
      const log = logBy(1, 3);
      await store.take({ ...log[0]!, body: undefined });
      await store.take(log[1]!);
      expect((await store.lines())[0]).to.match(/ undefined$/);
      if (state === 2)
        await store.take(operationAfter(authorOf(1), log[0]!.header, bodyOf([writeAt(1, 1, 1)])));
      const outcome = await store.take(log[0]!);
      expect(outcome).to.deep.include({ ok: true, placement: 'filled' });
      expect(outcome).to.have.property('changed').with.lengthOf(1);
      expect(await store.take(log[0]!)).to.deep.include({ placement: 'known' });
      const whole = await open();
      for (const operation of log.slice(0, 2)) await whole.take(operation);
      if (state === 2)
        await whole.take(operationAfter(authorOf(1), log[0]!.header, bodyOf([writeAt(1, 1, 1)])));
      expect(await store.lines()).to.deep.equal(await whole.lines());
      expect(await store.small.lines()).to.deep.equal(await whole.small.lines());
      expect(await logKeys(store)).to.deep.equal(await logKeys(whole));
    }
  });

  it('takes large bodies later too, also within one commit, and none that the author gave up', async () => {
    const store = await open();
    const large = bodyOf([writeOf('large', 'k', 1, 'x'.repeat(10_000))]);
    const log = [operationAfter(authorOf(1), undefined, large)];
    log.push(operationAfter(authorOf(1), log[0]!.header, bodyOf([writeAt(1, 1)])));
    const stripped = { ...log[0]!, body: undefined };
    const outcomes = await Promise.all([store.take(stripped), store.take(log[0]!), store.take(stripped)]);
    expect(outcomes.map((outcome) => outcome.ok && outcome.placement)).to.deep.equal([
      'append',
      'filled',
      'known',
    ]);
    expect((await store.small.graph.readField('large', 'k'))?.json.length).to.equal(10_002);
    await store.take({ ...log[1]!, body: undefined });
    const point = operationAfter(authorOf(1), log[1]!.header, bodyOf([writeAt(1, 2)]), { prune: true });
    await store.take(point);
    expect(await store.take(log[1]!)).to.deep.include({ ok: false, logReason: 'pruned' });
    expect((await logKeys(store)).filter((key) => key.startsWith('U/'))).to.deep.equal([]);
  });

  it('drops bodies, small ones and those that are kept apart, on both branches', async () => {
    const store = await open();
    const sizes = [10, 10_000];
    const keyed = sizes.map((size, at) => bodyOf([writeOf('s', `k${at}`, 1, 'x'.repeat(size))]));
    const log = logOf(authorOf(1), 4, (at) => (at < 2 ? bodyOf([writeAt(1, at)]) : keyed[at - 2]));
    const side = operationAfter(authorOf(1), log[1]!.header, bodyOf([writeAt(1, 2, 1)]));
    const later = operationAfter(
      authorOf(1),
      side.header,
      bodyOf([writeOf('s', 'side', 1, 'y'.repeat(9000))]),
    );
    for (const operation of [...log, side, later]) await store.take(operation);
    const apart = async (): Promise<string[]> =>
      (await logKeys(store)).filter((key) => key.startsWith('B/')).map((key) => key.slice(-64));
    const large = [log[3]!, later].map((operation) => namesOf(operation).id);
    expect(await apart()).to.have.members(large);
    const ids = [log[2]!, log[3]!, side, later].map((operation) => namesOf(operation).id);
    for (const id of ids) {
      expect((await store.logs.operation(id))?.body).to.be.instanceOf(Uint8Array);
      await durable((request) => store.small.writer.submit(request), {
        writes: [],
        isReplay: true,
        pruned: [id],
        owner: undefined,
      });
      expect(await store.logs.operation(id)).to.deep.include({ body: undefined });
    }
    expect(await apart()).to.deep.equal([]);
    expect((await store.logs.operation(namesOf(log[1]!).id))?.body).to.be.instanceOf(Uint8Array);
  });

  it('begins the notes anew of how long a log is held when it takes a body later', async () => {
    const store = await open();
    const [operation] = logOf(authorOf(1), 1, () => bodyOf([writeAt(1, 1)]));
    const { author, log } = namesOf(operation!);
    await store.take({ ...operation!, body: undefined });
    const key = heldKey(author, log);
    await store.small.memory.commit([[key, 'noted']]);
    await store.take(operation!);
    expect(await store.small.memory.getText(key)).to.equal(undefined);
    await store.small.memory.commit([[key, 'noted']]);
    await store.take(operation!);
    expect(await store.small.memory.getText(key)).to.equal('noted');
  });

  it('keeps no third branch', async () => {
    const store = await open();
    const branches = [6n, 7n, 8n].map(
      (timestamp) => logOf(authorOf(1), 1, () => bodyOf([writeAt(1, 1)]), { timestamp })[0]!,
    );
    const outcomes = [];
    for (const operation of branches) outcomes.push((await store.take(operation)).ok);
    expect(outcomes).to.deep.equal([true, true, false]);
    expect(await store.lines()).to.have.lengthOf(2);
  });

  it('lets writes of the future count against their author, whoever brings them', async () => {
    const store = await open({ limits: { futureWritesPerPeer: 2 } });
    const writes = [1, 2, 3].map((at) => writeOf('s', `k${at}`, START_MS + 1000 + at, 'v'));
    const log = logOf(authorOf(1), 3, (at) => bodyOf([writes[at]!]));
    for (const [at, operation] of log.entries()) {
      const request = { writes: [writes[at]!], operation, owner: `peer ${at}` };
      await new Promise((settle) => store.small.writer.submit({ ...request, settle }));
    }
    expect(store.small.writer.deferredCount).to.equal(2);
    expect(await store.lines()).to.have.lengthOf(3);
  });

  it('takes nothing more for a frozen log', async () => {
    const store = await open({ policy: 'freeze' });
    const log = logBy(1, 3);
    for (const operation of log.slice(0, 2)) await store.take(operation);
    await store.take(operationAfter(authorOf(1), log[0]!.header, bodyOf([writeAt(1, 1, 1)])));
    expect(await store.take(log[2]!)).to.deep.include({ ok: false, logReason: 'frozen' });
  });

  it('lets signed writes wait for their time, however far that is', async () => {
    const store = await open();
    const far = writeOf('s', 'k', START_MS + 10 ** 9, 'later');
    const operation = operationAfter(authorOf(1), undefined, bodyOf([far]));
    expect(await store.take(operation)).to.deep.include({ ok: true, changed: [] });
    expect(store.small.writer.deferredCount).to.equal(1);
    expect(await store.small.put([far])).to.deep.include({ ok: false });
    store.small.time.advance(10 ** 9);
    await store.small.writer.idle();
    expect(await store.small.lines()).to.deep.equal(new NaiveGraph().putAll([far]).lines());
  });
});
