import { expect } from 'chai';
import type { Link } from '../../lib/mesh/link.ts';
import type { Client } from '../../relay/client-address.ts';
import type { LogWire } from '../../relay/log-socket.ts';
import { DEFAULT_OPTIONS, type RelayOptions } from '../../relay/option-table.ts';
import { Throttle } from '../../relay/throttle.ts';
import { messagesIn, RecordingLink } from '../support/recording-link.ts';
import { FakeTimers } from './fake-timers.ts';
import { NotingWire } from './noting-wire.ts';

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

  it('says to a link that it has to wait noticeably', () => {
    const throttle = throttleWith({ peerMessages: 10, peerMessagesBurst: 10 });
    const link = meteredLink('one');
    listen(throttle.limit(link, STRANGER));
    link.noise = 40;
    timers.pass(1000);
    expect(link.isPaused).to.equal(true);
    expect(messagesIn(link.frames.map(({ text }) => text)).map(({ dam, err }) => [dam, err])).to.deep.equal([
      ['!', 'too fast: this relay reads you more slowly for now'],
    ]);
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

  describe('of a line of log frames', () => {
    let throttle: Throttle;
    let wire: NotingWire;
    let line: LogWire;
    let heard: number;

    beforeEach(() => {
      throttle = throttleWith({ peerMessages: 50, peerMessagesBurst: 100 });
      wire = new NotingWire('wire');
      heard = 0;
      line = throttle.limitLine(wire, STRANGER);
      line.listen({ frame: () => (heard += 1), close: () => events.push('closed') });
    });

    it('leaves that of an exempt address as it is', () => {
      expect(throttle.limitLine(wire, { ...STRANGER, isExempt: true })).to.equal(wire);
    });

    it('passes frames on, and is read no faster than its allowance lets it', () => {
      for (let at = 0; at < 128; at += 1) wire.listener!.frame(Uint8Array.of(1));
      expect([heard, wire.isPaused, events]).to.deep.equal([128, true, ['wire slowed']]);
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
      expect(wire.sent).to.deep.equal([]);
      expect(heard).to.be.within(9900, 10_200);
    });

    it('closes who could not be stopped in time, and tells its listener once it is gone', () => {
      wire.noise = 1000;
      timers.pass(1000);
      expect(wire.closedWith).to.deep.equal([1013, 'too fast']);
      expect(events).to.deep.equal(['wire slowed', 'wire too-fast', 'closed']);
      expect(throttle.linkCount).to.equal(0);
    });

    it('stays paused while its listener wants that', () => {
      line.pause();
      expect(wire.isPaused).to.equal(true);
      line.resume();
      expect(wire.isPaused).to.equal(false);
    });
  });
});
