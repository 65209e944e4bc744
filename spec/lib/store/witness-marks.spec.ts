import { expect } from 'chai';
import { MemoryStorage } from '../../../adapters/memory.ts';
import { finish } from '../../../lib/base/slices.ts';
import { writeOf, type FieldWrite } from '../../../lib/graph/write.ts';
import { markKey, witnessedChange } from '../../../lib/store/log-keys.ts';
import { markOfSource } from '../../../lib/store/node-source.ts';
import type { Change } from '../../../lib/store/storage.ts';
import { WitnessMarks, type Sources } from '../../../lib/store/witness-marks.ts';

const MOST = 4 * 1024 * 1024;
const write = (soul: string, key: string): FieldWrite => writeOf(soul, key, 1, 1);

/** Marks writes; none of their nodes name the mark unless they are told to. */
function changesOf(
  marks: WitnessMarks,
  batches: readonly (readonly FieldWrite[])[],
  takeSource: Sources['takeSource'] = () => false,
): Change[] {
  const changes: Change[] = [];
  finish(marks.mark(batches, { takeSource }));
  marks.appendChanges(changes);
  return changes;
}

/** Marks writes in a commit of their own. */
async function mark(marks: WitnessMarks, storage: MemoryStorage, ...writes: FieldWrite[]): Promise<void> {
  await storage.commit(changesOf(marks, [writes]));
  marks.settle(true);
}

