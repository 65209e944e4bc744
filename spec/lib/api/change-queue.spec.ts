import { expect } from 'chai';
import { changesOf } from '../../../lib/api/change-queue.ts';

/** Changes that a spec pushes. */
class Pushed {
  starts = 0;
  stops = 0;
  push: ((key: unknown, change: string) => void) | undefined;
  /** Closes the graph. */
  end: (() => void) | undefined;
  readonly controller = new AbortController();
  readonly changes: AsyncGenerator<string, void, undefined> = changesOf<string>(
    { onClose: (end) => this.#begin((this.end = end)) },
    this.controller,
    (push) => this.#begin((this.push = push)),
  );

  #begin(_begun: unknown): () => void {
    this.starts += 1;
    return () => {
      this.stops += 1;
    };
  }
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
    expect([pushed.starts, pushed.stops]).to.deep.equal([2, 2]);
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

  it('ends with the graph and with its signal, also while it waits', async () => {
    for (const end of [(each: Pushed) => each.end!(), (each: Pushed) => each.controller.abort()]) {
      const pushed = new Pushed();
      const waiting = pushed.changes.next();
      end(pushed);
      expect(await waiting).to.deep.equal({ value: undefined, done: true });
      expect(pushed.stops).to.equal(2);
    }
  });
});
