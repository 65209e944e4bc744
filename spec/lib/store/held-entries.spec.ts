import { expect } from 'chai';
import { writeOf, type FieldWrite } from '../../../lib/graph/write.ts';
import type { LogName } from '../../../lib/log/heights.ts';
import { namesOf, type Operation } from '../../../lib/log/operation.ts';
import { HeldEntries } from '../../../lib/store/held-entries.ts';
import { heldEntriesRange } from '../../../lib/store/log-keys.ts';
import type { Change } from '../../../lib/store/storage.ts';
import { bodyOf } from '../../support/log-bytes.ts';
import { authorOf, operationAfter } from '../../support/log-maker.ts';
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
