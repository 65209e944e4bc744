import { expect } from 'chai';
import { putTimersOn } from './code-timers.ts';
import { FakeClock } from './fake-clock.ts';

describe('timers of some code', () => {
  it('are on the time of a spec, and those of others are not', async () => {
    const time = new FakeClock();
    const restore = putTimersOn(time, /\/spec\/support\/code-timers\.spec\./);
    const { stack } = new Error('as ever');
    let due = 0;
    setTimeout(() => (due += 1), 5);
    const given = setTimeout(() => (due += 10), 5);
    expect(time.timerCount).to.equal(2);
    clearTimeout(given);
    restore();
    expect(stack).to.contain('code-timers.spec');
    expect(time.timerCount).to.equal(1);
    time.advance(5);
    expect(due).to.equal(1);

    const others = putTimersOn(time, /\/lib\/mesh\/asks\./);
    await new Promise((resolve) => {
      setTimeout(resolve, 0);
    });
    others();
    expect(time.timerCount).to.equal(0);
  });
});
