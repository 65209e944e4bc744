import { expect } from 'chai';
import { describeLink } from '../../adapters/conformance/index.ts';
import {
  loopbackPair,
  LoopbackNetwork,
  type LinkConditions,
  type LoopbackNetworkOptions,
} from '../../adapters/loopback-link.ts';
import { CLOSE, type Link } from '../../lib/mesh/link.ts';
import { seed } from '../support/seed.ts';

describeLink({ describe, it }, 'loopbackPair', () => {
  const [near, far] = loopbackPair();
  return { near, far };
});

describeLink({ describe, it }, 'LoopbackNetwork', () => {
  const network = new LoopbackNetwork({ seed: 1, minDelayMs: 5, maxDelayMs: 50 });
  const [near, far] = network.connect('a', 'b');
  return {
    near,
    far,
    settle: async () => {
      await network.run();
    },
  };
});

/** Every frame a link delivers, with the virtual time of its arrival. */
function record(
  network: LoopbackNetwork,
  link: Link,
): { arrivals: [text: string, atMs: number][]; closes: number } {
  const heard = { arrivals: [] as [string, number][], closes: 0 };
  link.listen({
    frame: (text) => heard.arrivals.push([text, network.clock()]),
    close: () => {
      heard.closes += 1;
    },
  });
  return heard;
}

function sendAll(link: Link, count: number): string[] {
  const texts = Array.from({ length: count }, (_, i) => `${i}`);
  for (const text of texts) link.send({ text });
  return texts;
}

async function arrivalsOf(options: LoopbackNetworkOptions, count: number): Promise<[string, number][]> {
  const network = new LoopbackNetwork({ startMs: 0, ...options });
  const [near, far] = network.connect('a', 'b');
  const { arrivals } = record(network, far);
  sendAll(near, count);
  await network.run();
  return arrivals;
}

describe('loopbackPair', () => {
  it('gives each link the name of the other side', () => {
    const [near, far] = loopbackPair({ names: ['alice', 'bob'] });
    expect([near.name, far.name]).to.deep.equal(['bob', 'alice']);
  });

  it('counts bytes of UTF-8 until they arrive', async () => {
    const [near, far] = loopbackPair();
    far.listen({ frame: () => undefined, close: () => undefined });
    near.send({ text: 'é\u{1f600}' });
    expect(near.queuedBytes).to.equal(6);
    await Promise.resolve();
    expect(near.queuedBytes).to.equal(0);
  });
});

describe('a paused loopback link', () => {
  it('delivers nothing, and its sender counts what waits', async () => {
    const [near, far] = loopbackPair();
    const frames: string[] = [];
    far.listen({ frame: (text) => frames.push(text), close: () => undefined });
    far.pause();
    for (const text of ['1', '22']) near.send({ text });
    await Promise.resolve();
    expect(frames).to.deep.equal([]);
    expect(near.queuedBytes).to.equal(3);
    far.resume();
    expect(frames, 'not within resume').to.deep.equal([]);
    await Promise.resolve();
    expect(frames).to.deep.equal(['1', '22']);
    expect(near.queuedBytes).to.equal(0);
  });

  it('stops between two frames when its listener asks', async () => {
    const [near, far] = loopbackPair();
    const frames: string[] = [];
    far.pause();
    far.listen({
      frame: (text) => {
        frames.push(text);
        far.pause();
      },
      close: () => undefined,
    });
    for (const text of ['1', '2', '3']) near.send({ text });
    await Promise.resolve();
    for (const count of [1, 2, 3]) {
      far.resume();
      await Promise.resolve();
      expect(frames).to.have.lengthOf(count);
    }
  });

  it('forgets what waits when it is closed', async () => {
    const [near, far] = loopbackPair();
    const frames: string[] = [];
    far.listen({ frame: (text) => frames.push(text), close: () => undefined });
    far.pause();
    near.send({ text: '1' });
    await Promise.resolve();
    far.close(CLOSE.overloaded, 'enough');
    far.resume();
    await Promise.resolve();
    expect(frames).to.deep.equal([]);
    expect(near.queuedBytes).to.equal(0);
  });
});

