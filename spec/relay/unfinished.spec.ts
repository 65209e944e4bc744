import { EventEmitter } from 'node:events';
import { expect } from 'chai';
import { Unfinished } from '../../relay/unfinished.ts';

const MOST_BYTES = 100_000;
const HEADER = 8;

/** A connection that can be made to say things, as `ws` tells of them. */
class Connection {
  readonly socket: EventEmitter = new EventEmitter();
  readonly stream: EventEmitter = new EventEmitter();
  cuts = 0;

  constructor(unfinished: Unfinished) {
    unfinished.watch(this.socket, this.stream, () => (this.cuts += 1));
  }

  /** A chunk, in which messages and control frames of these lengths end. */
  say(length: number, messages: readonly number[] = [], pings: readonly number[] = []): void {
    for (const ended of pings) this.socket.emit('ping', new Uint8Array(ended));
    for (const ended of messages) this.socket.emit('message', new Uint8Array(ended));
    this.stream.emit('data', new Uint8Array(length));
  }
}

describe('relay Unfinished', () => {
  let unfinished: Unfinished;
  let reports: number[];

  beforeEach(() => {
    reports = [];
    unfinished = new Unfinished(MOST_BYTES, (bytes) => reports.push(bytes));
  });

  function connections(count: number): Connection[] {
    return Array.from({ length: count }, () => new Connection(unfinished));
  }

  it('counts what a connection holds until its message has ended', () => {
    const [one] = connections(1);
    one!.say(1000);
    one!.say(1000);
    expect(unfinished.bytes).to.be.within(2000, 3000);
    one!.say(1000, [3000 - HEADER]);
    expect(unfinished.bytes).to.equal(0);
  });

  it('counts the next message from its first byte, and one in fragments to its last', () => {
    const [one] = connections(1);
    one!.say(1000, [500 - HEADER]);
    expect(unfinished.bytes).to.be.within(500, 800);
    // Of five fragments more bytes come than the message has.
    one!.say(600, [1000 - HEADER]);
    expect(unfinished.bytes).to.be.at.most(600);
    one!.say(14, [8]);
    expect(unfinished.bytes, 'at most what the headers of fragments take').to.be.at.most(300);
  });

  it('counts lengths of all three forms as they stand in frames', () => {
    for (const [length, header] of [
      [125, 6],
      [126, 8],
      [65_535, 8],
      [65_536, 14],
    ] as const) {
      const [one] = connections(1);
      one!.say(length + header, [length]);
      expect(unfinished.bytes, String(length)).to.equal(0);
    }
  });

  it('is not led to forget a message by pings within it, nor to count them', () => {
    const [one] = connections(1);
    one!.say(10_000);
    const before = unfinished.bytes;
    for (let at = 0; at < 100; at += 1) one!.say(106, [], [100]);
    expect(unfinished.bytes).to.be.within(before, before + 100 * 256);
    one!.say(10, [], [4]);
    one!.say(6, [10_006 - HEADER]);
    const [idle] = connections(1);
    for (let at = 0; at < 100; at += 1) idle!.say(6, [], [0]);
    expect(unfinished.bytes).to.equal(0);
  });

  it('counts bytes that come one by one for what they cost', () => {
    const [one] = connections(1);
    for (let at = 0; at < 100; at += 1) one!.say(1);
    expect(unfinished.bytes).to.be.at.least(100 * 256);
  });

  it('cuts off who has been at it longest, but spares who holds little', () => {
    const [small, first, second, third] = connections(4);
    small!.say(1000);
    first!.say(40_000);
    second!.say(40_000);
    third!.say(10_000);
    expect([small, first, second, third].map((each) => each!.cuts)).to.deep.equal([0, 0, 0, 0]);
    third!.say(20_000);
    expect([small, first, second, third].map((each) => each!.cuts)).to.deep.equal([0, 1, 0, 0]);
    expect(reports).to.deep.equal([40_256]);
    expect(unfinished.bytes).to.be.at.most(MOST_BYTES);
    first!.say(90_000);
    expect(unfinished.bytes, 'of one that is cut off nothing is counted').to.be.at.most(MOST_BYTES - 20_000);
    expect(second!.cuts).to.equal(0);
  });

  it('takes a message that comes after another one for a new one', () => {
    const [first, second, small] = connections(3);
    small!.say(10);
    first!.say(45_000);
    second!.say(45_000);
    first!.say(45_000, [60_000]);
    expect([first!.cuts, second!.cuts]).to.deep.equal([0, 0]);
    first!.say(30_000);
    expect([first!.cuts, second!.cuts]).to.deep.equal([0, 1]);
  });

  it('never holds more than it may, whatever many connections do', () => {
    const all = connections(500);
    for (let round = 0; round < 5; round += 1) {
      for (const each of all) {
        each.say(1000);
        expect(unfinished.bytes).to.be.at.most(MOST_BYTES);
      }
    }
  });

  it('forgets a connection that closes, and listens to it no more', () => {
    const [one] = connections(1);
    one!.say(1000);
    one!.socket.emit('close');
    expect(unfinished.bytes).to.equal(0);
    expect(one!.stream.listenerCount('data')).to.equal(0);
    one!.say(1000);
    expect(unfinished.bytes).to.equal(0);
  });
});
