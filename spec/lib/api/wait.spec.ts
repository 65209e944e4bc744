import { expect } from 'chai';
import { onAbort, waitOn, type Waiter } from '../../../lib/api/wait.ts';
import { GraphError } from '../../../lib/base/errors.ts';

/** A graph that counts who keeps the process alive and who waits for its end. */
class Core {
  held = 0;
  readonly closers = new Set<() => void>();

  hold(): () => void {
    this.held += 1;
    return () => {
      this.held -= 1;
    };
  }

  onClose(listener: () => void): () => void {
    this.closers.add(listener);
    return () => this.closers.delete(listener);
  }
}

const late = (): void => expect.fail('late');

describe('waitOn', () => {
  let core: Core;
  let stops: number;
  const stop = (): void => {
    stops += 1;
  };
  beforeEach(() => {
    core = new Core();
    stops = 0;
  });
  afterEach(() => {
    expect([core.held, core.closers.size]).to.deep.equal([0, 0]);
  });

  it('gives what is done, and stops what was begun once', async () => {
    let waiter: Waiter<number> | undefined;
    const waiting = waitOn<number>(core, {}, (begun) => {
      waiter = begun;
      return { late, stop };
    });
    expect([core.held, core.closers.size]).to.deep.equal([1, 1]);
    waiter!.done(1);
    waiter!.done(2);
    waiter!.fail(new Error('too late'));
    expect(await waiting).to.equal(1);
    expect(stops).to.equal(1);
  });

  it('stops what was done before it could be stopped', async () => {
    const value = await waitOn<string>(core, { timeout: 1 }, ({ done }) => {
      done('at once');
      return { late, stop };
    });
    expect([value, stops]).to.deep.equal(['at once', 1]);
  });

  it('calls what is late when the time is up', async () => {
    const value = await waitOn<string>(core, { timeout: 1 }, ({ done }) => ({
      late: () => done('late'),
      stop,
    }));
    expect([value, stops]).to.deep.equal(['late', 1]);
  });

  it('rejects with the reason of the signal, also when that was given before', async () => {
    const reason = new Error('enough');
    const controller = new AbortController();
    const { signal } = controller;
    const waiting = waitOn(core, { signal }, () => ({ late, stop }));
    controller.abort(reason);
    expect(await waiting.catch((error: unknown) => error)).to.equal(reason);
    expect(stops).to.equal(1);
    const after = waitOn(core, { signal }, () => expect.fail('begun in vain'));
    expect(await after.catch((error: unknown) => error)).to.equal(reason);
  });

  it('rejects when the graph is closed', async () => {
    const waiting = waitOn(core, {}, () => ({ late, stop }));
    for (const close of core.closers) close();
    expect(((await waiting.catch((error: unknown) => error)) as GraphError).code).to.equal(
      'LIFECYCLE_CLOSED',
    );
    expect(stops).to.equal(1);
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
