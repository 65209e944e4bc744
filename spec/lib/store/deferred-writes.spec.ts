import { expect } from 'chai';
import { limitsWith, type Limits } from '../../../lib/base/limits.ts';
import { finish, type Slices } from '../../../lib/base/slices.ts';
import { writeOf, type FieldWrite } from '../../../lib/graph/write.ts';
import { DeferredWrites } from '../../../lib/store/deferred-writes.ts';
import { deferredKey } from '../../../lib/store/keys.ts';
import type { Change } from '../../../lib/store/storage.ts';
import { MemoryStorage } from '../../../adapters/memory.ts';
import { FakeClock, START_MS } from '../../support/fake-clock.ts';
import { ImpatientSlices } from '../../support/impatient-slices.ts';
import { expectNoLoosePieces, pieceKeys } from '../../support/loose-pieces.ts';

/** A write some milliseconds ahead of the start. */
function ahead(byMs: number, key = 'k', value = 'v'): FieldWrite {
  return writeOf('s', key, START_MS + byMs, value);
}

function changesOf(each: DeferredWrites): Change[] {
  const changes: Change[] = [];
  finish(each.appendChanges(changes));
  return changes;
}

/** A text that is stored in pieces. */
function long(letter: string): string {
  return letter.repeat(70_000);
}

