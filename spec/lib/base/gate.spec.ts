import { setImmediate } from 'node:timers/promises';
import { expect } from 'chai';
import * as fc from 'fast-check';
import { Gate } from '../../../lib/base/gate.ts';
import { seeded } from '../../support/arbitraries.ts';
import { heldBytes } from '../../support/garbage.ts';

/** A task that ends when it is told to. */
class Task {
  started = false;
  end: () => void = () => undefined;
  readonly run = async (): Promise<void> => {
    this.started = true;
    await new Promise<void>((resolve) => {
      this.end = resolve;
    });
  };
}

describe('base Gate', () => {
  it('runs tasks at once while there is room, and gives what they give', async () => {
    const gate = new Gate(2);
    const tasks = [new Task(), new Task(), new Task()];
    const runs = tasks.map((task) => gate.run(task.run));
    expect(tasks.map(({ started }) => started)).to.deep.equal([true, true, false]);
    for (const task of tasks) {
      task.end();
      await setImmediate();
    }
    await Promise.all(runs);
    expect(await gate.run(async () => 7)).to.equal(7);
  });

  it('lets the others in in the order they came', async () => {
    const gate = new Gate(1);
    const order: number[] = [];
    const runs = [0, 1, 2, 3, 4].map((index) =>
      gate.run(async () => {
        await setImmediate();
        order.push(index);
      }),
    );
    await Promise.all(runs);
    expect(order).to.deep.equal([0, 1, 2, 3, 4]);
  });

  it('lets owners take turns, each in the order of its own', async () => {
    const gate = new Gate(1);
    const order: string[] = [];
    const enter = (name: string, owner?: string): Promise<void> =>
      gate.run(async () => {
        await setImmediate();
        order.push(name);
      }, owner);
    const many = ['a0', 'a1', 'a2', 'a3'].map((name) => enter(name, 'ann'));
    await Promise.all([...many, enter('b0', 'bob'), enter('b1', 'bob'), enter('n0')]);
    expect(order).to.deep.equal(['a0', 'a1', 'b0', 'n0', 'a2', 'b1', 'a3']);
  });

  it('gives the place back when a task fails, later or at once', async () => {
    const gate = new Gate(1);
    const failing = gate.run(async () => {
      await setImmediate();
      throw new Error('later');
    });
    const throwing = gate.run(() => {
      throw new Error('at once');
    });
    const outcomes = await Promise.allSettled([failing, throwing]);
    expect(
      outcomes.map((outcome) => outcome.status === 'rejected' && (outcome.reason as Error).message),
    ).to.deep.equal(['later', 'at once']);
    expect(await gate.run(async () => 'open')).to.equal('open');
  });

  it('does not hold on to tasks that had their turn while others keep waiting', async () => {
    const gate = new Gate(1);
    const tasks: Task[] = [];
    const runs: Promise<void>[] = [];
    const enter = (): void => {
      const task = new Task();
      tasks.push(task);
      runs.push(gate.run(task.run));
    };
    const leave = async (): Promise<void> => {
      tasks.shift()!.end();
      await runs.shift();
    };
    for (let i = 0; i < 3; i += 1) enter();
    const before = await heldBytes();
    for (let i = 0; i < 20_000; i += 1) {
      enter();
      await leave();
    }
    expect((await heldBytes()) - before).to.be.lessThan(500_000);
    expect(tasks.map(({ started }) => started)).to.deep.equal([true, false, false]);
    while (tasks.length > 0) await leave();
  });

  it('never runs more than its width, and runs everything, whatever comes and ends in whatever order', async () => {
    const scenario = fc.record({
      width: fc.integer({ min: 1, max: 4 }),
      turns: fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 1, maxLength: 30 }),
    });
    await fc.assert(
      fc.asyncProperty(scenario, async ({ width, turns }) => {
        const gate = new Gate(width);
        let running = 0;
        let most = 0;
        let done = 0;
        await Promise.all(
          turns.map((count) =>
            gate.run(async () => {
              running += 1;
              most = Math.max(most, running);
              for (let turn = 0; turn < count; turn += 1) await setImmediate();
              running -= 1;
              done += 1;
            }),
          ),
        );
        expect(most).to.equal(Math.min(width, turns.length));
        expect(done).to.equal(turns.length);
      }),
      seeded(20),
    );
  });
});
