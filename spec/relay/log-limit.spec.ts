import { expect } from 'chai';
import { LimitedLogger } from '../../relay/log-limit.ts';
import type { LogEvent } from '../../relay/logger.ts';
import { FakeTimers } from './fake-timers.ts';

describe('relay log limit', () => {
  let timers: FakeTimers;
  let lines: [level: string, event: LogEvent][];
  let limited: LimitedLogger;

  beforeEach(() => {
    timers = new FakeTimers();
    lines = [];
    const logger = { log: (level: string, event: LogEvent): void => void lines.push([level, event]) };
    limited = new LimitedLogger({ logger, linesPerMinute: 3, repeat: timers.repeat });
    limited.start();
  });

  it('writes so many lines of each kind a minute, then how many more there were', () => {
    for (let i = 0; i < 10; i += 1) limited.log('warn', { kind: 'peer-cut', i });
    limited.log('error', { kind: 'commit-failed' });
    expect(lines).to.have.lengthOf(4);
    timers.pass(60_000);
    expect(lines.slice(4)).to.deep.equal([['warn', { kind: 'log-limited', of: 'peer-cut', dropped: 7 }]]);
    limited.log('warn', { kind: 'peer-cut' });
    expect(lines).to.have.lengthOf(6);
    timers.pass(60_000);
    expect(lines).to.have.lengthOf(6);
  });

  it('leaves lines for debugging alone', () => {
    for (let i = 0; i < 10; i += 1) limited.log('debug', { kind: 'refused' });
    expect(lines).to.have.lengthOf(10);
  });

  it('sums up at its end, and leaves no timer', () => {
    for (let i = 0; i < 5; i += 1) limited.log('warn', { kind: 'peer-cut' });
    limited.close();
    expect(lines.at(-1)).to.deep.equal(['warn', { kind: 'log-limited', of: 'peer-cut', dropped: 2 }]);
    expect(timers.size).to.equal(0);
  });
});