describe('store DeferredWrites', () => {
  let storage: MemoryStorage;
  let time: FakeClock;
  let woken: number;
  const opened: DeferredWrites[] = [];

  beforeEach(async () => {
    storage = new MemoryStorage();
    await storage.open();
    time = new FakeClock();
    woken = 0;
  });

  afterEach(async () => {
    for (const each of opened.splice(0)) each.close();
    await storage.close();
  });

  function deferred(limits: Partial<Limits> = {}, slices?: Slices): DeferredWrites {
    const created = new DeferredWrites({
      ...(slices === undefined ? {} : { slices }),
      storage,
      limits: limitsWith(limits),
      clock: time.clock,
      startTimer: time.startTimer,
      wake: () => {
        woken += 1;
      },
    });
    opened.push(created);
    return created;
  }

  /** What the writer does with a group that only lets writes wait. */
  async function commit(each: DeferredWrites, ...writes: FieldWrite[]): Promise<void> {
    for (const write of writes) each.add(write, undefined);
    await storage.commit(changesOf(each));
    finish(each.settle(true));
    each.arm();
  }

  /** What the writer does when something is due. */
  async function apply(each: DeferredWrites, committed = true): Promise<FieldWrite[]> {
    const due = each.takeDue(time.clock());
    const changes = changesOf(each);
    if (committed) await storage.commit(changes);
    finish(each.settle(committed));
    each.arm();
    return due;
  }

  it('let go of what is not to come, unless the commit fails', () => {
    const each = deferred();
    for (const write of [ahead(1, 'a', long('x')), ahead(2, 'b')]) each.add(write, 'owner');
    const [, , ...pieces] = changesOf(each).toReversed();
    finish(each.settle(true));
    expect(each.waits(ahead(2, 'b'))).to.equal(true);
    expect(each.waits(ahead(2, 'b', 'w'))).to.equal(false);
    each.drop(ahead(2, 'b'));
    expect(changesOf(each)).to.deep.equal([[deferredKey(START_MS + 2, 's', 'b'), undefined]]);
    finish(each.settle(false));
    expect(each.size).to.equal(2);
    each.drop(ahead(1, 'a'));
    each.drop(ahead(9, 'nothing'));
    expect(changesOf(each).map(([, value]) => value)).to.deep.equal([
      undefined,
      ...pieces.map(() => undefined),
    ]);
    finish(each.settle(true));
    expect(each.size).to.equal(1);
  });

  it('refuses what lies beyond the horizon, and names it', () => {
    const each = deferred({ futureMs: 1000 });
    expect(each.refusal([ahead(1000)], 'p', START_MS)).to.equal(undefined);
    const reason = each.refusal([ahead(1), ahead(1000.5, 'far')], 'p', START_MS);
    expect(reason).to.equal('put["s"]["far"]: state is more than 1000 ms in the future');
  });

  it('cuts long names in the text of a refusal', () => {
    const far = writeOf('x'.repeat(9000), 'y'.repeat(9000), START_MS * 2, 1);
    expect(deferred().refusal([far], 'p', START_MS)!.length).to.be.lessThan(250);
  });

  it('refuses what has no room', async () => {
    const each = deferred({ futureWrites: 2 });
    expect(each.refusal([ahead(1, 'a'), ahead(1, 'b'), ahead(1, 'c')], 'p', START_MS)).to.contain('too many');
    await commit(each, ahead(1, 'a'), ahead(1, 'b'));
    expect(each.refusal([ahead(1, 'c')], 'p', START_MS)).to.equal(
      'put: too many writes from the future are waiting',
    );
  });

  it('keeps each write under the place of its state, soul and key', () => {
    const each = deferred();
    each.add(ahead(5, 'k', 'b'), undefined);
    each.add(ahead(5, 'k', 'a'), undefined);
    expect(changesOf(each)).to.deep.equal([[deferredKey(START_MS + 5, 's', 'k'), '"b"']]);
  });

  it('gives nothing before its time, then everything that is due, earliest first', async () => {
    const each = deferred();
    await commit(each, ahead(30), ahead(10), ahead(20, 'l'));
    expect(each.isDue()).to.equal(false);
    expect(each.takeDue(time.clock())).to.deep.equal([]);
    time.jumpTo(START_MS + 20);
    expect(each.isDue()).to.equal(true);
    expect(await apply(each)).to.deep.equal([ahead(10), ahead(20, 'l')]);
    expect(each.size).to.equal(1);
  });

  it('sets one timer for all, to the earliest time', async () => {
    const each = deferred();
    await commit(each, ahead(300), ahead(100), ahead(200));
    expect([time.timerCount, time.nextTimerMs]).to.deep.equal([1, 100]);
    await commit(each, ahead(50));
    expect([time.timerCount, time.nextTimerMs]).to.deep.equal([1, 50]);
    time.advance(49);
    expect(woken).to.equal(0);
    time.advance(1);
    expect(woken).to.equal(1);
    await apply(each);
    expect(time.nextTimerMs).to.equal(50);
  });

  it('sets no timer when nothing waits', async () => {
    const each = deferred();
    each.arm();
    expect(time.timerCount).to.equal(0);
    await commit(each, ahead(1));
    time.jumpTo(START_MS + 1);
    await apply(each);
    expect(time.timerCount).to.equal(0);
  });

  it('waits in whole milliseconds, so that a fraction is over when it wakes', async () => {
    await commit(deferred(), ahead(10.25));
    expect(time.nextTimerMs).to.equal(11);
  });

  it('waits in steps for times that no timer reaches', async () => {
    const each = deferred({ futureMs: 1e15 });
    await commit(each, ahead(1e12));
    expect(time.nextTimerMs).to.equal(2_147_483_647);
  });

  it('deletes what was applied in the commit that applies it', async () => {
    const each = deferred();
    await commit(each, ahead(1));
    time.jumpTo(START_MS + 1);
    each.takeDue(time.clock());
    expect(changesOf(each)).to.deep.equal([[deferredKey(START_MS + 1, 's', 'k'), undefined]]);
  });

  it('gives what could not be applied again, after a pause', async () => {
    const each = deferred();
    await commit(each, ahead(1), ahead(2, 'l'));
    time.jumpTo(START_MS + 5);
    expect(await apply(each, false)).to.have.length(2);
    expect([each.size, each.isDue(), time.nextTimerMs]).to.deep.equal([2, false, 1000]);
    expect(each.takeDue(time.clock())).to.deep.equal([]);
    time.advance(1000);
    expect([woken, each.isDue()]).to.deep.equal([1, true]);
    expect(await apply(each)).to.deep.equal([ahead(1), ahead(2, 'l')]);
    expect(each.size).to.equal(0);
  });

  it('lets go of what could not be stored', async () => {
    const each = deferred();
    each.add(ahead(1), 'p');
    finish(each.settle(false));
    expect(each.size).to.equal(0);
    expect(changesOf(each)).to.deep.equal([]);
  });

  it('gives a place back to the stored write when the greater one could not be stored', async () => {
    const each = deferred();
    await commit(each, ahead(5, 'k', 'a'));
    each.add(ahead(5, 'k', 'b'), 'p');
    each.add(ahead(5, 'k', 'c'), 'q');
    finish(each.settle(false));
    time.jumpTo(START_MS + 5);
    expect(await apply(each)).to.deep.equal([ahead(5, 'k', 'a')]);
    expect(each.size).to.equal(0);
  });

  it('finds what waits again when it is opened over the same storage', async () => {
    const odd = writeOf('\u0000__proto__', '\ud800', START_MS + 7.5, { '#': '\ud800' });
    await commit(deferred(), ahead(30), odd, ahead(10));
    const again = deferred();
    expect(await again.load()).to.equal(3);
    expect(again.size).to.equal(3);
    time.jumpTo(START_MS + 30);
    expect(await apply(again)).to.deep.equal([odd, ahead(10), ahead(30)]);
    const third = deferred();
    expect(await third.load()).to.equal(0);
  });

  it('loads more than one step of a walk holds', async () => {
    const writes = Array.from({ length: 2500 }, (_, index) => ahead(1 + index));
    await commit(deferred(), ...writes);
    const again = deferred();
    expect(await again.load()).to.equal(2500);
    expect(time.timerCount).to.equal(2);
  });

  describe('with long values', () => {
    it('finds them again when it is opened over the same storage, over many turns', async () => {
      const writes = [ahead(5, 'a', long('a')), ahead(6, 'b', 'short'), ahead(7, 'c', long('c'))];
      await commit(deferred(), ...writes);
      const slices = new ImpatientSlices();
      const again = deferred({}, slices);
      expect(await again.load()).to.equal(3);
      expect(slices.turns).to.be.greaterThan(0);
      time.jumpTo(START_MS + 7);
      expect(await apply(again)).to.deep.equal(writes);
      expect(await pieceKeys(storage)).to.deep.equal([]);
    });

    it('keeps the pieces of the last holder of a place and of no other', async () => {
      const each = deferred();
      await commit(each, ahead(5, 'k', long('a')));
      await commit(each, ahead(5, 'k', long('b')), ahead(5, 'k', long('c')), ahead(5, 'k', long('a')));
      expect(await pieceKeys(storage)).to.have.length(3);
      await expectNoLoosePieces(storage);
      await commit(each, ahead(5, 'k', 'd'));
      expect(await pieceKeys(storage)).to.deep.equal([]);
    });

    it('keeps the pieces of the stored one when its successor could not be stored', async () => {
      const each = deferred();
      await commit(each, ahead(5, 'k', long('a')));
      each.add(ahead(5, 'k', long('b')), undefined);
      changesOf(each);
      finish(each.settle(false));
      await expectNoLoosePieces(storage);
      time.jumpTo(START_MS + 5);
      expect(await apply(each)).to.deep.equal([ahead(5, 'k', long('a'))]);
      expect(await pieceKeys(storage)).to.deep.equal([]);
    });

    it('rejects when a piece is missing', async () => {
      await commit(deferred(), ahead(5, 'k', long('a')));
      const [, second] = await pieceKeys(storage);
      await storage.commit([[second!, undefined]]);
      let error: unknown;
      await deferred()
        .load()
        .catch((thrown: unknown) => (error = thrown));
      expect(error).to.have.property('code', 'STORAGE_FAILED');
    });
  });

  it('gives a thousand writes at a time', async () => {
    const each = deferred();
    await commit(each, ...Array.from({ length: 1500 }, (_, index) => ahead(1 + index / 2)));
    time.jumpTo(START_MS + 2000);
    const first = await apply(each);
    const second = await apply(each);
    expect([first.length, second.length, each.size]).to.deep.equal([1000, 500, 0]);
    expect(first[999]!.state).to.be.lessThan(second[0]!.state);
  });

  it('wakes nobody and gives nothing once it is closed', async () => {
    const each = deferred();
    await commit(each, ahead(1));
    each.close();
    time.advance(10);
    each.arm();
    expect([woken, time.timerCount, each.isDue()]).to.deep.equal([0, 0, false]);
    expect(each.takeDue(time.clock())).to.deep.equal([]);
    const again = deferred();
    expect(await again.load()).to.equal(1);
  });

  it('waits on the timers of the engine when it is given no others', async () => {
    const woke = new Promise<void>((wake) => {
      const each = new DeferredWrites({ storage, limits: limitsWith(), clock: time.clock, wake });
      opened.push(each);
      each.add(ahead(2), undefined);
      finish(each.settle(true));
      each.arm();
      each.add(ahead(1), undefined);
      finish(each.settle(true));
      each.arm();
    });
    await woke;
    expect(opened[0]!.size).to.equal(2);
  });
});
