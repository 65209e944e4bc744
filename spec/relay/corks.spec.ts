import { expect } from 'chai';
import { Corks, type Corkable } from '../../relay/corks.ts';

const STREAMS_AT_ONCE = 16;

/** Streams whose writing takes as long as a spec says, and turns that it gives. */
class CorksWorld {
  nowMs = 0;
  uncorkMs = 0;
  readonly uncorked: number[] = [];
  readonly corks: Corks;
  #atEnd: (() => void)[] = [];
  #next: (() => void)[] = [];

  constructor() {
    this.corks = new Corks({
      atEnd: (task) => this.#atEnd.push(task),
      next: (task) => this.#next.push(task),
      now: () => this.nowMs,
    });
  }

  /** Streams that fail when they are not corked once at a time. */
  streams(count: number): Corkable[] {
    return Array.from({ length: count }, (_, number) => {
      let isCorked = false;
      return {
        cork: () => {
          expect(isCorked, 'corked twice').to.equal(false);
          isCorked = true;
        },
        uncork: () => {
          expect(isCorked, 'uncorked twice').to.equal(true);
          isCorked = false;
          this.uncorked.push(number);
          this.nowMs += this.uncorkMs;
        },
      };
    });
  }

  endTurn(): void {
    for (const task of this.#atEnd.splice(0)) task();
  }

  /** The next turn, if anybody asked for it. */
  nextTurn(): boolean {
    const tasks = this.#next.splice(0);
    for (const task of tasks) task();
    return tasks.length > 0;
  }
}

function numbers(first: number, count: number): number[] {
  return Array.from({ length: count }, (_, at) => first + at);
}

describe('relay corks', () => {
  it('hold streams back until the turn ends, each once', () => {
    const world = new CorksWorld();
    const streams = world.streams(3);
    for (const stream of [...streams, ...streams]) world.corks.add(stream);
    expect(world.uncorked).to.deep.equal([]);
    world.endTurn();
    expect(world.uncorked).to.deep.equal([0, 1, 2]);
    world.corks.add(streams[1]!);
    world.endTurn();
    expect(world.uncorked).to.deep.equal([0, 1, 2, 1]);
    expect(world.nextTurn()).to.equal(false);
  });

  it('leave to later turns what one has no time for', () => {
    const world = new CorksWorld();
    world.uncorkMs = 1;
    for (const stream of world.streams(3 * STREAMS_AT_ONCE + 1)) world.corks.add(stream);
    const counts: number[] = [];
    world.endTurn();
    do counts.push(world.uncorked.length);
    while (world.nextTurn());
    expect(counts).to.deep.equal([16, 32, 48, 49]);
    expect(world.uncorked).to.deep.equal(numbers(0, 49));
  });

  it('let go first what is new, also on a stream that is late', () => {
    const world = new CorksWorld();
    world.uncorkMs = 1;
    const streams = world.streams(4 * STREAMS_AT_ONCE);
    for (const stream of streams.slice(0, 3 * STREAMS_AT_ONCE)) world.corks.add(stream);
    world.endTurn();
    world.uncorked.length = 0;
    world.corks.add(streams.at(-1)!);
    world.corks.add(streams[40]!);
    world.endTurn();
    expect(world.uncorked).to.deep.equal([63, 40]);
    while (world.nextTurn());
    expect(world.uncorked).to.have.members([63, ...numbers(16, 32)]);
  });

  it('hold back until the end of a real turn', async () => {
    const corks = new Corks();
    const world = new CorksWorld();
    const [stream] = world.streams(1);
    corks.add(stream!);
    expect(world.uncorked).to.deep.equal([]);
    await new Promise<void>((resolve) => {
      setImmediate(resolve);
    });
    expect(world.uncorked).to.deep.equal([0]);
  });
});
