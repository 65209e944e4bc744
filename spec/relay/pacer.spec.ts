import { expect } from 'chai';
import { Allowance } from '../../relay/allowance.ts';
import { Pacer } from '../../relay/pacer.ts';
import { FakeTimers } from './fake-timers.ts';

describe('relay pacer', () => {
  let timers: FakeTimers;
  let events: string[];
  let pacer: Pacer;
  let isPaused: boolean;
  const link = {
    bytesRead: 0,
    noise: 0,
    pause: () => {
      isPaused = true;
    },
    resume: () => {
      isPaused = false;
    },
  };

  /** A hundred frames at once, then fifty a second. */
  beforeEach(() => {
    timers = new FakeTimers();
    events = [];
    isPaused = false;
    link.noise = 0;
    pacer = new Pacer({
      link,
      allowances: [
        new Allowance({ perSecond: 50, burst: 100 }, { perSecond: 1e6, burst: 1e6 }, timers.now()),
      ],
      tooFastMs: 60_000,
      now: timers.now,
      startTimer: timers.startTimer,
      report: (event) => events.push(event),
      warn: () => events.push('warned'),
      giveUp: () => events.push('given up'),
    });
  });

  function hear(frames: number): void {
    for (let at = 0; at < frames; at += 1) pacer.heard(10);
  }

  it('stops reading beyond the allowance, until what came is paid back', () => {
    hear(96);
    expect([isPaused, events]).to.deep.equal([false, []]);
    hear(32);
    expect([isPaused, events]).to.deep.equal([true, ['slowed']]);
    timers.pass(560);
    expect(isPaused).to.equal(false);
  });

  it('does not read on before both the allowance and its owner let it', () => {
    hear(128);
    pacer.pause();
    timers.pass(560);
    expect(isPaused).to.equal(true);
    pacer.resume();
    expect(isPaused).to.equal(false);
    hear(64);
    pacer.pause();
    pacer.resume();
    expect(isPaused).to.equal(true);
  });

  it('warns who has to wait noticeably, and gives up who could not be stopped', () => {
    hear(160);
    expect(events).to.deep.equal(['slowed', 'warned']);
    link.noise = 1000;
    pacer.check();
    expect(events).to.deep.equal(['slowed', 'warned', 'too-fast', 'given up']);
  });

  it('says nothing once its link is gone', () => {
    pacer.close();
    hear(1000);
    expect([pacer.isOpen, isPaused, events]).to.deep.equal([false, false, []]);
  });
});
