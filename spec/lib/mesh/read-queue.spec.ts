import { expect } from 'chai';
import { Slices } from '../../../lib/base/slices.ts';
import { ReadQueue } from '../../../lib/mesh/read-queue.ts';

const WIDTH = 8;
const MOST_WAITING = 10_000;

/** A peer that reads when the spec says so. */
class Reader {
  behind = false;
  waits = 0;
  #resolve: ((goesOn: boolean) => void)[] = [];

  isBehind(): boolean {
    return this.behind;
  }

  drained(): Promise<boolean> {
    this.waits += 1;
    return new Promise((resolve) => this.#resolve.push(resolve));
  }

  /** Lets the queue go on, or tells it that the peer is gone. */
  async goOn(goesOn = true): Promise<void> {
    this.behind = false;
    for (const resolve of this.#resolve.splice(0)) resolve(goesOn);
    await settle();
    await settle();
  }
}

async function settle(): Promise<void> {
  await new Promise<void>((resolve) => {
    setImmediate(resolve);
  });
}

describe('mesh/read-queue', () => {
  let reader: Reader;
  let queue: ReadQueue;
  let done: number[];
  let nowMs: number;
  beforeEach(() => {
    reader = new Reader();
    nowMs = 0;
    queue = new ReadQueue(reader, new Slices({ schedule: setImmediate, now: () => nowMs }));
    done = [];
  });

  /** A read that is done at once. */
  function quick(number: number): () => undefined {
    return () => {
      done.push(number);
      return undefined;
    };
  }

  it('begins a read in the next turn when nothing stands in its way', async () => {
    expect(queue.isFree).to.equal(true);
    queue.add(quick(1), 1);
    expect(done).to.deep.equal([]);
    await settle();
    expect(done).to.deep.equal([1]);
    expect(reader.waits).to.equal(0);
  });

  it('lets reads wait while the peer is behind, and goes on in their order', async () => {
    reader.behind = true;
    for (let i = 0; i < 250; i += 1) queue.add(quick(i), 1);
    await settle();
    expect(done).to.deep.equal([]);
    expect(queue.isFree).to.equal(false);
    expect(reader.waits).to.equal(1);
    await reader.goOn();
    queue.add(quick(250), 1);
    await settle();
    expect(done).to.deep.equal(Array.from({ length: 251 }, (_, i) => i));
  });

  it('begins no more of them in a turn than fit into a slice', async () => {
    for (let i = 0; i < 20; i += 1) {
      queue.add(() => {
        done.push(i);
        nowMs += 1;
        return undefined;
      }, 1);
    }
    const counts: number[] = [];
    while (done.length < 20) {
      await settle();
      counts.push(done.length);
    }
    expect(counts).to.deep.equal([4, 8, 12, 16, 20]);
  });

  it('stops again when the peer falls behind in between', async () => {
    reader.behind = true;
    for (let i = 0; i < 10; i += 1) {
      queue.add(() => {
        done.push(i);
        reader.behind = i === 3;
        return undefined;
      }, 1);
    }
    await settle();
    await reader.goOn();
    expect(done).to.deep.equal([0, 1, 2, 3]);
    await reader.goOn();
    expect(done).to.have.lengthOf(10);
  });

  it('runs a few reads at once, each following in when one is done', async () => {
    const ends: (() => void)[] = [];
    for (let i = 0; i < 20; i += 1) {
      queue.add(() => {
        done.push(i);
        return new Promise<void>((resolve) => ends.push(resolve));
      }, 1);
    }
    await settle();
    expect(done).to.have.lengthOf(WIDTH);
    expect(queue.isFree).to.equal(false);
    for (let ended = 1; ended <= 20; ended += 1) {
      ends[ended - 1]?.();
      await settle();
      await settle();
      expect(done).to.have.lengthOf(Math.min(20, WIDTH + ended));
    }
    queue.add(quick(20), 1);
    await settle();
    expect(done).to.deep.equal(Array.from({ length: 21 }, (_, i) => i));
  });

  it('counts a read that was begun elsewhere', async () => {
    const ends: (() => void)[] = [];
    for (let i = 0; i < WIDTH; i += 1) queue.run(new Promise<void>((resolve) => ends.push(resolve)));
    queue.run(undefined);
    expect(queue.isFree).to.equal(false);
    queue.add(quick(1), 1);
    await settle();
    expect(done).to.deep.equal([]);
    ends[3]?.();
    await settle();
    await settle();
    expect(done).to.deep.equal([1]);
  });

  it('has no room beyond its weight, and room again when reads were begun', async () => {
    reader.behind = true;
    expect(queue.hasRoom(MOST_WAITING)).to.equal(true);
    queue.add(quick(1), MOST_WAITING - 1);
    expect(queue.hasRoom(1)).to.equal(true);
    expect(queue.hasRoom(2)).to.equal(false);
    await settle();
    await reader.goOn();
    expect(queue.hasRoom(MOST_WAITING)).to.equal(true);
  });

  it('drops what waits for a peer that is gone', async () => {
    reader.behind = true;
    for (let i = 0; i < 10; i += 1) queue.add(quick(i), 1);
    await settle();
    await reader.goOn(false);
    expect(done).to.deep.equal([]);
    expect(queue.hasRoom(MOST_WAITING)).to.equal(true);
    queue.add(quick(10), 1);
    await settle();
    expect(done).to.deep.equal([10]);
  });
});
