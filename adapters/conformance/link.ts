/** The link contract as specs, for any transport and any test runner that has `describe` and `it`. */
import { expect } from 'chai';
import { CLOSE, type Frame, type Link, type LinkListener } from '../../lib/mesh/link.ts';
import type { Runner } from './storage-kit.ts';

/** Two links that are joined and open; nobody listens to them yet. */
export interface LinkSubject {
  readonly near: Link;
  readonly far: Link;
  /** Lets what is on its way arrive, for transports over virtual time. */
  settle?(): Promise<void>;
  /** Frees what lies below the links; both are closed by then. */
  remove?(): Promise<void>;
}

type Use = (subject: LinkSubject) => Promise<void>;

/** Writes down what a link tells, and lets a case wait for it. */
class Recorder implements LinkListener {
  readonly frames: string[] = [];
  closes = 0;
  readonly #subject: LinkSubject;
  #wake: () => void = () => undefined;

  constructor(subject: LinkSubject) {
    this.#subject = subject;
  }

  frame(text: string): void {
    expect(this.closes, 'closes before a frame').to.equal(0);
    this.frames.push(text);
    this.#wake();
  }

  close(): void {
    this.closes += 1;
    this.#wake();
  }

  async until(isMet: () => boolean): Promise<void> {
    while (!isMet()) {
      const woken = new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
      await this.#subject.settle?.();
      if (!isMet()) await woken;
    }
  }

  async untilFrames(count: number): Promise<string[]> {
    await this.until(() => this.frames.length >= count);
    return this.frames;
  }

  untilClosed(): Promise<void> {
    return this.until(() => this.closes > 0);
  }
}

function frame(text: string): Frame {
  return { text };
}

/** A frame there and back, after which everything sent before it has arrived. */
async function roundTrip(subject: LinkSubject, near: Recorder, far: Recorder): Promise<void> {
  const [nearCount, farCount] = [near.frames.length, far.frames.length];
  subject.near.send(frame('there'));
  await far.untilFrames(farCount + 1);
  subject.far.send(frame('back'));
  await near.untilFrames(nearCount + 1);
}

const TEXTS = [
  '{}',
  '[]',
  '{"#":"é\u{1f600}\uffff"}',
  '"\u0000\u001b\u007f\ufeff"',
  '\ufeffafter a byte order mark',
  'x'.repeat(125),
  'x'.repeat(126),
  'é'.repeat(40_000),
];

/**
 * Registers the link contract as a suite.
 *
 * @param create gives two joined links; called once for each case
 */
export function describeLink(
  runner: Runner,
  name: string,
  create: () => Promise<LinkSubject> | LinkSubject,
): void {
  const joined = (title: string, use: Use): void =>
    void runner.it(title, async () => {
      const subject = await create();
      try {
        await use(subject);
      } finally {
        subject.near.close(CLOSE.goingAway, 'done');
        subject.far.close(CLOSE.goingAway, 'done');
        await subject.settle?.();
        await subject.remove?.();
      }
    });
  const heard = (
    title: string,
    use: (subject: LinkSubject, near: Recorder, far: Recorder) => Promise<void>,
  ): void =>
    joined(title, async (subject) => {
      const [near, far] = [new Recorder(subject), new Recorder(subject)];
      subject.near.listen(near);
      subject.far.listen(far);
      await use(subject, near, far);
    });

  runner.describe(`${name} as a link`, () => {
    frameCases(heard);
    lateListenerCases(joined);
    pauseCases(heard);
    closeCases(heard);
  });
}

type Heard = (
  title: string,
  use: (subject: LinkSubject, near: Recorder, far: Recorder) => Promise<void>,
) => void;

