import { expect } from 'chai';
import { writeOf, type FieldWrite } from '../../../lib/graph/write.ts';
import type { LogName } from '../../../lib/log/heights.ts';
import { namesOf, type Operation } from '../../../lib/log/operation.ts';
import { HeldEntries } from '../../../lib/store/held-entries.ts';
import { heldEntriesRange } from '../../../lib/store/log-keys.ts';
import type { Change } from '../../../lib/store/storage.ts';
import { bodyOf } from '../../support/log-bytes.ts';
import { authorOf, logOf, operationAfter } from '../../support/log-maker.ts';
import { openLogged, type LoggedStore } from '../../support/logged-store.ts';

const OLD = writeOf('s', 'old', 1, 'x');
const MID = writeOf('s', 'mid', 2, 'x');
const NEW = writeOf('s', 'new', 3, 'x');

describe('store.held-entries', () => {
  let store: LoggedStore;
  let entries: HeldEntries;
  let last: Operation | undefined;
  let name: LogName;
  let commits: (readonly Change[])[];

  beforeEach(async () => {
    store = await openLogged({ witnesses: false });
    entries = heldEntries();
    last = undefined;
    commits = [];
  });

  afterEach(() => store.close());

  function heldEntries(): HeldEntries {
    const commit = (changes: readonly Change[]): Promise<void> => {
      commits.push(changes);
      return store.small.storage.commit(changes);
    };
    return new HeldEntries({ storage: store.small.storage, store: store.logs, commit });
  }

  /** Appends an operation, which gives up all before it unless it is to stay. */
  async function say(writes: readonly FieldWrite[], prune = true): Promise<void> {
    last = operationAfter(authorOf(1), last?.header, bodyOf(writes), { prune });
    name = namesOf(last);
    expect((await store.take(last)).ok).to.equal(true);
  }

  async function look(now: number, of: LogName | undefined = name): Promise<(number | undefined)[]> {
    await entries.look(of, now, () => false);
    return [OLD, MID, NEW].map((write) => entries.sinceOf(write));
  }

  it('know since when, however often the log is given up, and across restarts', async () => {
    await say([OLD], false);
    await say([OLD]);
    expect(await look(10)).to.deep.equal([10, undefined, undefined]);
    await say([MID], false);
    await say([OLD, MID]);
    expect(await look(20)).to.deep.equal([10, 20, undefined]);
    entries = heldEntries();
    await say([NEW], false);
    expect(await look(30)).to.deep.equal([10, 20, 30]);
    expect(entries.sinceOf({ ...OLD, state: 2 })).to.equal(undefined);
  });

  it('begin anew for what was away, and know nothing later than now', async () => {
    await say([OLD], false);
    await say([OLD, MID]);
    await look(10);
    await say([MID]);
    expect(await look(20)).to.deep.equal([undefined, 10, undefined]);
    await say([OLD, MID]);
    expect(await look(30)).to.deep.equal([30, 10, undefined]);
    expect(await look(5), 'the time is gone that was counted').to.deep.equal([5, 5, undefined]);
  });

  it('know nothing of logs that gave up nothing, and keep nothing of any other', async () => {
    await say([OLD], false);
    expect(await look(10)).to.deep.equal([undefined, undefined, undefined]);
    await say([OLD]);
    await look(20);
    expect(entries.size).to.equal(1);
    expect(await look(30, { ...name, author: 'a'.repeat(64) })).to.deep.equal([
      undefined,
      undefined,
      undefined,
    ]);
    expect(await recordCount()).to.equal(0);
  });

  it('are written where something changed, and are none when nobody wants them', async () => {
    await say([OLD], false);
    await say(Array.from({ length: 500 }, (_, at) => writeOf('s', `k${at}`, 1, at)));
    await look(10);
    const { length } = commits;
    expect(length).to.be.within(10, 16);
    await look(20);
    expect(commits).to.have.lengthOf(length);
    await entries.look(undefined, 30, () => false);
    expect(await recordCount()).to.equal(0);
  });

  it('know those of other logs apart, those first that they knew before, as many as there is room for', async () => {
    const many = Array.from({ length: 40_000 }, (_, at) => writeOf('s', `z${at}`, 1, at));
    const [one, other] = await Promise.all(
      [2, 3].map(async (author) => {
        const first = operationAfter(authorOf(author), undefined, bodyOf([OLD]));
        const next = operationAfter(authorOf(author), first.header, bodyOf([OLD, ...many]), { prune: true });
        for (const operation of [first, next]) expect((await store.take(operation)).ok).to.equal(true);
        return namesOf(next);
      }),
    );
    await say([OLD], false);
    await say([MID]);
    await entries.look(name, 10, () => false, [other!]);
    entries = heldEntries();
    await entries.look(name, 20, () => false, [one!, other!]);
    expect([entries.sinceOf(OLD, other), entries.sinceOf(OLD, one)]).to.deep.equal([10, 20]);
    expect([entries.sinceOf(MID), entries.sinceOf(MID, one), entries.sinceOf(OLD)]).to.deep.equal([
      10,
      undefined,
      undefined,
    ]);
    expect(entries.size).to.equal(65_536 + 1);
    expect([one!, other!].map((log) => entries.sinceOf(many.at(-1)!, log))).to.deep.equal([undefined, 10]);
  });

  it('are none of another log with thousands of operations behind its prune point', async () => {
    const log = logOf(authorOf(2), 1, () => undefined);
    const prune = operationAfter(authorOf(2), log[0]!.header, bodyOf([OLD]), { prune: true });
    let before = prune;
    await Promise.all([store.take(log[0]!), store.take(prune)]);
    const since = async (): Promise<number | undefined> => {
      await entries.look(undefined, 10, () => false, [namesOf(prune)]);
      return entries.sinceOf(OLD, namesOf(prune));
    };
    for (const length of [4095, 1]) {
      expect(await since()).to.equal(10);
      const more: Operation[] = [];
      for (let at = 0; at < length; at += 1)
        more.push((before = operationAfter(authorOf(2), before.header, undefined)));
      await Promise.all(more.map((operation) => store.take(operation)));
    }
    expect(await since()).to.equal(undefined);
  });

  it('are read and written over many turns when they are very many', async () => {
    const many = Array.from({ length: 65_535 }, (_, at) => writeOf('s', `k${at}`, 1, 1));
    await say([OLD], false);
    await say(many);
    await say([MID], false);
    let turns = 0;
    const counter = setInterval(() => (turns += 1), 0);
    /** Looks; gives in how many turns that was before the first operation, and after the last one. */
    const turnsOf = async (now: number): Promise<[before: number, after: number]> => {
      const start = turns;
      const seen: number[] = [];
      await entries.look(name, now, () => {
        seen.push(turns);
        return false;
      });
      return [seen[0]! - start, turns - seen.at(-1)!];
    };
    const [, toWrite] = await turnsOf(10);
    entries = heldEntries();
    const [toRead] = await turnsOf(20);
    clearInterval(counter);
    expect([toWrite, toRead].map((some) => some > 0)).to.deep.equal([true, true]);
    expect([entries.size, entries.sinceOf(many[0]!), commits.length]).to.deep.equal([65_536, 10, 16]);
  });

  it('change nothing when they are told to end early', async () => {
    await say([OLD], false);
    await say([OLD]);
    await entries.look(name, 10, () => true);
    expect([entries.size, commits]).to.deep.equal([0, []]);
  });

  async function recordCount(): Promise<number> {
    const cursor = store.small.storage.range(heldEntriesRange());
    const { length } = await cursor.next(100);
    await cursor.close();
    return length;
  }
});
