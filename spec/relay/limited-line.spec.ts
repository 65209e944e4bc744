import { expect } from 'chai';
import type { LogFrame } from '../../lib/sync/log-frames.ts';
import { Allowance } from '../../relay/allowance.ts';
import { LimitedLine } from '../../relay/limited-line.ts';
import type { LogSocketListener, LogWire } from '../../relay/log-socket.ts';
import { FakeTimers } from './fake-timers.ts';

/** A wire that notes what is done with it. */
class NotingWire implements LogWire {
  readonly name = 'wire';
  bytesRead = 0;
  noise = 0;
  isPaused = false;
  readonly sent: LogFrame[] = [];
  closedWith: readonly [number, string] | undefined = undefined;
  listener: LogSocketListener | undefined;

  listen(listener: LogSocketListener): void {
    this.listener = listener;
  }

  pause(): void {
    this.isPaused = true;
  }

  resume(): void {
    this.isPaused = false;
  }

  send(frame: LogFrame): void {
    this.sent.push(frame);
  }

  close(code: number, reason: string): void {
    this.closedWith = [code, reason];
    this.listener?.close();
  }
}

describe('relay limited line', () => {
  let timers: FakeTimers;
  let wire: NotingWire;
  let line: LimitedLine;
  let heard: number;
  let events: string[];

  beforeEach(() => {
    timers = new FakeTimers();
    wire = new NotingWire();
    heard = 0;
    events = [];
    line = new LimitedLine({
      wire,
      allowances: [
        new Allowance({ perSecond: 50, burst: 100 }, { perSecond: 1e6, burst: 1e6 }, timers.now()),
      ],
      now: timers.now,
      startTimer: timers.startTimer,
      report: (event) => events.push(event),
      onGone: () => events.push('gone'),
    });
    line.listen({ frame: () => (heard += 1), close: () => events.push('closed') });
  });

  it('passes frames on, and is read no faster than its allowance lets it', () => {
    for (let at = 0; at < 128; at += 1) wire.listener!.frame(Uint8Array.of(1));
    expect([heard, wire.isPaused, events]).to.deep.equal([128, true, ['slowed']]);
    timers.pass(560);
    expect(wire.isPaused).to.equal(false);
    void line.send({ type: 'done', session: 1 });
    expect(wire.sent).to.deep.equal([{ type: 'done', session: 1 }]);
    expect(line.name).to.equal('wire');
  });

  it('goes on for as long as there is something to catch up with', () => {
    for (let ms = 0; ms < 200_000; ms += 100) {
      for (let at = 0; at < 40 && !wire.isPaused; at += 1) wire.listener!.frame(undefined);
      timers.pass(100);
    }
    expect(wire.closedWith).to.equal(undefined);
    expect(heard).to.be.within(9900, 10_200);
  });

  it('closes who could not be stopped in time, and tells its listener once it is gone', () => {
    wire.noise = 1000;
    line.check();
    expect(wire.closedWith).to.deep.equal([1013, 'too fast']);
    expect(events).to.deep.equal(['slowed', 'too-fast', 'gone', 'closed']);
  });

  it('stays paused while its listener wants that', () => {
    line.pause();
    expect(wire.isPaused).to.equal(true);
    line.resume();
    expect(wire.isPaused).to.equal(false);
  });
});