function frameCases(heard: Heard): void {
  heard('names the other side', async ({ near, far }) => {
    expect(near.name).to.be.a('string').and.not.equal('');
    expect(far.name).to.be.a('string').and.not.equal('');
  });
  heard('carries texts of any characters and sizes exactly, both ways', async (subject, near, far) => {
    for (const text of TEXTS) {
      subject.near.send(frame(text));
      subject.far.send(frame(text));
    }
    for (const side of [near, far]) expect(await side.untilFrames(TEXTS.length)).to.deep.equal(TEXTS);
  });
  heard('carries frames of a megabyte', async (subject, _near, far) => {
    const text = 'é\u{1f600}7'.repeat(150_000);
    subject.near.send(frame(text));
    const [arrived] = await far.untilFrames(1);
    expect(arrived === text).to.equal(true);
  });
  heard('keeps the order of frames', async (subject, _near, far) => {
    const texts = Array.from({ length: 500 }, (_, i) => (i % 50 === 0 ? `${i} `.repeat(5000) : `${i}`));
    for (const text of texts) subject.near.send(frame(text));
    expect(await far.untilFrames(500)).to.deep.equal(texts);
  });
  heard('never calls its listener from within send', async (subject, near, far) => {
    subject.near.send(frame('a'));
    expect([...near.frames, ...far.frames]).to.deep.equal([]);
    expect(await far.untilFrames(1)).to.deep.equal(['a']);
  });
  heard('sends one frame any number of times', async (subject, near, far) => {
    const shared = frame('{"shared":true}');
    subject.near.send(shared);
    subject.far.send(shared);
    subject.near.send(shared);
    expect(await far.untilFrames(2)).to.deep.equal([shared.text, shared.text]);
    expect(await near.untilFrames(1)).to.deep.equal([shared.text]);
  });
  heard('counts queued bytes, none once everything has arrived', async (subject, near, far) => {
    expect(subject.near.queuedBytes).to.equal(0);
    subject.near.send(frame('x'.repeat(100_000)));
    expect(subject.near.queuedBytes).to.be.at.least(0);
    await far.untilFrames(1);
    await roundTrip(subject, near, far);
    expect(subject.near.queuedBytes).to.equal(0);
  });
  heard('may be answered and closed from within its listener', async (subject, near) => {
    subject.far.listen({
      frame: (text) => {
        subject.far.send(frame(`${text}, heard`));
        if (text === '2') subject.far.close(CLOSE.refused, 'enough');
      },
      close: () => undefined,
    });
    for (const text of ['1', '2', '3']) subject.near.send(frame(text));
    await near.untilClosed();
    expect(near.frames).to.deep.equal(['1, heard', '2, heard']);
  });
}

function lateListenerCases(joined: (title: string, use: Use) => void): void {
  joined('delivers what came before it was listened to first, in order', async (subject) => {
    const [near, far] = [new Recorder(subject), new Recorder(subject)];
    subject.near.listen(near);
    for (const text of ['1', '2', '3']) subject.near.send(frame(text));
    await subject.settle?.();
    subject.far.listen(far);
    subject.near.send(frame('4'));
    expect(await far.untilFrames(4)).to.deep.equal(['1', '2', '3', '4']);
  });
  joined('tells a listener that comes after the end that it is gone', async (subject) => {
    const near = new Recorder(subject);
    subject.near.listen(near);
    subject.near.close(CLOSE.goingAway, 'bye');
    await near.untilClosed();
    const late = new Recorder(subject);
    subject.near.listen(late);
    await late.untilClosed();
    expect(late.frames).to.deep.equal([]);
  });
}