describe('store.witness-marks', () => {
  it('keep the souls of what a commit changed, over a restart, in their order', async () => {
    const storage = new MemoryStorage();
    await storage.open();
    const marks = new WitnessMarks(storage, MOST);
    let wakes = 0;
    marks.onMarked(() => {
      wakes += 1;
    });
    await mark(marks, storage, write('s', 'a'), write('s', '\ud800'), write('t', 'a'));
    await mark(marks, storage, write('u', 'a'));
    expect([marks.size, wakes]).to.deep.equal([2, 1]);
    const again = new WitnessMarks(storage, MOST);
    again.onMarked(() => {
      wakes += 1;
    });
    await again.load();
    expect([again.size, wakes]).to.deep.equal([2, 2]);
    const { souls, keys } = await again.oldest(100);
    expect([...souls]).to.deep.equal(['s', 't', 'u']);
    await storage.commit(keys.map((key) => [key, undefined]));
    again.done(keys);
    expect(again.size).to.equal(0);
    await mark(again, storage, write('v', 'a'));
    expect((await again.oldest(1)).keys).to.not.have.members(keys);
  });

  it('give no more than is wanted, but at least one mark', async () => {
    const storage = new MemoryStorage();
    await storage.open();
    const marks = new WitnessMarks(storage, MOST);
    for (const soul of ['a', 'b', 'c']) await mark(marks, storage, write(soul, '1'), write(soul, '2'));
    expect((await marks.oldest(1)).keys).to.have.lengthOf(1);
    expect((await marks.oldest(4)).keys).to.have.lengthOf(2);
    expect((await marks.oldest(99)).keys).to.have.lengthOf(3);
  });

  it('forget what was not committed', () => {
    const marks = new WitnessMarks(new MemoryStorage(), MOST);
    const [lost] = changesOf(marks, [[write('s', 'a')]]);
    marks.settle(false);
    expect(changesOf(marks, [[], []])).to.deep.equal([]);
    marks.settle(true);
    expect(marks.size).to.equal(0);
    expect(changesOf(marks, [[write('s', 'a')]])[0]![0]).to.equal(lost![0]);
  });

  it('cut what a large commit changed into several marks, with pauses between', async () => {
    const marks = new WitnessMarks(new MemoryStorage(), MOST);
    const changes: Change[] = [];
    const many = Array.from({ length: 1200 }, (_, at) => write('s', `${at}`));
    const steps = marks.mark([many.slice(0, 700), many.slice(700)], { takeSource: () => false });
    let pauses = 0;
    while (steps.next().done !== true) pauses += 1;
    marks.appendChanges(changes);
    expect([pauses, changes.length]).to.deep.equal([2, 3]);
    marks.settle(true);
    expect(marks.size).to.equal(3);
    expect((await marks.oldest(1e9)).writes).to.deep.equal(many);
  });

  it('keep no more writes in memory than they may, and have the others read again', async () => {
    const storage = new MemoryStorage();
    await storage.open();
    const marks = new WitnessMarks(storage, MOST);
    const large = Array.from({ length: 5 }, (_, at) => writeOf('s', `${at}`, 1, 'x'.repeat(1024 * 1024)));
    for (const one of large) await mark(marks, storage, one);
    const first = await marks.oldest(1e9);
    expect([first.writes.length, first.souls.size]).to.deep.equal([3, 0]);
    marks.done(first.keys);
    await mark(marks, storage, large[0]!);
    const second = await marks.oldest(1e9);
    expect([second.writes.length, second.keys.length, [...second.souls]]).to.deep.equal([0, 2, ['s']]);
    marks.done(second.keys);
    expect((await marks.oldest(1)).writes).to.deep.equal([large[0]]);
    expect(marks.size).to.equal(1);
  });

  it('leave out what somebody else said while it waited, as long as anything waits', async () => {
    const storage = new MemoryStorage();
    await storage.open();
    const marks = new WitnessMarks(storage, MOST);
    marks.heard([write('s', 'early')]);
    await mark(marks, storage, write('s', 'early'), write('s', 'a'), write('s', 'b'));
    marks.heard([write('s', 'a'), writeOf('s', 'b', 2, 1), writeOf('s', 'b', 1, 2)]);
    const { writes, keys } = await marks.oldest(100);
    expect(writes).to.deep.equal([write('s', 'early'), write('s', 'b')]);
    marks.done(keys);
    await mark(marks, storage, write('s', 'a'));
    expect((await marks.oldest(100)).writes).to.deep.equal([write('s', 'a')]);
  });

  it('never have the number of one that was witnessed, also after a restart', async () => {
    const storage = new MemoryStorage();
    await storage.open();
    await storage.commit([witnessedChange(7, 'ab'.repeat(32))]);
    const marks = new WitnessMarks(storage, MOST);
    await marks.load();
    expect([marks.size, marks.waits(7), marks.end]).to.deep.equal([0, false, 8]);
    await mark(marks, storage, write('s', 'a'));
    expect([marks.waits(8), marks.waits(9)]).to.deep.equal([true, false]);
    const again = new WitnessMarks(storage, MOST);
    await again.load();
    expect([again.first, again.end]).to.deep.equal([8, 9]);
  });

  it('share their numbers with operations that commits sign, which wait for nobody, also after a restart', async () => {
    const storage = new MemoryStorage();
    await storage.open();
    const marks = new WitnessMarks(storage, MOST);
    const woken: boolean[] = [];
    marks.onMarked((isFull) => woken.push(isFull));
    /** A commit that signs, and marks as well. */
    const commit = async (signs: number, ...writes: FieldWrite[]): Promise<void> => {
      const taken = Array.from({ length: signs }, () => marks.takeNumber());
      const changes = writes.length === 0 ? [] : changesOf(marks, [writes]);
      await storage.commit([...changes, ...taken.map((number) => witnessedChange(number, 'ab'.repeat(32)))]);
      marks.settle(true);
    };
    await commit(2);
    expect([marks.size, marks.first, marks.end, marks.waits(1), woken]).to.deep.equal([0, 3, 3, false, []]);
    await commit(1, write('s', 'a'));
    await commit(1);
    await commit(0, write('s', 'b'));
    await commit(1);
    const numbers = [3, 4, 5, 6, 7, 8];
    expect(numbers.filter((number) => marks.waits(number))).to.deep.equal([4, 6]);
    expect(woken).to.deep.equal([false]);
    const again = new WitnessMarks(storage, MOST);
    await again.load();
    expect(numbers.filter((number) => again.waits(number))).to.deep.equal([4, 6]);
    expect((await marks.oldest(1)).keys).to.deep.equal([markKey(4)]);
    expect((await marks.oldest(9)).keys).to.deep.equal([markKey(4), markKey(6)]);
    marks.done([markKey(4)]);
    expect([marks.first, marks.size]).to.deep.equal([6, 2]);
    marks.done([markKey(6)]);
    expect([marks.first, marks.end, marks.size]).to.deep.equal([8, 8, 0]);
    marks.takeNumber();
    marks.settle(false);
    expect(marks.end).to.equal(8);
  });

  it('tell after a restart of any number of signed operations that they do not wait', async () => {
    const storage = new MemoryStorage();
    await storage.open();
    const signed = Array.from({ length: 2500 }, (_, at) => at + 2);
    await storage.commit([
      [markKey(1), '["s"]'],
      ...signed.map((number) => witnessedChange(number, 'ab'.repeat(32))),
    ]);
    const marks = new WitnessMarks(storage, MOST);
    await marks.load();
    expect([marks.first, marks.end, marks.waits(1)]).to.deep.equal([1, 2502, true]);
    expect(signed.filter((number) => marks.waits(number))).to.deep.equal([]);
    marks.done([markKey(1)]);
    expect([marks.first, marks.size]).to.deep.equal([2502, 0]);
  });

  it('have noted where the record of a node does not name them, or no more', async () => {
    const storage = new MemoryStorage();
    await storage.open();
    const marks = new WitnessMarks(storage, MOST);
    const named: string[] = [];
    const takeSource: Sources['takeSource'] = ({ soul }, source) => {
      named.push(`${soul} ${markOfSource(source)}`);
      return soul !== 'plain';
    };
    const souls = ['a', 'b', 'plain'];
    await storage.commit(
      changesOf(
        marks,
        souls.map((soul) => [write(soul, 'k')]),
        takeSource,
      ),
    );
    marks.settle(true);
    expect(named).to.deep.equal(['a 1', 'b 1', 'plain 1']);
    const { notes } = await marks.oldest(100);
    expect(souls.map((soul) => notes!(soul))).to.deep.equal([false, false, true]);
    marks.displace(1, 'b');
    marks.displace(9, 'a');
    expect(souls.map((soul) => notes!(soul))).to.deep.equal([false, true, true]);
    const again = new WitnessMarks(storage, MOST);
    await again.load();
    expect((await again.oldest(100)).notes).to.equal(undefined);
  });

  it('remember of one operation only as much as one turn has time for', async () => {
    const storage = new MemoryStorage();
    await storage.open();
    const marks = new WitnessMarks(storage, 1e9);
    await mark(marks, storage, write('s', 'a'), write('s', 'b'));
    const many = Array.from({ length: 9999 }, (_, at) => write('s', `${at}`));
    marks.heard([...many, write('s', 'a'), write('s', 'b')]);
    expect((await marks.oldest(100)).writes).to.deep.equal([write('s', 'b')]);
  });

  it('remember no more of what others said than they may', async () => {
    const storage = new MemoryStorage();
    await storage.open();
    const marks = new WitnessMarks(storage, 100);
    await mark(marks, storage, write('s', 'a'));
    const many = Array.from({ length: 50 }, (_, at) => write('s', `${at}`));
    marks.heard(many);
    marks.heard([write('s', 'a')]);
    expect((await marks.oldest(100)).writes).to.deep.equal([write('s', 'a')]);
  });
});
