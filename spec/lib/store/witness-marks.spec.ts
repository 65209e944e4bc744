import { expect } from 'chai';
import { MemoryStorage } from '../../../adapters/memory.ts';
import { finish } from '../../../lib/base/slices.ts';
import { writeOf, type FieldWrite } from '../../../lib/graph/write.ts';
import type { Change } from '../../../lib/store/storage.ts';
import { WitnessMarks } from '../../../lib/store/witness-marks.ts';

const MOST = 4 * 1024 * 1024;
const write = (soul: string, key: string): FieldWrite => writeOf(soul, key, 1, 1);

/** Marks writes in a commit of their own. */
async function mark(marks: WitnessMarks, storage: MemoryStorage, ...writes: FieldWrite[]): Promise<void> {
  const changes: Change[] = [];
  finish(marks.append(changes, [writes]));
  await storage.commit(changes);
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
    const changes: Change[] = [];
    finish(marks.append(changes, [[write('s', 'a')]]));
    marks.settle(false);
    finish(marks.append(changes, [[], []]));
    marks.settle(true);
    expect([marks.size, changes.length]).to.deep.equal([0, 1]);
    finish(marks.append(changes, [[write('s', 'a')]]));
    expect(changes[0]![0]).to.equal(changes[1]![0]);
  });

  it('cut what a large commit changed into several marks, with pauses between', async () => {
    const marks = new WitnessMarks(new MemoryStorage(), MOST);
    const changes: Change[] = [];
    const many = Array.from({ length: 1200 }, (_, at) => write('s', `${at}`));
    const steps = marks.append(changes, [many.slice(0, 700), many.slice(700)]);
    let pauses = 0;
    while (steps.next().done !== true) pauses += 1;
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
