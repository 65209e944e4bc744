import { expect } from 'chai';
import { withinOrGoOn } from '../../relay/deadline.ts';

describe('relay deadline', () => {
  it('waits for work that ends in time, and throws what it throws', async () => {
    let isDone = false;
    const work = new Promise<void>((resolve) => {
      setImmediate(() => {
        isDone = true;
        resolve();
      });
    });
    await withinOrGoOn(60_000, work);
    expect(isDone).to.equal(true);
    const fault = new Error('no');
    const thrown = await withinOrGoOn(60_000, Promise.reject(fault)).catch((error: unknown) => error);
    expect(thrown).to.equal(fault);
  });

  it('goes on without work that takes longer, whatever becomes of it', async () => {
    const failing: ((error: Error) => void)[] = [];
    const work = new Promise<void>((_, reject) => {
      failing.push(reject);
    });
    await withinOrGoOn(1, work);
    for (const fail of failing) fail(new Error('too late to matter'));
    await new Promise(setImmediate);
  });
});
