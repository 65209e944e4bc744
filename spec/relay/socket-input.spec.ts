import { expect } from 'chai';
import * as fc from 'fast-check';
import { finish, Slices } from '../../lib/base/slices.ts';
import { decode, SocketInput } from '../../relay/socket-input.ts';
import { seeded } from '../support/arbitraries.ts';

/** An input whose turns a spec gives; every step fills a slice. */
class InputWorld {
  readonly calls: string[] = [];
  readonly texts: string[] = [];
  readonly input: SocketInput;
  #tasks: (() => void)[] = [];
  #nowMs = 0;

  constructor() {
    const now = (): number => (this.#nowMs += 10);
    this.input = new SocketInput({
      slices: new Slices({ schedule: (task) => this.#tasks.push(task), now }),
      deliver: (text) => this.texts.push(text),
      stop: () => this.calls.push('stop'),
      goOn: () => this.calls.push('go on'),
    });
  }

  /** Runs turns until nothing is left to do; how many it took. */
  async finish(): Promise<number> {
    let turns = 0;
    for (; this.#tasks.length > 0; turns += 1) {
      for (const task of this.#tasks.splice(0)) task();
      await new Promise<void>((resolve) => {
        setImmediate(resolve);
      });
    }
    return turns;
  }
}

describe('relay socket input', () => {
  it('delivers short texts at once', () => {
    const world = new InputWorld();
    for (const text of ['', 'a', 'é😀', 'x'.repeat(65_536)]) {
      world.input.add(Buffer.from(text));
      expect(world.texts.at(-1)).to.equal(text);
    }
    expect(world.calls).to.deep.equal([]);
  });

  it('decodes a long text over several turns, and stops the socket meanwhile', async () => {
    const world = new InputWorld();
    const text = '語😀x'.repeat(100_000);
    world.input.add(Buffer.from(text));
    expect(world.texts).to.deep.equal([]);
    expect(world.input.isDecoding).to.equal(true);
    expect(world.calls).to.deep.equal(['stop']);
    expect(await world.finish()).to.be.above(10);
    expect(world.texts.length === 1 && world.texts[0] === text).to.equal(true);
    expect(world.calls).to.deep.equal(['stop', 'go on']);
    expect(world.input.isDecoding).to.equal(false);
  });

  it('keeps the order of what had been read already', async () => {
    const world = new InputWorld();
    const long = ['y'.repeat(300_000), 'z'.repeat(200_000)];
    for (const text of ['1', long[0]!, '2', '3', long[1]!, '4']) world.input.add(Buffer.from(text));
    expect(world.texts).to.deep.equal(['1']);
    await world.finish();
    expect(world.texts.map((text) => text.slice(0, 2))).to.deep.equal(['1', 'yy', '2', '3', 'zz', '4']);
    expect(world.calls).to.deep.equal(['stop', 'go on']);
  });

  it('runs a task when all is delivered, or at once', async () => {
    const world = new InputWorld();
    world.input.whenDone(() => world.texts.push('nothing waits'));
    world.input.add(Buffer.alloc(100_000, 'x'));
    world.input.whenDone(() => world.texts.push('done'));
    await world.finish();
    expect(world.texts.map((text) => text.length)).to.deep.equal([13, 100_000, 4]);
  });

  it('forgets what waits when it is closed', async () => {
    const world = new InputWorld();
    world.input.add(Buffer.alloc(100_000, 'x'));
    world.input.add(Buffer.from('late'));
    world.input.close();
    await world.finish();
    expect(world.texts).to.not.include('late');
  });

  it('decodes what a decoder of whole texts decodes, wherever pieces end', () => {
    const units = fc.array(fc.constantFrom('x', 'é', '語', '😀', '\ufeff', '\u0000'), {
      minLength: 1,
      maxLength: 6,
    });
    fc.assert(
      fc.property(units, fc.integer({ min: 0, max: 3 }), (pattern, shift) => {
        const bytes = Buffer.from('\ufeff'.repeat(shift) + pattern.join('').repeat(30_000));
        expect(finish(decode(bytes)) === bytes.toString()).to.equal(true);
      }),
      seeded(30),
    );
  });
});
