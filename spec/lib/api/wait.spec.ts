import { expect } from 'chai';
import { onAbort, waitFor, type Waiter } from '../../../lib/api/wait.ts';

describe('waitFor', () => {
  it('gives what is done, and stops what was begun once', async () => {
    let stops = 0;
    let waiter: Waiter<number> | undefined;
    const waiting = waitFor<number>(undefined, (begun) => {
      waiter = begun;
      return () => (stops += 1);
    });
    waiter!.done(1);
    waiter!.done(2);
    waiter!.fail(new Error('too late'));
    expect(await waiting).to.equal(1);
    expect(stops).to.equal(1);
  });

  it('stops what was done before it could be stopped', async () => {
    let stops = 0;
    const value = await waitFor<string>(undefined, (waiter) => {
      waiter.done('at once');
      return () => (stops += 1);
    });
    expect([value, stops]).to.deep.equal(['at once', 1]);
  });

  it('rejects with the reason of the signal, also when that was given before', async () => {
    const reason = new Error('enough');
    const controller = new AbortController();
    let stops = 0;
    const waiting = waitFor(controller.signal, () => () => (stops += 1));
    controller.abort(reason);
    expect(await waiting.catch((error: unknown) => error)).to.equal(reason);
    expect(stops).to.equal(1);
    const late = waitFor(controller.signal, () => expect.fail('begun in vain'));
    expect(await late.catch((error: unknown) => error)).to.equal(reason);
  });
});

describe('onAbort', () => {
  it('calls back when the signal comes, at once when it came, and not after it was stopped', () => {
    const controller = new AbortController();
    let calls = 0;
    onAbort(controller.signal, () => (calls += 1));
    onAbort(controller.signal, () => (calls += 100))();
    controller.abort();
    expect(calls).to.equal(1);
    onAbort(controller.signal, () => (calls += 1));
    expect(calls).to.equal(2);
    onAbort(undefined, () => (calls += 1))();
    expect(calls).to.equal(2);
  });
});
