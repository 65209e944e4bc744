import { expect } from 'chai';
import type { Link } from '../../lib/mesh/link.ts';
import type { Client } from '../../relay/client-address.ts';
import { DEFAULT_OPTIONS, type RelayOptions } from '../../relay/option-table.ts';
import { Throttle } from '../../relay/throttle.ts';
import { RecordingLink } from '../support/recording-link.ts';
import { FakeTimers } from './fake-timers.ts';

const STRANGER: Client = { address: '192.0.2.7', key: '192.0.2.7', isLocal: false, isExempt: false };

function meteredLink(name: string): RecordingLink & { bytesRead: number; noise: number } {
  return Object.assign(new RecordingLink(name), { bytesRead: 0, noise: 0 });
}

function listen(link: Link): void {
  link.listen({ frame: () => undefined, close: () => undefined });
}

describe('relay throttle', () => {
  let timers: FakeTimers;
  let events: string[];

  beforeEach(() => {
    timers = new FakeTimers();
    events = [];
  });

  function throttleWith(changes: Partial<RelayOptions>): Throttle {
    const throttle = new Throttle({
      options: { ...DEFAULT_OPTIONS, ...changes },
      now: timers.now,
      repeat: timers.repeat,
      startTimer: timers.startTimer,
      report: (event, { name }) => events.push(`${name} ${event}`),
    });
    throttle.start();
    return throttle;
  }

  it('leaves exempt links as they are', () => {
    const throttle = throttleWith({});
    const link = meteredLink('near');
    expect(throttle.limit(link, { ...STRANGER, isExempt: true })).to.equal(link);
    expect(throttle).to.include({ linkCount: 0, addressCount: 0 });
  });

  it('limits others by peer and by address, and looks at each every second', () => {
    const throttle = throttleWith({ peerMessages: 10, peerMessagesBurst: 10, addressMessagesBurst: 15 });
    const [one, two] = [meteredLink('one'), meteredLink('two')];
    for (const link of [one, two]) listen(throttle.limit(link, STRANGER));
    expect(throttle).to.include({ linkCount: 2, addressCount: 1 });
    one.noise = 12;
    timers.pass(1000);
    expect([one.isPaused, two.isPaused]).to.deep.equal([true, false]);
    expect(events).to.deep.equal(['one slowed']);
    expect(throttle.counts).to.deep.equal({ slowed: 1, 'too-fast': 0 });
  });

  it('forgets links that are gone, and all timers with its end', () => {
    const throttle = throttleWith({});
    const link = meteredLink('one');
    listen(throttle.limit(link, STRANGER));
    link.hangUp();
    expect(throttle.linkCount).to.equal(0);
    throttle.close();
    expect(timers.size).to.equal(0);
  });
});
