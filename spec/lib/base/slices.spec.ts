import { expect } from 'chai';
import {
  finish,
  runWithPauses,
  Slices,
  waitFor,
  type Steps,
  type WaitingSteps,
} from '../../../lib/base/slices.ts';

/** Turns that a test gives, and a clock that work moves. */
class Turns {
  nowMs = 0;
  readonly #tasks: (() => void)[] = [];
  readonly slices: Slices = new Slices({
    schedule: (task) => this.#tasks.push(task),
    now: () => this.nowMs,
  });

  /** Work of so many steps, a millisecond each, that writes its name down. */
  *work(name: string, steps: number, log: string[]): Generator<void, string> {
    for (let step = 0; step < steps; step += 1) {
      log.push(name);
      this.nowMs += 1;
      yield;
    }
    return name;
  }

  async next(): Promise<void> {
    for (const task of this.#tasks.splice(0)) task();
    await Promise.resolve();
  }
}

function* failing(turns: Turns): Steps<never> {
  turns.nowMs += 10;
  yield;
  throw new Error('in the second step');
}

/** Two pieces of work, and a value that is waited for between them. */
function* around<T>(turns: Turns, value: T | Promise<T>): WaitingSteps<T> {
  yield* turns.work('before', 1, []);
  const found = yield* waitFor(value);
  yield* turns.work('after', 1, []);
  return found;
}

function* busy(): WaitingSteps<string> {
  for (let step = 0; step < 30; step += 1) {
    const until = performance.now() + 1;
    while (performance.now() < until);
    yield;
  }
  return yield* waitFor(Promise.resolve('value'));
}

function* catching(): WaitingSteps<string> {
  try {
    yield Promise.reject(new Error('later'));
    return 'nothing';
  } catch (error) {
    return String(error);
  }
}

function* throwing(waits: boolean): WaitingSteps<void> {
  if (waits) yield Promise.resolve();
  throw new Error('thrown');
}

/** Much work, then some more after each of many waits. */
function* waitingOften(turns: Turns, log: string[]): WaitingSteps<number> {
  yield* turns.work('a', 5, log);
  for (let wait = 0; wait < 5; wait += 1) {
    yield Promise.resolve();
    yield* turns.work('b', 3, log);
  }
  return log.length;
}

describe('base Slices', () => {
  it('does work that fits into a slice at once', () => {
    const turns = new Turns();
    expect(turns.slices.run(turns.work('a', 4, []))).to.be.instanceOf(Promise);
    const small = new Turns();
    expect(small.slices.run(small.work('a', 3, []))).to.equal('a');
  });

  it('spreads longer work over turns, a slice in each', async () => {
    const turns = new Turns();
    const log: string[] = [];
    const done = turns.slices.run(turns.work('a', 10, log));
    const counts = [log.length];
    while (turns.slices.size > 0) {
      await turns.next();
      counts.push(log.length);
    }
    expect(counts).to.deep.equal([4, 8, 10]);
    expect(await done).to.equal('a');
  });

  it('lets works take turns, and all of them together have one slice a turn', async () => {
    const turns = new Turns();
    const log: string[] = [];
    const done = [turns.slices.run(turns.work('a', 12, log)), turns.slices.run(turns.work('b', 9, log))];
    expect(log.join('')).to.equal('aaaab');
    await turns.next();
    await turns.next();
    expect(log.join('')).to.equal('aaaabaaaabbbb');
    while (turns.slices.size > 0) await turns.next();
    expect(log.join('')).to.equal('aaaabaaaabbbbaaaabbbb');
    expect([await done[0], await done[1]]).to.deep.equal(['a', 'b']);
  });

  it('does small work at once while long work waits', () => {
    const turns = new Turns();
    void turns.slices.run(turns.work('long', 100, []));
    expect(turns.slices.run(turns.work('short', 0, []))).to.equal('short');
  });

  it('uses what is left of a slice for the next work', async () => {
    const turns = new Turns();
    const log: string[] = [];
    void turns.slices.run(turns.work('a', 5, log));
    void turns.slices.run(turns.work('b', 3, log));
    log.length = 0;
    await turns.next();
    expect(log.join('')).to.equal('abb');
    expect(turns.slices.size).to.equal(0);
  });

  it('rejects with what a later step throws, throws what the first one throws, and goes on with other work', async () => {
    const turns = new Turns();
    const failed = Promise.resolve(turns.slices.run(failing(turns))).catch((error: unknown) => String(error));
    const other = turns.slices.run(turns.work('a', 2, []));
    await turns.next();
    await turns.next();
    expect(await failed).to.include('in the second step');
    expect(await Promise.resolve(other)).to.equal('a');
    const first: Steps<never> = {
      next: () => {
        throw new Error('at once');
      },
    };
    expect(() => turns.slices.run(first)).to.throw('at once');
  });

  describe('does work that waits', () => {
    it('at once when what it waits for is there', () => {
      const turns = new Turns();
      expect(turns.slices.runWaiting(around(turns, 'value'))).to.equal('value');
    });

    it('up to the wait, and on when that is over', async () => {
      const turns = new Turns();
      const done = turns.slices.runWaiting(around(turns, Promise.resolve('value')));
      expect([done instanceof Promise, turns.nowMs, turns.slices.size]).to.deep.equal([true, 1, 0]);
      expect(await done).to.equal('value');
      expect(turns.nowMs).to.equal(2);
    });

    it('over as many turns as it takes, before the wait and after it', async () => {
      const turns = new Turns();
      const log: string[] = [];
      function* long(): WaitingSteps<string> {
        yield* turns.work('a', 9, log);
        const found = yield* waitFor(Promise.resolve('b'));
        yield* turns.work(found, 9, log);
        return 'done';
      }
      const done = turns.slices.runWaiting(long());
      const counts = [log.length];
      while (log.length < 18) {
        await turns.next();
        await Promise.resolve();
        if (log.length > counts.at(-1)!) counts.push(log.length);
      }
      expect(counts.length).to.be.at.least(5);
      for (const [turn, count] of counts.entries()) {
        expect(count - (counts[turn - 1] ?? 0)).to.be.at.most(8);
      }
      while (turns.slices.size > 0) await turns.next();
      expect(await done).to.equal('done');
    });

    it('in no more than one slice a turn once it was too long for one, however often it waits', async () => {
      const turns = new Turns();
      const log: string[] = [];
      const done = turns.slices.runWaiting(waitingOften(turns, log));
      for (let before = log.length; turns.slices.size > 0; before = log.length) {
        await turns.next();
        for (let i = 0; i < 9; i += 1) await Promise.resolve();
        expect(log.length - before).to.be.at.most(4);
      }
      expect(await done).to.equal(20);
    });

    it('throws what it waits for into it, where it can be caught', async () => {
      const turns = new Turns();
      expect(await turns.slices.runWaiting(catching())).to.equal('Error: later');
    });

    it('rejects with what it throws, at once or after a wait', async () => {
      const turns = new Turns();
      for (const waits of [false, true]) {
        const failed = turns.slices.runWaiting(throwing(waits));
        expect(await Promise.resolve(failed).catch((error: unknown) => String(error))).to.include('thrown');
      }
    });
  });

  it('finishes work without a pause when asked to', () => {
    const turns = new Turns();
    const log: string[] = [];
    expect(finish(turns.work('a', 50, log))).to.equal('a');
    expect(log).to.have.length(50);
  });

  describe('does one work alone', () => {
    it('to its end, with what it waits for and a pause whenever a slice is over', async () => {
      let turns = 0;
      let isDone = false;
      const count = (): void => {
        turns += 1;
        if (!isDone) setImmediate(count);
      };
      setImmediate(count);
      expect(await runWithPauses(busy())).to.equal('value');
      isDone = true;
      expect(turns).to.be.at.least(3);
    });

    it('and rejects with what it throws, but not with what it catches', async () => {
      expect(await runWithPauses(catching())).to.equal('Error: later');
      for (const waits of [false, true])
        expect(await runWithPauses(throwing(waits)).catch((error: unknown) => String(error))).to.include(
          'thrown',
        );
    });
  });
});
