import { expect } from 'chai';
import { changesOf } from '../../../lib/api/change-queue.ts';

describe('changesOf', () => {
  /** Changes that a spec pushes. */
  function queue(): {
    readonly changes: AsyncGenerator<string, void, undefined>;
    readonly push: (key: string, change: string) => void;
    readonly end: () => void;
    readonly state: { stops: number; starts: number };
  } {
    const state = { stops: 0, starts: 0 };
    let push: (key: string, change: string) => void = () => expect.fail('nobody listens');
    let end: () => void = () => expect.fail('nobody listens');
    const changes = changesOf<string, string>((...given) => {
      [push, end] = given;
      state.starts += 1;
      return () => (state.stops += 1);
    });
    return { changes, push: (key, change) => push(key, change), end: () => end(), state };
  }

  it('begins to listen with the first change that is taken, and stops with the loop', async () => {
    const { changes, push, state } = queue();
    expect(state.starts).to.equal(0);
    const first = changes.next();
    push('a', 'a1');
    expect(await first).to.deep.equal({ value: 'a1', done: false });
    await changes.return();
    expect(state).to.deep.equal({ starts: 1, stops: 1 });
  });

  it('keeps the latest change of each key while nobody takes any, in the order of the latest', async () => {
    const { changes, push } = queue();
    const first = changes.next();
    for (const change of ['a1', 'b1', 'a2', 'c1', 'b2']) push(change[0]!, change);
    expect((await first).value).to.equal('a2');
    expect((await changes.next()).value).to.equal('c1');
    expect((await changes.next()).value).to.equal('b2');
    await changes.return();
  });

  it('ends when told so, also while it waits', async () => {
    const { changes, end, state } = queue();
    const waiting = changes.next();
    end();
    expect(await waiting).to.deep.equal({ value: undefined, done: true });
    expect(state.stops).to.equal(1);
  });
});
