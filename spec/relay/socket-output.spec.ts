import type { Socket } from 'node:net';
import { Writable } from 'node:stream';
import { expect } from 'chai';
import { Slices } from '../../lib/base/slices.ts';
import type { Frame } from '../../lib/mesh/link.ts';
import { SocketOutput } from '../../relay/socket-output.ts';
import { Fragments } from '../../relay/text-frame.ts';

const LONG = 65_536;

/** A stream that takes what it is given, at once or when the spec says so. */
class FakeStream extends Writable {
  readonly taken: Buffer[] = [];
  isStuck = false;
  #goOn: (() => void) | undefined;

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.taken.push(chunk);
    if (this.isStuck) this.#goOn = done;
    else done();
  }

  /** Takes everything that waits. */
  flow(): void {
    this.isStuck = false;
    this.#goOn?.();
    this.#goOn = undefined;
  }
}

/** Receivers that share turns in which every step fills a slice. */
class OutputWorld {
  #tasks: (() => void)[] = [];
  #nowMs = 0;
  readonly slices: Slices = new Slices({
    schedule: (task) => this.#tasks.push(task),
    now: () => (this.#nowMs += 10),
  });

  receiver(): { stream: FakeStream; output: SocketOutput } {
    const stream = new FakeStream();
    return { stream, output: new SocketOutput(stream as unknown as Socket, this.slices) };
  }

  async turn(): Promise<void> {
    for (const task of this.#tasks.splice(0)) task();
    await new Promise<void>((resolve) => {
      setImmediate(resolve);
    });
  }

  /** Runs turns until nothing is left to do; how many it took. */
  async finish(): Promise<number> {
    let turns = 0;
    do {
      await this.turn();
      turns += 1;
    } while (this.#tasks.length > 0);
    return turns;
  }
}

function frame(text: string): Frame {
  return { text };
}

/** First bytes of frames. */
function heads(frames: readonly Buffer[]): number[] {
  return frames.map((bytes) => bytes[0]!);
}

describe('relay socket output', () => {
  it('writes short frames once the turn ends, and encodes them once for all receivers', async () => {
    const world = new OutputWorld();
    const [ann, bob] = [world.receiver(), world.receiver()];
    const shared = frame('{"#":"1"}');
    for (const { output, stream } of [ann, bob]) {
      output.send(shared);
      expect(stream.taken).to.deep.equal([]);
      expect(output.queuedBytes).to.equal(11);
    }
    await world.turn();
    expect(ann.stream.taken[0]).to.equal(bob.stream.taken[0]);
    expect(ann.output.queuedBytes).to.equal(0);
    expect(world.slices.size).to.equal(0);
  });

  it('writes a long one in fragments, one turn each while they fill a slice, and what comes after it behind it', async () => {
    const world = new OutputWorld();
    const { stream, output } = world.receiver();
    output.send(frame('x'.repeat(4 * LONG)));
    output.send(frame('short'));
    output.send(frame('y'.repeat(LONG + 1)));
    expect(output.isBusy).to.equal(true);
    expect(output.queuedBytes).to.equal(5 * LONG + 8);
    expect(stream.taken).to.deep.equal([]);
    const counts: number[] = [];
    while (output.isBusy) {
      await world.turn();
      counts.push(stream.taken.length);
    }
    expect(counts).to.deep.equal([1, 2, 3, 4, 5, 6, 7]);
    expect(heads(stream.taken)).to.deep.equal([0x01, 0x00, 0x00, 0x80, 0x81, 0x01, 0x80]);
    expect(output.queuedBytes).to.equal(0);
  });

  it('counts what is left while fragments go out', async () => {
    const world = new OutputWorld();
    const { output } = world.receiver();
    output.send(frame('x'.repeat(3 * LONG - 1)));
    const counts = [output.queuedBytes];
    while (output.isBusy) {
      await world.turn();
      counts.push(output.queuedBytes);
    }
    expect(counts).to.deep.equal([3 * LONG - 1, 2 * LONG - 1, LONG - 1, 0]);
  });

  it('encodes each fragment once for a hundred receivers', async () => {
    const world = new OutputWorld();
    const receivers = Array.from({ length: 100 }, () => world.receiver());
    const shared = frame('x'.repeat(3 * LONG));
    for (const { output } of receivers) output.send(shared);
    await world.finish();
    expect(shared.encoded).to.be.instanceOf(Fragments);
    expect((shared.encoded as Fragments).made).to.equal(3);
    for (const { stream } of receivers) {
      for (const [at, bytes] of stream.taken.entries())
        expect(bytes).to.equal(receivers[0]!.stream.taken[at]);
      expect(stream.taken).to.have.lengthOf(3);
    }
  });

  it('writes no more than a little ahead of what the other side takes, and goes on when it has', async () => {
    const world = new OutputWorld();
    const { stream, output } = world.receiver();
    stream.isStuck = true;
    const long = frame('x'.repeat(50 * LONG));
    output.send(long);
    await world.finish();
    expect(stream.writableLength).to.be.within(4 * LONG, 5 * LONG);
    expect((long.encoded as Fragments).made).to.be.below(6);
    expect(output.queuedBytes).to.be.within(50 * LONG, 51 * LONG);
    stream.flow();
    await world.turn();
    await world.finish();
    expect(stream.taken).to.have.lengthOf(50);
    expect(output.queuedBytes).to.equal(0);
  });

  it('tells when all is written, or at once', async () => {
    const world = new OutputWorld();
    const { stream, output } = world.receiver();
    const told: number[] = [];
    output.whenEmpty(() => told.push(stream.taken.length));
    output.send(frame('x'.repeat(3 * LONG)));
    output.whenEmpty(() => told.push(stream.taken.length));
    await world.finish();
    expect(told).to.deep.equal([0, 3]);
  });

  it('forgets what waits when it is closed, or when nothing can be written any more', async () => {
    const world = new OutputWorld();
    const [closed, ended] = [world.receiver(), world.receiver()];
    for (const { output } of [closed, ended]) output.send(frame('x'.repeat(10 * LONG)));
    await world.turn();
    closed.output.close();
    ended.stream.end();
    await world.finish();
    for (const { output, stream } of [closed, ended]) {
      expect(stream.taken.length).to.be.below(3);
      expect(output.isBusy).to.equal(false);
      expect(output.queuedBytes).to.equal(0);
    }
  });
});
