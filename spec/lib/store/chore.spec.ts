import { expect } from 'chai';
import { Chore } from '../../../lib/store/chore.ts';
import { FakeClock } from '../../support/fake-clock.ts';

/** A chore whose work ends when it is let, and what became of it. */
class Work {
  readonly clock = new FakeClock();
  readonly faults: string[] = [];
  begun = 0;
  readonly chore: Chore = new Chore({
    work: () => {
      this.begun += 1;
      return new Promise((resolve, reject) => (this.#ends = { resolve, reject }));
    },
    startTimer: this.clock.startTimer,
    failed: (reason) => this.faults.push(reason),
  });
  #ends: { readonly resolve: () => void; readonly reject: (fault: unknown) => void } | undefined;

  async end(): Promise<void> {
    this.#ends!.resolve();
    await Promise.resolve();
  }

  async fail(fault: unknown): Promise<void> {
    this.#ends!.reject(fault);
    await this.chore.idle();
  }
}

describe('store.chore', () => {
  it('begins when it is woken, and once more for all that woke it meanwhile', async () => {
    const work = new Work();
    await work.chore.idle();
    expect(work.begun).to.equal(0);
    for (let times = 0; times < 3; times += 1) work.chore.wake();
    expect(work.begun).to.equal(1);
    work.chore.wake();
    await work.end();
    expect(work.begun).to.equal(2);
    await work.end();
    await work.chore.idle();
    expect(work.begun).to.equal(2);
    work.chore.wake();
    expect(work.begun).to.equal(3);
  });

  it('tries again a second after a failure, or when it is woken before that', async () => {
    const work = new Work();
    work.chore.wake();
    await work.fail(new Error('full'));
    work.clock.advance(999);
    expect(work.begun).to.equal(1);
    work.clock.advance(1);
    expect(work.begun).to.equal(2);
    await work.fail('odd');
    expect(work.faults).to.deep.equal(['full', 'odd']);
    work.chore.wake();
    await work.end();
    await work.chore.idle();
    work.clock.advance(5000);
    expect(work.begun).to.equal(3);
  });

  it('ends once it is closed, after what is under way, and begins no more', async () => {
    const [busy, failing, waiting] = [new Work(), new Work(), new Work()];
    for (const { chore } of [busy, failing, waiting]) chore.wake();
    await waiting.fail('odd');
    busy.chore.wake();
    expect(busy.chore.isClosed).to.equal(false);
    const closing = [busy, failing, waiting].map(({ chore }) => chore.close());
    expect(busy.chore.isClosed).to.equal(true);
    await busy.end();
    await failing.fail('odd');
    await Promise.all(closing);
    for (const { chore, clock, begun } of [busy, failing, waiting]) {
      chore.wake();
      clock.advance(5000);
      expect([begun, failing.begun]).to.deep.equal([1, 1]);
    }
    expect([busy.begun, waiting.begun]).to.deep.equal([1, 1]);
  });
});
