import { expect } from 'chai';
import { FutureWrites, placeOf } from '../../../lib/api/future-writes.ts';
import { limitsWith, type Limits } from '../../../lib/base/limits.ts';
import { writeOf, type Entry, type FieldWrite } from '../../../lib/graph/write.ts';
import { FakeClock, START_MS } from '../../support/fake-clock.ts';

const FAR_MS = 100 * 24 * 60 * 60 * 1000;

/** Future writes of one node that nobody keeps. */
class Bench {
  readonly time = new FakeClock();
  readonly fields = new Map<string, Entry>();
  woken = 0;
  readonly future: FutureWrites;

  constructor(limits: Partial<Limits> = {}) {
    this.future = new FutureWrites(limitsWith(limits), this.time, () => void (this.woken += 1));
  }

  readonly view = {
    current: (_: string, key: string): Entry | undefined => this.fields.get(key),
    accept: (taken: FieldWrite): void => void this.fields.set(taken.key, taken),
  };

  /** Keys that changed and keys that wait, or why the writes are refused. */
  merge(writes: readonly FieldWrite[], isOwn = false): unknown {
    const merged = this.future.merge(writes, isOwn, this.view);
    if (!merged.ok) return merged.reason;
    return [merged.value.changed.map(({ key }) => key), merged.value.waiting.map(({ key }) => key)];
  }
}

function write(key: string, byMs: number, value = 'x'): FieldWrite {
  return writeOf('s', key, START_MS + byMs, value);
}

describe('FutureWrites', () => {
  it('merges what is due, and tells what waits', () => {
    const bench = new Bench();
    expect(bench.merge([write('a', 0), write('b', 9), write('a', -1)])).to.deep.equal([['a'], ['b']]);
    expect(bench.merge([write('c', -2, 'x'), write('c', -1, 'y')])).to.deep.equal([['c'], []]);
    expect([...bench.fields.keys()]).to.deep.equal(['a', 'c']);
  });

  it('counts the time of own writes as reached, also for what others write then', () => {
    const bench = new Bench();
    expect(bench.merge([write('a', 9)], true)).to.deep.equal([['a'], []]);
    expect(bench.merge([write('b', 9), write('c', 10)])).to.deep.equal([['b'], ['c']]);
  });

  it('wakes when the first is due, once, and gives what is', () => {
    const bench = new Bench();
    bench.merge([write('b', 20), write('c', 30)]);
    bench.merge([write('a', 10)]);
    expect([bench.time.timerCount, bench.time.nextTimerMs]).to.deep.equal([1, 10]);
    bench.time.advance(20);
    expect(bench.woken).to.equal(1);
    expect(bench.future.takeDue().map(({ key }) => key)).to.deep.equal(['b', 'a']);
    expect([bench.time.timerCount, bench.time.nextTimerMs]).to.deep.equal([1, 10]);
    bench.future.close();
    expect(bench.time.timerCount).to.equal(0);
  });

  it('waits in portions that a timer can count', () => {
    const bench = new Bench({ futureMs: Infinity });
    bench.merge([write('a', FAR_MS)]);
    bench.time.advance(FAR_MS / 2);
    expect(bench.future.takeDue()).to.deep.equal([]);
    bench.time.advance(FAR_MS / 2);
    expect(bench.future.takeDue()).to.have.length(1);
  });

  it('keeps of two values of one state the one that HAM would take', () => {
    const bench = new Bench();
    expect(bench.merge([write('a', 9, 'b'), write('a', 9, 'a')])).to.deep.equal([[], ['a']]);
    expect(bench.merge([write('a', 9, 'b')])).to.deep.equal([[], []]);
    expect(bench.merge([write('a', 9, 'c'), write('a', 8, 'c')])).to.deep.equal([[], ['a', 'a']]);
    bench.time.advance(9);
    const due = bench.future.takeDue();
    expect(due.map(({ json }) => json)).to.deep.equal(['"c"', '"c"']);
    expect(bench.future.mature(due, bench.view).map(({ state }) => state - START_MS)).to.deep.equal([9]);
    expect(placeOf(write('a', 9))).to.not.equal(placeOf(write('a', 8)));
  });

  it('refuses whole what lies too far ahead', () => {
    const bench = new Bench({ futureMs: 50 });
    expect(bench.merge([write('a', 0), write('b', 51)])).to.equal('state is too far in the future');
    expect(bench.merge([write('b', 50)])).to.deep.equal([[], ['b']]);
    expect(bench.fields.size).to.equal(0);
  });

  it('refuses what is too much, in number or in bytes, and takes it again when there is room', () => {
    const tooMany = 'too many writes wait for their time';
    const few = new Bench({ futureWrites: 2 });
    few.merge([write('a', 9), write('b', 10)]);
    expect(few.merge([write('c', 9)])).to.equal(tooMany);
    expect(few.merge([write('c', 0)])).to.deep.equal([['c'], []]);
    few.time.advance(9);
    few.future.takeDue();
    expect(few.merge([write('c', 11)])).to.deep.equal([[], ['c']]);
    const short = new Bench({ futureBytes: 10_000 });
    expect(short.merge([write('a', 9, 'x'.repeat(5000))])).to.equal(tooMany);
    expect(short.merge([write('a', 9, 'x'.repeat(4000))])).to.deep.equal([[], ['a']]);
    expect(short.merge([write('b', 9, 'x'.repeat(1000))])).to.equal(tooMany);
  });

  it('forgets all for what it is told to wait', () => {
    const bench = new Bench({ futureWrites: 1 });
    bench.merge([write('a', 9)]);
    bench.future.reset([write('b', 20)]);
    expect(bench.time.nextTimerMs).to.equal(20);
    bench.time.advance(20);
    expect(bench.future.takeDue().map(({ key }) => key)).to.deep.equal(['b']);
    expect(bench.merge([write('c', 30)])).to.deep.equal([[], ['c']]);
  });
});
