import { expect } from 'chai';
import { inLaterTurn } from '../../../lib/base/turns.ts';

/** Whether a task runs, and after what was said before it. */
async function orderOf(run: (log: string[]) => void): Promise<string[]> {
  const log: string[] = [];
  await new Promise<void>((resolve) => {
    inLaterTurn(() => {
      log.push('task');
      resolve();
    });
    run(log);
  });
  return log;
}

function promised(log: string[]): void {
  void Promise.resolve().then(() => log.push('promise'));
  log.push('now');
}

describe('base inLaterTurn', () => {
  it('runs a task after what runs now and the promises that follow', async () => {
    expect(await orderOf(promised)).to.deep.equal(['now', 'promise', 'task']);
  });

  it('does so where there are timers only, as in browsers', async () => {
    const { setImmediate } = globalThis;
    Reflect.deleteProperty(globalThis, 'setImmediate');
    try {
      expect(await orderOf(promised)).to.deep.equal(['now', 'promise', 'task']);
    } finally {
      globalThis.setImmediate = setImmediate;
    }
  });
});
