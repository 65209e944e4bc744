import { expect } from 'chai';
import { writeOf, type FieldWrite } from '../../../lib/graph/write.ts';
import { runWithPauses } from '../../../lib/base/slices.ts';
import { CountingEntries } from '../../../lib/store/counting-entries.ts';
import { START_MS } from '../../support/fake-clock.ts';
import { bodyOf } from '../../support/log-bytes.ts';
import { authorOf, logOf, operationAfter } from '../../support/log-maker.ts';
import { openLogged, type LoggedStore } from '../../support/logged-store.ts';

describe('store.counting-entries', () => {
  let store: LoggedStore;
  let entries: CountingEntries;

  beforeEach(async () => {
    store = await openLogged({ policy: 'hide', witnesses: false });
    entries = new CountingEntries(store.small.storage, store.logs, store.forks);
  });
  afterEach(() => store.close());

  async function says(author: number, ...writes: FieldWrite[]): Promise<void> {
    await store.take(logOf(authorOf(author), 1, () => bodyOf(writes))[0]!);
  }

  /** Lets an author say two things at one place. */
  async function forks(author: number, ...writes: FieldWrite[]): Promise<void> {
    await says(author, ...writes);
    await store.take(
      operationAfter(authorOf(author), undefined, bodyOf([writeOf('other', 'branch', 1, author)])),
    );
    await store.hider.idle();
  }

  async function successor(write: FieldWrite): Promise<FieldWrite | undefined> {
    const found = await runWithPauses(entries.successors(write.soul, [write], START_MS, Infinity));
    return found.get(write);
  }

  it('finds the best of what others say, and nothing where they say nothing', async () => {
    const hidden = writeOf('s', 'a', 9, 'hidden');
    await forks(1, hidden, writeOf('s', 'b', 9, 1));
    await says(2, writeOf('s', 'a', 3, 'x'));
    await says(3, writeOf('s', 'a', 4, 'y'), writeOf('s', 'b', START_MS + 1, 'later'));
    await forks(4, writeOf('s', 'a', 5, 'of another forked log'));
    expect(await successor(hidden)).to.deep.equal(writeOf('s', 'a', 4, 'y'));
    expect(await successor(writeOf('s', 'b', 9, 1))).to.equal(undefined);
  });

  it('leaves what somebody else says too, or what was there before', async () => {
    await store.small.put([writeOf('s', 'a', 9, 'here')]);
    const [here, said] = [writeOf('s', 'a', 9, 'here'), writeOf('s', 'b', 9, 'said')];
    await forks(1, here, said);
    await says(2, said);
    expect(await successor(here)).to.equal(here);
    expect(await successor(said)).to.deep.equal(said);
    expect(await successor(writeOf('nobody', 'said', 1, 1))).to.deep.equal(writeOf('nobody', 'said', 1, 1));
  });

  it('puts in the place of an entry of the future only what has the same state', async () => {
    const hidden = writeOf('s', 'a', START_MS + 9, 'hidden');
    await forks(1, hidden, writeOf('s', 'b', START_MS + 9, 'hidden'));
    await says(2, writeOf('s', 'a', START_MS + 9, 'a'), writeOf('s', 'b', START_MS + 8, 'b'));
    expect(await successor(hidden)).to.deep.equal(writeOf('s', 'a', START_MS + 9, 'a'));
    expect(await successor(writeOf('s', 'b', START_MS + 9, 'hidden'))).to.equal(undefined);
  });

  it('goes through more operations than it reads in one step, and asks each of many properties once', async () => {
    const many = Array.from({ length: 200 }, (_, at) => writeOf('s', `k${at}`, 500, at));
    await forks(1, ...many);
    const log = logOf(authorOf(2), 200, (at) => bodyOf([writeOf('s', `k${at % 150}`, at + 1, 'other')]));
    for (const operation of log) await store.take(operation);
    const before = store.small.storage.steps;
    const found = await runWithPauses(entries.successors('s', many, START_MS, Infinity));
    expect(store.small.storage.steps - before).to.be.below(3 * 200);
    for (const [at, write] of many.entries()) {
      const state = at < 50 ? at + 151 : at + 1;
      expect(found.get(write)).to.deep.equal(at < 150 ? writeOf('s', `k${at}`, state, 'other') : undefined);
    }
    expect(store.small.storage.openCursors).to.equal(0);
  });

  it('tells of no more than there is room for, but of one entry at least', async () => {
    const many = Array.from({ length: 9 }, (_, at) => writeOf('s', `k${at}`, 500, at));
    await forks(1, ...many);
    await says(2, ...many.slice(0, 8).map(({ key }) => writeOf('s', key, 5, 'x'.repeat(98))));
    for (const [most, count] of [
      [1000, 9],
      [800, 9],
      [799, 7],
      [100, 1],
      [1, 1],
    ] as const) {
      const found = await runWithPauses(entries.successors('s', many, START_MS, most));
      expect([...found.keys()]).to.deep.equal(many.slice(0, count));
    }
  });

  it('knows what only a hidden log says', async () => {
    const [alone, shared] = [writeOf('s', 'a', 9, 'alone'), writeOf('s', 'b', 9, 'shared')];
    await forks(1, alone, shared);
    await says(2, shared);
    const other = writeOf('s', 'a', 9, 'something else');
    const echoes = await runWithPauses(entries.echoes('s', [alone, shared, other]));
    expect([...echoes]).to.deep.equal([alone]);
    expect(store.small.storage.openCursors).to.equal(0);
  });

  it('looks no further than some operations for an unsigned write', async () => {
    const alone = writeOf('s', 'a', 9, 'alone');
    await forks(1, alone);
    const log = logOf(authorOf(2), 1100, (at) => bodyOf([writeOf('s', 'b', START_MS + at, at)]));
    for (const operation of log) await store.take(operation);
    expect((await runWithPauses(entries.echoes('s', [alone]))).size).to.equal(0);
  });
});
