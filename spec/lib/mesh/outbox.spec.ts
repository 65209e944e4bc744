import { expect } from 'chai';
import * as fc from 'fast-check';
import { Outbox, type SharedMessage } from '../../../lib/mesh/outbox.ts';
import { seeded } from '../../support/arbitraries.ts';

const PACK = 40;
/** Two brackets and the comma before the message that just fits. */
const BRACKETS = 3;

/** Texts of the frames an outbox gives. */
function textsOf(outbox: Outbox): string[] {
  return outbox.take().map(({ text }) => text);
}

function share(text: string, ...outboxes: readonly Outbox[]): SharedMessage {
  const message: SharedMessage = { text };
  for (const outbox of outboxes) outbox.share(message);
  return message;
}

/** An outbox in the middle of a conversation. */
function busyOutbox(): Outbox {
  const outbox = new Outbox(PACK, () => 0);
  outbox.take();
  return outbox;
}

describe('mesh/outbox', () => {
  it('gives nothing when nothing was added', () => {
    const outbox = new Outbox(PACK);
    expect(outbox.isEmpty).to.equal(true);
    expect(outbox.take()).to.deep.equal([]);
  });

  it('sends one message as it is, several as an array', () => {
    const outbox = new Outbox(PACK);
    outbox.add('{"a":1}');
    expect(outbox.isEmpty).to.equal(false);
    expect(textsOf(outbox)).to.deep.equal(['{"a":1}']);
    expect(outbox.isEmpty).to.equal(true);
    outbox.add('{"a":1}');
    outbox.add('{"b":2}');
    share('{"c":3}', outbox);
    expect(textsOf(outbox)).to.deep.equal(['[{"a":1},{"b":2},{"c":3}]']);
  });

  it('begins another frame when one would grow too long', () => {
    const outbox = new Outbox(PACK);
    for (let i = 0; i < 5; i += 1) outbox.add(`{"n":"${'x'.repeat(9)}${i}"}`);
    const texts = textsOf(outbox);
    expect(texts.flatMap((text) => [JSON.parse(text)].flat() as unknown[])).to.have.lengthOf(5);
    expect(texts).to.have.lengthOf(3);
    for (const text of texts) expect(text.length).to.be.at.most(PACK + BRACKETS);
  });

  it('sends what is too long for a frame in a frame of its own', () => {
    const outbox = new Outbox(PACK);
    const long = `{"long":"${'x'.repeat(2 * PACK)}"}`;
    outbox.add('{"a":1}');
    outbox.add(long);
    share(long, outbox);
    outbox.add('{"b":2}');
    expect(textsOf(outbox)).to.deep.equal(['{"a":1}', long, long, '{"b":2}']);
  });

  it('knows how many characters wait', () => {
    const outbox = new Outbox(PACK);
    expect(outbox.length).to.equal(0);
    outbox.add('{"a":1}');
    share('{"b":2}', outbox);
    outbox.add('x'.repeat(100));
    expect(outbox.length).to.equal(114);
    outbox.take();
    expect(outbox.length).to.equal(0);
  });

  it('sends the first message after a silence alone, and the others of its turn behind it', () => {
    let now = 0;
    const outbox = new Outbox(PACK, () => now);
    const say = (): string[] => {
      for (const text of ['{"a":1}', '{"b":2}', '{"c":3}']) outbox.add(text);
      return textsOf(outbox);
    };
    expect(say()).to.deep.equal(['{"a":1}', '[{"b":2},{"c":3}]']);
    now = 19;
    expect(say()).to.deep.equal(['[{"a":1},{"b":2},{"c":3}]']);
    now = 39;
    expect(say()).to.deep.equal(['{"a":1}', '[{"b":2},{"c":3}]']);
  });

  it('gives receivers of the same messages the same frame', () => {
    const outboxes = Array.from({ length: 5 }, busyOutbox);
    for (const text of ['{"a":1}', '{"b":2}', '{"c":3}']) share(text, ...outboxes);
    const frames = outboxes.map((outbox) => outbox.take());
    expect(new Set(frames.flat())).to.have.property('size', 1);
    expect(frames[0]?.[0]?.text).to.equal('[{"a":1},{"b":2},{"c":3}]');
  });

  it('parts the receivers whose messages differ, and keeps the others together', () => {
    const [both, also, first, apart] = [1, 2, 3, 4].map(busyOutbox) as [Outbox, Outbox, Outbox, Outbox];
    share('{"a":1}', both, also, first, apart);
    apart.add('{"mine":1}');
    share('{"b":2}', both, also, apart);
    const [frame] = both.take();
    expect(also.take()).to.deep.equal([frame]);
    expect(also.take()[0]).to.not.equal(frame);
    expect(frame?.text).to.equal('[{"a":1},{"b":2}]');
    expect(textsOf(first)).to.deep.equal(['{"a":1}']);
    expect(textsOf(apart)).to.deep.equal(['[{"a":1},{"mine":1},{"b":2}]']);
  });

  it('leaves a frame alone once it is sent', () => {
    const outbox = new Outbox(PACK);
    const other = new Outbox(PACK);
    const message = share('{"a":1}', outbox);
    const [sent] = outbox.take();
    outbox.share(message);
    outbox.add('{"b":2}');
    other.share(message);
    expect(sent?.text).to.equal('{"a":1}');
    expect(textsOf(outbox)).to.deep.equal(['[{"a":1},{"b":2}]']);
    expect(other.take()[0]).to.equal(sent);
  });

  it('brings every receiver its messages, each once and in order', () => {
    const action = fc.record({
      to: fc.uniqueArray(fc.nat({ max: 3 }), { minLength: 1 }),
      shared: fc.boolean(),
      take: fc.option(fc.nat({ max: 3 }), { freq: 4 }),
      pad: fc.nat({ max: 30 }),
    });
    fc.assert(
      fc.property(fc.array(action, { maxLength: 60 }), (actions) => {
        const outboxes = [0, 1, 2, 3].map(() => new Outbox(PACK));
        const wanted: string[][] = [[], [], [], []];
        const given: string[][] = [[], [], [], []];
        const take = (at: number): void => {
          for (const { text } of outboxes[at]!.take()) {
            const messages = [JSON.parse(text) as string | string[]].flat();
            if (messages.length > 1) expect(text.length).to.be.at.most(PACK + BRACKETS);
            given[at]!.push(...messages);
          }
        };
        for (const [number, { to, shared, take: taker, pad }] of actions.entries()) {
          const content = `${number}${'x'.repeat(pad)}`;
          const message: SharedMessage = { text: JSON.stringify(content) };
          for (const at of to) {
            wanted[at]!.push(content);
            if (shared) outboxes[at]!.share(message);
            else outboxes[at]!.add(message.text);
          }
          if (taker !== null) take(taker);
        }
        for (const at of [0, 1, 2, 3]) take(at);
        expect(given).to.deep.equal(wanted);
      }),
      seeded(300),
    );
  });
});
