import { expect } from 'chai';
import { changesOf } from '../../../lib/api/change-queue.ts';

/** Changes that a spec pushes. */
class Pushed {
  starts = 0;
  stops = 0;
  push: ((key: string, change: string) => void) | undefined;
  end: (() => void) | undefined;
  readonly changes: AsyncGenerator<string, void, undefined> = changesOf<string, string>((push, end) => {
    this.push = push;
    this.end = end;
    this.starts += 1;
    return () => {
      this.stops += 1;
    };
  });
}

describe('changesOf', () => {
  it('begins to listen with the first change that is taken, and stops with the loop', async () => {
    const pushed = new Pushed();
    const { changes } = pushed;
    expect(pushed.starts).to.equal(0);
    const first = changes.next();
    pushed.push!('a', 'a1');
    expect(await first).to.deep.equal({ value: 'a1', done: false });
    await changes.return();
    expect([pushed.starts, pushed.stops]).to.deep.equal([1, 1]);
  });

  it('keeps the latest change of each key while nobody takes any, in the order of the latest', async () => {
    const pushed = new Pushed();
    const { changes } = pushed;
    const first = changes.next();
    for (const change of ['a1', 'b1', 'a2', 'c1', 'b2']) pushed.push!(change[0]!, change);
    expect((await first).value).to.equal('a2');
    expect((await changes.next()).value).to.equal('c1');
    expect((await changes.next()).value).to.equal('b2');
    await changes.return();
  });

  it('ends when told so, also while it waits', async () => {
    const pushed = new Pushed();
    const { changes } = pushed;
    const waiting = changes.next();
    pushed.end!();
    expect(await waiting).to.deep.equal({ value: undefined, done: true });
    expect(pushed.stops).to.equal(1);
  });
});
