import { expect } from 'chai';
import { describeLink } from '../../adapters/conformance/index.ts';
import { loopbackPair } from '../../adapters/loopback-link.ts';
import type { Frame, Link } from '../../lib/mesh/link.ts';
import { Allowance } from '../../relay/allowance.ts';
import { LimitedLink, type MeteredLink } from '../../relay/limited-link.ts';
import { RecordingLink } from '../support/recording-link.ts';
import { FakeTimers } from './fake-timers.ts';

const PLENTY = { perSecond: 1_000_000, burst: 1_000_000 };

/** A link without a wire that counts as told. */
class MeteredRecorder extends RecordingLink implements MeteredLink<string, Frame, void> {
  bytesRead = 0;
  noise = 0;
}

describe('relay limited link', () => {
  let timers: FakeTimers;
  let link: MeteredRecorder;
  let limited: LimitedLink<string, Frame, void>;
  let heard: string[];
  let events: string[];
  let closes: number;
  let warnings: number;
  let counter: { messages: number };

  /** A link that may send a hundred messages at once and then fifty a second, or some other rates. */
  function limit(messages = { perSecond: 50, burst: 100 }, bytes = PLENTY, shared?: Allowance): void {
    const own = new Allowance(messages, bytes, timers.now());
    limited = new LimitedLink({
      link,
      allowances: shared === undefined ? [own] : [own, shared],
      tooFastMs: 60_000,
      now: timers.now,
      startTimer: timers.startTimer,
      report: (event) => events.push(event),
      warn: () => (warnings += 1),
      onGone: () => events.push('gone'),
    });
    limited.listen({ frame: (text) => heard.push(text), close: () => (closes += 1) });
    limited.countBy(counter);
  }

  function say(count: number): void {
    for (let i = 0; i < count; i += 1) link.sayText(`frame ${i}`);
  }

  beforeEach(() => {
    timers = new FakeTimers();
    link = new MeteredRecorder('peer');
    heard = [];
    events = [];
    closes = 0;
    warnings = 0;
    counter = { messages: 0 };
  });

  it('passes everything on as long as it is within the allowance', () => {
    limit();
    say(96);
    limited.send({ text: '{"#":"x"}' });
    expect(heard).to.have.lengthOf(96);
    expect(link.heard).to.deep.equal([{ '#': 'x' }]);
    expect([limited.name, limited.queuedBytes, link.isPaused]).to.deep.equal(['peer', 0, false]);
    expect(events).to.deep.equal([]);
  });

  it('is read no further beyond it, until what was sent is paid back', () => {
    limit();
    say(128);
    expect(heard).to.have.lengthOf(128);
    expect(link.isPaused).to.equal(true);
    expect(events).to.deep.equal(['slowed']);
    timers.pass(559);
    expect(link.isPaused).to.equal(true);
    timers.pass(1);
    expect(link.isPaused).to.equal(false);
    expect(warnings).to.equal(0);
  });

  it('lets through no more than burst and rate allow in the long run', () => {
    limit();
    for (let ms = 0; ms < 20_000; ms += 10) {
      if (!link.isPaused) say(32);
      timers.pass(10);
    }
    expect(heard.length).to.be.within(1000, 100 + 50 * 20 + 32);
  });

  it('counts the messages within frames', () => {
    limit();
    counter.messages = 130;
    say(32);
    expect(link.isPaused).to.equal(true);
  });

  it('looks at once when large frames come', () => {
    limit(PLENTY, { perSecond: 1000, burst: 40_000 });
    link.bytesRead = 41_000;
    link.sayText('x'.repeat(40_000));
    expect(link.isPaused).to.equal(true);
    timers.pass(1000);
    expect(link.isPaused).to.equal(false);
  });

  it('counts pings and bytes without texts when it is looked at now and then', () => {
    limit();
    link.noise = 120;
    limited.check();
    expect(link.isPaused).to.equal(true);
    timers.pass(400);
    expect(link.isPaused).to.equal(false);
  });

  it('is limited by an allowance that others share', () => {
    const shared = new Allowance({ perSecond: 50, burst: 100 }, PLENTY, 0);
    shared.spend(90, 0, 0);
    limit(PLENTY, PLENTY, shared);
    say(32);
    expect(link.isPaused).to.equal(true);
  });

  it('leaves a pause of its owner alone, and its owner leaves its own alone', () => {
    limit();
    say(128);
    limited.pause();
    limited.resume();
    expect(link.isPaused).to.equal(true);
    limited.pause();
    timers.pass(1000);
    expect(link.isPaused).to.equal(true);
    limited.resume();
    expect(link.isPaused).to.equal(false);
  });

  it('warns a peer that has to wait noticeably, once until it has rested', () => {
    limit();
    for (let i = 0; i < 4; i += 1) {
      say(192);
      while (link.isPaused) timers.pass(10);
    }
    expect(warnings).to.equal(1);
    timers.pass(10_000);
    limited.check();
    say(192);
    expect(warnings).to.equal(2);
    expect(events).to.deep.equal(['slowed', 'slowed']);
  });

  it('closes a peer with 1013 that could not be stopped in time', () => {
    limit();
    say(640);
    expect(link.closedWith).to.deep.equal({ code: 1013, reason: 'too fast' });
    expect(events).to.deep.equal(['slowed', 'too-fast', 'gone']);
    expect(closes).to.equal(1);
    expect(heard.length).to.be.lessThan(640);
    expect(timers.size).to.equal(0);
  });

  it('closes a peer with 1013 that stays too fast', () => {
    limit();
    let ms = 0;
    for (; link.closedWith === undefined && ms < 200_000; ms += 10) {
      if (!link.isPaused) say(32);
      timers.pass(10);
    }
    expect(link.closedWith).to.deep.equal({ code: 1013, reason: 'too fast' });
    expect(ms).to.be.within(60_000, 65_000);
    expect(warnings).to.equal(1);
  });

  it('ends with its link and leaves no timer', () => {
    limit();
    say(128);
    expect(timers.size).to.equal(1);
    link.hangUp();
    expect([closes, timers.size]).to.deep.equal([1, 0]);
    limited.check();
    expect(timers.size).to.equal(0);
    limit();
    limited.close(1001, 'bye');
    expect(link.closedWith).to.deep.equal({ code: 1001, reason: 'bye' });
  });
});

describeLink({ describe, it }, 'LimitedLink', () => {
  const [near, far] = loopbackPair();
  const timers = new FakeTimers();
  const metered = Object.assign(near as Link & { bytesRead: number; noise: number }, {
    bytesRead: 0,
    noise: 0,
  });
  const limited = new LimitedLink({
    link: metered,
    allowances: [new Allowance(PLENTY, PLENTY, 0)],
    tooFastMs: 1000,
    now: timers.now,
    startTimer: timers.startTimer,
    report: () => undefined,
    warn: () => undefined,
    onGone: () => undefined,
  });
  return { near: limited, far, remove: () => Promise.resolve() };
});
