import { runWithPauses } from '../../../lib/base/slices.ts';
import { CommitGroup } from '../../../lib/store/commit-group.ts';
import { DeferredWrites } from '../../../lib/store/deferred-writes.ts';
import { HISTORY_PREFIX } from '../../../lib/store/log-keys.ts';
import type { PutRequest } from '../../../lib/store/put-request.ts';
import type { Change } from '../../../lib/store/storage.ts';
import { expect } from 'chai';
import { toHex } from '../../../lib/base/byte-texts.ts';
import { writeOf, type FieldWrite } from '../../../lib/graph/write.ts';
import type { Operation } from '../../../lib/log/operation.ts';
import { ChangedSources } from '../../../lib/store/changed-sources.ts';
import { CountingEntries } from '../../../lib/store/counting-entries.ts';
import { ForkMarks } from '../../../lib/store/fork-marks.ts';
import { LogGroup } from '../../../lib/store/log-group.ts';
import { LogStore } from '../../../lib/store/log-store.ts';
import { LoggedCommits } from '../../../lib/store/logged-commits.ts';
import { replayLogs } from '../../../lib/store/replay.ts';
import { START_MS } from '../../support/fake-clock.ts';
import { bodyOf } from '../../support/log-bytes.ts';
import { authorOf, LOG_ID, operationAfter } from '../../support/log-maker.ts';
import { openLogged, type LoggedStore } from '../../support/logged-store.ts';
import { SmallStore } from '../../support/small-store.ts';

const OWN_SOUL = `@${toHex(authorOf(1).publicKey)}/profile`;
const OWNED = 'put: a soul that belongs to a key takes only what that key has signed';

/** The first operation of an author. */
function by(author: number, ...writes: FieldWrite[]): Operation {
  return operationAfter(authorOf(author), undefined, bodyOf(writes));
}

function operationOf(...writes: FieldWrite[]): Operation {
  return by(1, ...writes);
}

/** A write that lies far beyond the horizon. */
function far(at: number): FieldWrite {
  return writeOf('s', `k${at}`, START_MS + 1e9 + at, at);
}

/** One author says what he can beyond the horizon, a write in each operation. */
async function fill(store: LoggedStore): Promise<number> {
  let last: Operation | undefined;
  for (let at = 0; at < 30; at += 1) {
    last = operationAfter(authorOf(1), last?.header, bodyOf([far(at)]));
    expect(await store.take(last)).to.deep.include({ ok: true, placement: 'append' });
  }
  return store.small.writer.deferredCount;
}

/** Another author's is taken, and applied when its time comes. */
async function expectTaken(store: LoggedStore): Promise<void> {
  const before = store.small.writer.deferredCount;
  await store.take(by(2, writeOf('t', 'k', START_MS + 1e9, 'honest')));
  expect(store.small.writer.deferredCount).to.equal(before + 1);
  store.small.time.advance(2e9);
  await store.small.writer.idle();
  expect((await store.small.lines()).filter((line) => line.includes('honest'))).to.have.lengthOf(1);
  await store.close();
}

describe('store.logged-commits', () => {
  let store: LoggedStore;

  beforeEach(async () => {
    store = await openLogged();
  });

  afterEach(() => store.close());

  it('takes writes of a soul that belongs to a key only with an operation of that key', async () => {
    const write = writeOf(OWN_SOUL, 'name', 1, 'Ada');
    expect(await store.small.put([write])).to.deep.equal({ ok: false, reason: OWNED });
    expect(await store.take(operationOf(write))).to.deep.equal({
      ok: true,
      changed: [write],
      placement: 'append',
    });
  });

  it('finds one such write among very many others, and then takes none of them', async () => {
    const many = Array.from({ length: 5000 }, (_, at) => writeOf('s', `k${at}`, 1, at));
    const outcome = await store.small.put([...many, writeOf(OWN_SOUL, 'name', 1, 'Eve')]);
    expect(outcome).to.deep.equal({ ok: false, reason: OWNED });
    expect(await store.small.lines()).to.deep.equal([]);
    expect((await store.small.put(many)).ok).to.equal(true);
  });

  it('marks nothing for a witness when the commit failed, and everything when it is tried again', async () => {
    const write = writeOf('s', 'k', 1, 'v');
    await store.small.put([writeOf('s', 'first', 1, 'at once')]);
    store.small.storage.fails = (operation) => operation === 'commit';
    expect((await store.small.put([write])).ok).to.equal(false);
    expect(store.marks.size).to.equal(0);
    store.small.storage.fails = () => false;
    expect((await store.small.put([write])).ok).to.equal(true);
    expect(store.marks.size).to.equal(1);
  });

  it('gives what an operation of very many nodes changes of logs in portions', async () => {
    const { small, logs, forks } = store;
    const { storage, graph, limits, time } = small;
    const many = Array.from({ length: 5000 }, (_, at) => writeOf(`s${10_000 + at}`, 'k', 1, at));
    // The histories of these nodes must note the operation, as it says less than they have.
    await small.put(many.map(({ soul }) => writeOf(soul, 'other', 1, 1)));
    const commits = new LoggedCommits({
      group: () => new LogGroup(logs, forks, () => true),
      sources: new ChangedSources(logs, undefined),
      forks: { marks: forks, entries: new CountingEntries(storage, logs, forks) },
    });
    const commit = commits.begin();
    const group = new CommitGroup(storage, graph);
    const { clock } = time;
    const deferred = new DeferredWrites({ storage, limits, clock, wake: () => undefined });
    const request: PutRequest = {
      writes: many,
      operation: operationOf(...many),
      owner: undefined,
      settle: () => undefined,
    };
    await runWithPauses(group.gather([many]));
    await runWithPauses(group.load([many]));
    const won = await runWithPauses(commit.merge(request, { group, deferred, now: clock() }));
    const merged = { matured: [], byRequest: [won as readonly FieldWrite[]] };
    const portions: Change[][] = [];
    for (const some of await runWithPauses(commit.changes([request], merged, group)))
      portions.push(some.slice());
    expect(portions.flat().filter(([key]) => key.startsWith(HISTORY_PREFIX))).to.have.lengthOf(many.length);
    expect(Math.max(...portions.map(({ length }) => length))).to.be.below(500);
    expect(portions.filter(({ length }) => length === 0).length).to.be.below(3);
  });
});