function pauseCases(heard: Heard): void {
  heard(
    'keeps what comes while it is paused, and delivers it in order when it reads on',
    async (subject, near, far) => {
      await roundTrip(subject, near, far);
      subject.far.pause();
      const texts = Array.from({ length: 200 }, (_, i) => (i % 40 === 0 ? `${i} `.repeat(50_000) : `${i}`));
      for (const text of texts) subject.near.send(frame(text));
      // Two frames the other way: time in which those would have come.
      for (let count = 2; count <= 3; count += 1) {
        subject.far.send(frame('back'));
        await near.untilFrames(count);
      }
      expect(far.frames).to.deep.equal(['there']);
      subject.far.resume();
      expect((await far.untilFrames(201)).slice(1)).to.deep.equal(texts);
    },
  );
  heard(
    'may be paused and resumed any number of times, from within its listener as well',
    async (subject, near) => {
      const heardFar: string[] = [];
      subject.far.listen({
        frame: (text) => {
          heardFar.push(text);
          subject.far.pause();
          subject.far.pause();
          subject.far.resume();
          if (text === '99') subject.far.send(frame('all'));
        },
        close: () => undefined,
      });
      const texts = Array.from({ length: 100 }, (_, i) => `${i}`);
      for (const text of texts) subject.near.send(frame(text));
      await near.untilFrames(1);
      expect(heardFar).to.deep.equal(texts);
    },
  );
  heard('sends while it is paused', async (subject, near) => {
    subject.far.pause();
    subject.far.send(frame('sent'));
    expect(await near.untilFrames(1)).to.deep.equal(['sent']);
  });
  heard('ends for both sides when it is closed while it is paused', async (subject, near, far) => {
    subject.far.pause();
    subject.near.send(frame('unread'));
    subject.far.close(CLOSE.overloaded, 'enough');
    await Promise.all([near.untilClosed(), far.untilClosed()]);
    subject.far.resume();
    await subject.settle?.();
    expect([near.closes, far.closes, far.frames.length]).to.deep.equal([1, 1, 0]);
  });
}

function closeCases(heard: Heard): void {
  heard('tells both sides once when one of them closes', async (subject, near, far) => {
    subject.near.close(CLOSE.goingAway, 'bye');
    await Promise.all([near.untilClosed(), far.untilClosed()]);
    subject.far.close(CLOSE.goingAway, 'bye');
    subject.near.close(CLOSE.goingAway, 'bye');
    await subject.settle?.();
    expect([near.closes, far.closes]).to.deep.equal([1, 1]);
  });
  heard('tells both sides once when both close at the same time', async (subject, near, far) => {
    subject.near.close(CLOSE.goingAway, 'bye');
    subject.far.close(CLOSE.goingAway, 'bye');
    await Promise.all([near.untilClosed(), far.untilClosed()]);
    await subject.settle?.();
    expect([near.closes, far.closes]).to.deep.equal([1, 1]);
  });
  heard('delivers what was sent before it was closed', async (subject, _near, far) => {
    const texts = ['1', 'x'.repeat(100_000), '3'];
    for (const text of texts) subject.near.send(frame(text));
    subject.near.close(CLOSE.goingAway, 'bye');
    await far.untilClosed();
    expect(far.frames).to.deep.equal(texts);
  });
  heard('gives no frame to a side that has closed', async (subject, near, far) => {
    await roundTrip(subject, near, far);
    subject.far.send(frame('too late'));
    subject.near.close(CLOSE.goingAway, 'bye');
    await Promise.all([near.untilClosed(), far.untilClosed()]);
    expect(near.frames).to.deep.equal(['back']);
  });
  heard('drops silently what is sent once it is closed, on both sides', async (subject, near, far) => {
    subject.near.close(CLOSE.goingAway, 'bye');
    subject.near.send(frame('late'));
    await Promise.all([near.untilClosed(), far.untilClosed()]);
    subject.near.send(frame('later'));
    subject.far.send(frame('later'));
    await subject.settle?.();
    expect([...near.frames, ...far.frames]).to.deep.equal([]);
  });
  heard('takes every close code, and reasons of any length', async (subject, near, far) => {
    subject.near.close(CLOSE.overloaded, 'é\u{1f600}'.repeat(100));
    await Promise.all([near.untilClosed(), far.untilClosed()]);
    expect([near.closes, far.closes]).to.deep.equal([1, 1]);
  });
}
