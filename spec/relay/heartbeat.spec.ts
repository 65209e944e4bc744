import { expect } from 'chai';
import { Heartbeat, repeat, type Repeat } from '../../relay/heartbeat.ts';

describe('relay heartbeat', () => {
  let tick: () => void;
  let interval: number | undefined;
  const every: Repeat = (ms, task) => {
    interval = ms;
    tick = task;
    return () => {
      interval = undefined;
    };
  };

  function ticks(count: number): void {
    for (let i = 0; i < count; i += 1) tick();
  }

  it('beats each member once per period, counted from its joining', () => {
    const heartbeat = new Heartbeat(20_000, every);
    heartbeat.start();
    const beats = { early: 0, late: 0 };
    heartbeat.join({ beat: () => (beats.early += 1) });
    ticks(7);
    heartbeat.join({ beat: () => (beats.late += 1) });
    ticks(12);
    expect(beats).to.deep.equal({ early: 0, late: 0 });
    ticks(1);
    expect(beats).to.deep.equal({ early: 1, late: 0 });
    ticks(7);
    expect(beats).to.deep.equal({ early: 1, late: 1 });
    ticks(40);
    expect(beats).to.deep.equal({ early: 3, late: 3 });
  });

  it('uses one timer for all members and ends it', () => {
    const heartbeat = new Heartbeat(20_000, every);
    heartbeat.start();
    for (let i = 0; i < 1000; i += 1) heartbeat.join({ beat: () => undefined });
    expect(interval).to.equal(1000);
    heartbeat.close();
    expect(interval).to.equal(undefined);
  });

  it('leaves out who has left, even during a beat', () => {
    const heartbeat = new Heartbeat(20_000, every);
    heartbeat.start();
    let beats = 0;
    const leave = heartbeat.join({
      beat: () => {
        beats += 1;
        leave();
      },
    });
    ticks(60);
    expect(beats).to.equal(1);
  });

  it('runs on the timer of the machine until it is stopped', async () => {
    await new Promise<void>((resolve) => {
      const stop = repeat(1, () => {
        stop();
        resolve();
      });
    });
  });
});
