import { expect } from 'chai';
import * as fc from 'fast-check';
import { encodeTextFrame, Fragments, framesOf } from '../../relay/text-frame.ts';
import { seeded } from '../support/arbitraries.ts';

const LONGEST_FRAME = 65_536;

/** What a frame says of itself, and its text. */
function read(frame: Buffer): { head: number; text: string } {
  const short = frame[1]!;
  const lead = short < 126 ? 2 : short === 126 ? 4 : 10;
  const length =
    short < 126 ? short : short === 126 ? frame.readUInt16BE(2) : Number(frame.readBigUInt64BE(2));
  expect(frame.length).to.equal(lead + length);
  return {
    head: frame[0]!,
    text: new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(frame.subarray(lead)),
  };
}

function allOf(fragments: Fragments): Buffer[] {
  const all: Buffer[] = [];
  for (let next = fragments.at(0); next !== undefined; next = fragments.at(all.length)) all.push(next);
  return all;
}

function fragmentsOf(text: string): Fragments {
  const frames = framesOf(text);
  if (!(frames instanceof Fragments)) throw new Error('one frame');
  return frames;
}

describe('relay text frames', () => {
  it('hold a short text whole, with its length in the shortest form', () => {
    for (const length of [0, 125, 126, 65_535, LONGEST_FRAME]) {
      const text = 'x'.repeat(length);
      const frame = framesOf(text) as Buffer;
      expect(read(frame)).to.deep.equal({ head: 0x81, text });
      expect(frame.length - length).to.equal(length < 126 ? 2 : length <= 0xffff ? 4 : 10);
      expect(Buffer.compare(frame, encodeTextFrame(text))).to.equal(0);
    }
    expect(read(framesOf('語'.repeat(LONGEST_FRAME)) as Buffer).text).to.have.lengthOf(LONGEST_FRAME);
  });

  it('hold a long text in a first fragment, some that go on, and a last one', () => {
    const text = 'abc'.repeat(LONGEST_FRAME);
    const frames = allOf(fragmentsOf(text)).map(read);
    expect(frames.map(({ head }) => head)).to.deep.equal([0x01, 0x00, 0x80]);
    expect(frames.map((frame) => frame.text).join('')).to.equal(text);
    expect(allOf(fragmentsOf('x'.repeat(LONGEST_FRAME + 1))).map((frame) => read(frame).head)).to.deep.equal([
      0x01, 0x80,
    ]);
  });

  it('are encoded one by one, each once however many ask', () => {
    const fragments = fragmentsOf('x'.repeat(4 * LONGEST_FRAME));
    expect(fragments.made).to.equal(0);
    const first = fragments.at(0);
    expect(fragments.made).to.equal(1);
    expect(fragments.isLast(0)).to.equal(false);
    const all = allOf(fragments);
    expect(all[0]).to.equal(first);
    expect(all).to.have.lengthOf(4);
    for (const [number, frame] of allOf(fragments).entries()) expect(frame).to.equal(all[number]);
    expect(fragments.made).to.equal(4);
    expect([0, 1, 2, 3, 4].map((number) => fragments.isLast(number))).to.deep.equal([
      false,
      false,
      false,
      true,
      false,
    ]);
  });

  it('never part the halves of a character, whatever stands where', () => {
    const units = fc.array(fc.constantFrom('x', 'é', '語', '😀'), { minLength: 1, maxLength: 5 });
    fc.assert(
      fc.property(units, fc.integer({ min: 0, max: 3 }), (pattern, shift) => {
        const text = 'y'.repeat(shift) + pattern.join('').repeat(40_000);
        if (text.length <= LONGEST_FRAME) return;
        const parts = allOf(fragmentsOf(text)).map((frame) => read(frame).text);
        expect(parts.join('') === text).to.equal(true);
      }),
      seeded(30),
    );
  });

  it('hold the largest text in fewer fragments than servers take', () => {
    const text = '😀'.repeat(50 * 1024 * 1024);
    const fragments = fragmentsOf(text);
    let bytes = 0;
    let count = 0;
    for (let next = fragments.at(0); next !== undefined; next = fragments.at(count)) {
      count += 1;
      bytes += next.length;
    }
    expect(count).to.be.within(1000, 1024);
    expect(bytes).to.be.above(2 * text.length);
  });
});