describe('store.logged-commits and the future', () => {
  const minute = 60_000;

  it('leaves what an operation said about it to who signed that', async () => {
    const store = await openLogged();
    const write = writeOf('s', 'k', START_MS + minute, 'later');
    expect(await store.take(by(1, write))).to.include({ ok: true });
    store.small.time.advance(2 * minute);
    await store.small.writer.idle();
    expect(await store.small.lines()).to.have.lengthOf(1);
    expect(store.marks.size).to.equal(0);
    await store.close();
  });

  it('keeps operations whose writes find no room to wait in, and what else they say', async () => {
    const store = await openLogged({ limits: { futureWritesPerPeer: 2 } });
    const later = [1, 2, 3].map((at) => writeOf('s', `k${at}`, START_MS + minute + at, at));
    const outcome = await store.take(by(1, ...later, writeOf('s', 'now', 5, 'now')));
    expect(outcome).to.deep.include({ ok: true, placement: 'append' });
    expect(store.small.writer.deferredCount).to.equal(0);
    expect(await store.small.lines()).to.have.lengthOf(1);
    await store.close();
  });

  it('lets no more wait beyond the horizon than one peer may, whoever signs it', async () => {
    const store = await openLogged({ limits: { futureWritesPerPeer: 20 } });
    for (let author = 1; author <= 12; author += 1)
      await store.take(by(author, far(author), far(author + 100)));
    expect(store.small.writer.deferredCount).to.equal(20);
    await store.take(by(13, writeOf('s', 'near', START_MS + minute, 'near')));
    expect(store.small.writer.deferredCount).to.equal(21);
    await store.close();
  });

  it('lets one author not use up what others may say beyond the horizon', async () => {
    const store = await openLogged({ limits: { futureWritesPerPeer: 20 } });
    expect(await fill(store)).to.equal(2);
    await expectTaken(store);
  });

  it('remembers across a restart who has used how much of that', async () => {
    const limits = { futureWritesPerPeer: 20 };
    let store = await openLogged({ limits });
    await fill(store);
    const { memory } = store.small;
    await store.close();
    store = await openLogged({ limits, memory });
    expect(store.small.writer.deferredCount).to.equal(2);
    const { tip } = (await store.logs.heads())[0]!.head;
    const last = (await store.logs.operation(tip))!.header;
    await store.take(operationAfter(authorOf(1), last, bodyOf([far(50)])));
    expect(store.small.writer.deferredCount).to.equal(2);
    await expectTaken(store);
  });

  it('counts what is applied again from the logs against its authors as well', async () => {
    const store = await openLogged({ limits: { futureWritesPerPeer: 20 } });
    await fill(store);
    const fresh = await openLogged({ limits: { futureWritesPerPeer: 20 } });
    await replayLogs(store.logs, (request) => fresh.small.writer.submit(request));
    expect(fresh.small.writer.deferredCount).to.equal(2);
    await store.close();
    await expectTaken(fresh);
  });
});

describe('store.logged-commits that take only what is signed', () => {
  it('refuse every other request with a reason', async () => {
    const small = new SmallStore({
      logs: (storage) => {
        const logs = new LogStore(storage);
        const marks = new ForkMarks(storage, 'tolerate');
        return new LoggedCommits({
          forks: { marks, entries: new CountingEntries(storage, logs, marks) },
          group: () => new LogGroup(logs, marks, (id) => id === toHex(LOG_ID)),
          refusesUnsigned: true,
          sources: new ChangedSources(logs, undefined),
        });
      },
    });
    await small.open();
    const write = writeOf('s', 'k', 1, 'v');
    const reason = 'put: only what is signed is taken here';
    expect(await small.put([write])).to.deep.equal({ ok: false, reason });
    const outcome = await new Promise((settle) =>
      small.writer.submit({ writes: [write], operation: operationOf(write), owner: undefined, settle }),
    );
    expect(outcome).to.have.property('ok', true);
    await small.close();
  });
});

describe('store.logged-commits that are absent', () => {
  it('leave no place for an operation, which is refused', async () => {
    const small = new SmallStore({});
    await small.open();
    const write = writeOf('s', 'k', 1, 'v');
    const outcome = await new Promise((settle) =>
      small.writer.submit({ writes: [write], operation: operationOf(write), owner: undefined, settle }),
    );
    expect(outcome).to.deep.equal({ ok: false, reason: 'no logs are kept here' });
    expect(await small.lines()).to.deep.equal([]);
    await small.close();
  });
});