describe('LoopbackNetwork', () => {
  it('does nothing before the time is moved on', async () => {
    const network = new LoopbackNetwork({ seed, startMs: 1000, minDelayMs: 10 });
    const [near, far] = network.connect('a', 'b');
    const heard = record(network, far);
    near.send({ text: 'x' });
    await network.advance(9);
    expect([heard.arrivals.length, near.queuedBytes, network.clock()]).to.deep.equal([0, 1, 1009]);
    await network.advance(1);
    expect(heard.arrivals).to.deep.equal([['x', 1010]]);
    expect(near.queuedBytes).to.equal(0);
  });

  it('keeps delays between their bounds and frames in order unless told otherwise', async () => {
    const arrivals = await arrivalsOf({ seed, minDelayMs: 20, maxDelayMs: 80 }, 200);
    expect(arrivals.map(([text]) => Number(text))).to.deep.equal(Array.from({ length: 200 }, (_, i) => i));
    for (const [, atMs] of arrivals) expect(atMs).to.be.within(20, 80);
  });

  it('lets frames overtake each other when told to', async () => {
    const arrivals = await arrivalsOf({ seed, minDelayMs: 20, maxDelayMs: 80, reorder: true }, 200);
    const order = arrivals.map(([text]) => Number(text));
    expect(order).not.to.deep.equal(order.toSorted((a, b) => a - b));
    expect(new Set(order).size).to.equal(200);
    for (const [, atMs] of arrivals) expect(atMs).to.be.within(20, 80);
  });

  it('loses and doubles frames as often as told', async () => {
    expect(await arrivalsOf({ seed, loss: 1 }, 50)).to.deep.equal([]);
    expect(await arrivalsOf({ seed, duplication: 1 }, 50)).to.have.lengthOf(100);
    expect((await arrivalsOf({ seed, loss: 0.3 }, 2000)).length).to.be.within(1200, 1600);
    expect((await arrivalsOf({ seed, duplication: 0.3 }, 2000)).length).to.be.within(2400, 2800);
  });

  it('frees the bytes of a lost frame at once', () => {
    const network = new LoopbackNetwork({ seed, loss: 1 });
    const [near] = network.connect('a', 'b');
    near.send({ text: 'lost' });
    expect(near.queuedBytes).to.equal(0);
  });

  it('repeats a run for a seed and gives another one for another seed', async () => {
    const conditions: LinkConditions = { maxDelayMs: 1000, loss: 0.2, duplication: 0.2, reorder: true };
    const [first, again, other] = await Promise.all(
      [seed, seed, seed + 1].map((each) => arrivalsOf({ seed: each, ...conditions }, 100)),
    );
    expect(again).to.deep.equal(first);
    expect(other).not.to.deep.equal(first);
  });

  it('frees the bytes of a doubled frame once', async () => {
    const network = new LoopbackNetwork({
      seed,
      duplication: 1,
      minDelayMs: 10,
      maxDelayMs: 90,
      reorder: true,
    });
    const [near] = network.connect('a', 'b');
    const texts = sendAll(near, 10);
    expect(near.queuedBytes).to.equal(texts.length);
    await network.run();
    expect(near.queuedBytes).to.equal(0);
  });

  it('gives a link conditions of its own', async () => {
    const network = new LoopbackNetwork({ seed, startMs: 0, minDelayMs: 5 });
    const [near, far] = network.connect('a', 'b', { minDelayMs: 70 });
    const heard = record(network, far);
    near.send({ text: 'x' });
    await network.run();
    expect(heard.arrivals).to.deep.equal([['x', 70]]);
  });

  it('delivers the end of a link after the frames before it', async () => {
    const network = new LoopbackNetwork({ seed, minDelayMs: 5, maxDelayMs: 500, reorder: true });
    const [near, far] = network.connect('a', 'b');
    const heard = record(network, far);
    sendAll(near, 50);
    near.close(CLOSE.goingAway, 'bye');
    await network.run();
    expect([heard.arrivals.length, heard.closes]).to.deep.equal([50, 1]);
  });

  it('runs timers and tasks at their virtual time, in the order they were asked for', async () => {
    const network = new LoopbackNetwork({ seed, startMs: 0 });
    const steps: [string, number][] = [];
    const note = (name: string) => (): void => void steps.push([name, network.clock()]);
    network.timers.setTimeout(note('late'), 20);
    network.timers.setTimeout(note('early'), 10);
    network.timers.setTimeout(note('same time'), 10);
    network.timers.clearTimeout(network.timers.setTimeout(note('cancelled'), 5));
    network.schedule(() => {
      note('task')();
      network.schedule(note('task of a task'));
      network.timers.setTimeout(note('negative'), -5);
    });
    expect(await network.run()).to.equal(true);
    expect(steps).to.deep.equal([
      ['task', 0],
      ['task of a task', 0],
      ['negative', 0],
      ['early', 10],
      ['same time', 10],
      ['late', 20],
    ]);
  });

  it('lets promises settle between events, so that reactions take no virtual time', async () => {
    const network = new LoopbackNetwork({ seed, startMs: 0, minDelayMs: 10 });
    const [near, far] = network.connect('a', 'b');
    const heard = record(network, near);
    const echo = async (text: string): Promise<void> => {
      for (let i = 0; i < 50; i += 1) await Promise.resolve();
      far.send({ text: `${text} again` });
    };
    far.listen({ frame: (text) => void echo(text), close: () => undefined });
    near.send({ text: 'x' });
    await network.run();
    expect(heard.arrivals).to.deep.equal([['x again', 20]]);
  });

  it('settles without setImmediate too, as browsers must', async () => {
    const { setImmediate } = globalThis;
    const host = globalThis as { setImmediate?: typeof setImmediate };
    delete host.setImmediate;
    try {
      expect(await arrivalsOf({ seed, minDelayMs: 1 }, 3)).to.have.lengthOf(3);
    } finally {
      host.setImmediate = setImmediate;
    }
  });

  it('settles in the way it was given', async () => {
    let settled = 0;
    const settle = async (): Promise<void> => {
      settled += 1;
    };
    await arrivalsOf({ seed, settle }, 3);
    expect(settled).to.equal(4);
  });

  it('stops a run that never comes to an end', async () => {
    const network = new LoopbackNetwork({ seed, startMs: 0 });
    let beats = 0;
    const beat = (): void => {
      beats += 1;
      network.timers.setTimeout(beat, 100);
    };
    beat();
    expect(await network.run(1000)).to.equal(false);
    expect([beats, network.clock()]).to.deep.equal([11, 1000]);
  });

  it('draws numbers from 0 up to but without 1, evenly', () => {
    const network = new LoopbackNetwork({ seed });
    const numbers = Array.from({ length: 5000 }, () => network.random());
    expect(Math.min(...numbers)).to.be.at.least(0);
    expect(Math.max(...numbers)).to.be.below(1);
    expect(numbers.reduce((sum, number) => sum + number) / 5000).to.be.within(0.46, 0.54);
  });

  describe('partition', () => {
    it('that closes ends the links between groups on both sides, and only those', async () => {
      const network = new LoopbackNetwork({ seed, minDelayMs: 10 });
      const [ab, ba] = network.connect('a', 'b');
      const [ac, ca] = network.connect('a', 'c');
      const [cd, dc] = network.connect('c', 'd');
      const heard = [ab, ba, ac, ca, cd, dc].map((link) => record(network, link));
      ac.send({ text: 'on its way' });
      network.partition([['a', 'b']], 'close');
      ab.send({ text: 'x' });
      cd.send({ text: 'y' });
      await network.run();
      expect(heard.map(({ closes }) => closes)).to.deep.equal([0, 0, 1, 1, 0, 0]);
      expect(heard.map(({ arrivals }) => arrivals.length)).to.deep.equal([0, 1, 0, 0, 0, 1]);
    });

    it('that closes lets nobody connect until it is healed', async () => {
      const network = new LoopbackNetwork({ seed });
      network.partition([['a'], ['b']], 'close');
      const refused = network.connect('a', 'b').map((link) => record(network, link));
      expect(refused.map(({ closes }) => closes)).to.deep.equal([1, 1]);
      network.heal();
      const [near, far] = network.connect('a', 'b');
      const heard = record(network, far);
      near.send({ text: 'x' });
      await network.run();
      expect(heard.arrivals).to.have.lengthOf(1);
    });

    it('that loses keeps the links and loses what is sent or would arrive meanwhile', async () => {
      const network = new LoopbackNetwork({ seed, startMs: 0, minDelayMs: 10 });
      const [near, far] = network.connect('a', 'b');
      const heard = record(network, far);
      near.send({ text: 'arrives before' });
      await network.advance(10);
      near.send({ text: 'on its way' });
      network.partition([['a'], ['b']], 'lose');
      near.send({ text: 'meanwhile' });
      await network.advance(10);
      near.send({ text: 'before the healing' });
      network.heal();
      near.send({ text: 'afterwards' });
      await network.run();
      expect(heard).to.deep.equal({
        arrivals: [
          ['arrives before', 10],
          ['afterwards', 30],
        ],
        closes: 0,
      });
    });

    it('replaces the one before it', async () => {
      const network = new LoopbackNetwork({ seed });
      const [near, far] = network.connect('a', 'b');
      const heard = record(network, far);
      network.partition([['a'], ['b']], 'lose');
      network.partition([['a', 'b'], ['c']], 'lose');
      near.send({ text: 'x' });
      await network.run();
      expect(heard.arrivals).to.have.lengthOf(1);
    });
  });
});
