import { expect } from 'chai';
import { limitsWith, type Limits } from '../../../lib/base/limits.ts';
import { Slices } from '../../../lib/base/slices.ts';
import { Inbox } from '../../../lib/mesh/inbox.ts';
import type { FrameItem } from '../../../lib/wire/codec.ts';

/** An inbox whose turns a test gives, and whose messages take a millisecond each unless told otherwise. */
class InboxWorld {
  nowMs = 0;
  messageMs = 1;
  isWanted = true;
  /** Handling this message holds the inbox. */
  holdAt = '';
  readonly heard: string[] = [];
  readonly calls: string[] = [];
  readonly inbox: Inbox;
  #tasks: (() => void)[] = [];

  constructor(limits: Partial<Limits> = {}) {
    this.inbox = new Inbox({
      limits: limitsWith(limits),
      slices: new Slices({ schedule: (task) => this.#tasks.push(task), now: () => this.nowMs }),
      handle: (item) => this.#handle(item),
      pause: () => this.calls.push('pause'),
      resume: () => this.calls.push('resume'),
      overflow: () => {
        this.calls.push('overflow');
        this.inbox.close();
      },
      fail: (error) => this.calls.push(String(error)),
    });
  }

  /** A frame of gets with these ids. */
  add(...names: string[]): void {
    this.inbox.add(`[${names.map((id) => `{"#":"${id}","get":{"#":"soul"}}`).join(',')}]`);
  }

  turn(): void {
    const tasks = this.#tasks;
    this.#tasks = [];
    for (const task of tasks) task();
  }

  #handle(item: FrameItem): boolean {
    const id = item.ok ? item.value.id : item.reason.reason;
    if (id === 'bad') throw new Error('stumbled');
    this.heard.push(id);
    if (id === this.holdAt) this.inbox.hold();
    this.nowMs += this.messageMs;
    return this.isWanted;
  }
}

function ids(first: number, count: number): string[] {
  return Array.from({ length: count }, (_, at) => `${first + at}`);
}

describe('mesh Inbox', () => {
  it('handles what comes at once while a peer keeps to its share of the time', () => {
    const world = new InboxWorld();
    world.add('1', '2');
    world.add('3');
    expect(world.heard).to.deep.equal(['1', '2', '3']);
    expect(world.inbox.size).to.equal(0);
  });

  it('lets a busy peer wait for later turns, a slice in each, and keeps the order', () => {
    const world = new InboxWorld();
    world.add(...ids(0, 6));
    expect(world.heard).to.deep.equal(ids(0, 4));
    for (const id of ids(6, 20)) world.add(id);
    const before = world.heard.length;
    world.turn();
    expect(world.heard.length - before).to.be.within(1, 5);
    while (world.inbox.size > 0) world.turn();
    world.turn();
    expect(world.heard).to.deep.equal(ids(0, 26));
  });

  it('gives a peer that was busy its share again after a while', () => {
    const world = new InboxWorld();
    for (const id of ids(0, 8)) world.add(id);
    while (world.inbox.size > 0) world.turn();
    world.turn();
    world.nowMs += 100;
    world.add('at once');
    expect(world.heard.at(-1)).to.equal('at once');
  });

  it('handles the messages of one frame over several turns when they take long', () => {
    const world = new InboxWorld();
    world.messageMs = 3;
    world.add(...ids(0, 10));
    expect(world.heard.length).to.be.below(6);
    for (let turn = 0; turn < 10; turn += 1) world.turn();
    expect(world.heard).to.deep.equal(ids(0, 10));
  });

  it('stops its link when too many frames wait, and lets it go on when half of them are done', () => {
    const world = new InboxWorld({ inputFrames: 10 });
    world.messageMs = 100;
    for (const id of ids(0, 12)) world.add(id);
    expect(world.calls).to.deep.equal(['pause']);
    while (world.inbox.size > 5) {
      expect(world.calls).to.deep.equal(['pause']);
      world.turn();
    }
    expect(world.calls).to.deep.equal(['pause', 'resume']);
    while (world.inbox.size > 0) world.turn();
    world.turn();
    expect(world.heard).to.deep.equal(ids(0, 12));
  });

  it('handles nothing while it is held, and goes on in order where it was', () => {
    const world = new InboxWorld({ inputFrames: 3 });
    world.holdAt = '2';
    world.add('0');
    world.add('1', '2', '3', '4');
    world.add('5');
    for (let turn = 0; turn < 5; turn += 1) world.turn();
    expect(world.heard).to.deep.equal(['0', '1', '2']);
    for (const id of ['6', '7']) world.add(id);
    expect(world.calls).to.deep.equal(['pause']);
    world.inbox.release();
    world.inbox.release();
    for (let turn = 0; turn < 9; turn += 1) world.turn();
    expect(world.heard).to.deep.equal(ids(0, 8));
    expect(world.calls).to.deep.equal(['pause', 'resume']);
  });

  it('can be held while it goes through a backlog, and let go before it has noticed', () => {
    const world = new InboxWorld();
    world.messageMs = 5;
    world.holdAt = '3';
    for (const id of ids(0, 6)) world.add(id);
    for (let turn = 0; turn < 9; turn += 1) world.turn();
    expect(world.heard).to.deep.equal(ids(0, 4));
    world.holdAt = '';
    world.inbox.release();
    for (let turn = 0; turn < 9; turn += 1) world.turn();
    expect(world.heard).to.deep.equal(ids(0, 6));
    world.inbox.hold();
    world.inbox.release();
    world.add('6');
    expect(world.inbox.size).to.be.at.most(1);
  });

  it('tells when more characters wait than may', () => {
    const world = new InboxWorld({ inputLength: 1000 });
    world.messageMs = 100;
    for (const id of ids(0, 100)) world.add(id);
    expect(world.calls).to.deep.equal(['overflow']);
    expect(world.inbox.size).to.equal(0);
  });

  it('forgets what waits when the rest is of no use, or when it is closed', () => {
    const world = new InboxWorld();
    world.messageMs = 5;
    world.add(...ids(0, 3));
    world.inbox.close();
    for (let turn = 0; turn < 5; turn += 1) world.turn();
    world.add('late');
    expect(world.heard).to.deep.equal(['0']);
    const unwanted = new InboxWorld();
    unwanted.isWanted = false;
    unwanted.add('1', '2');
    expect(unwanted.heard).to.deep.equal(['1']);
  });

  it('tells what handling throws, at once and later, and takes no more', () => {
    const world = new InboxWorld();
    world.add('bad', '1');
    world.add('2');
    expect(world.calls).to.deep.equal(['Error: stumbled']);
    expect(world.heard).to.deep.equal([]);
  });

  it('tells what handling throws in a later turn', async () => {
    const world = new InboxWorld();
    world.messageMs = 5;
    world.add('0', '1', '2', 'bad', '3');
    for (let turn = 0; turn < 6; turn += 1) world.turn();
    await Promise.resolve();
    await Promise.resolve();
    expect(world.calls).to.deep.equal(['Error: stumbled']);
    expect(world.heard).to.deep.equal(['0', '1', '2']);
  });
});
