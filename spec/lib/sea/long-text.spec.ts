import { expect } from 'chai';
import * as fc from 'fast-check';
import { finish } from '../../../lib/base/slices.ts';
import {
  hollowInSteps,
  isCanonicalInSteps,
  isLongJson,
  isSameInSteps,
  LONGEST_AT_ONCE,
  unescapeInSteps,
} from '../../../lib/sea/long-text.ts';
import { seeded } from '../../support/arbitraries.ts';

/** Texts of several segments, of characters that escapes and halves of pairs are made of. */
const LONG_TEXTS = fc
  .tuple(
    fc.array(fc.constantFrom('a', '"', '\\', '\n', '\u0001', '中', '😀', '\ud83d', '\ude00', '/'), {
      minLength: 1,
      maxLength: 9,
    }),
    fc.integer({ min: 16_000, max: 60_000 }),
    fc.string({ maxLength: 5 }),
  )
  .map(([units, length, start]) => {
    const unit = units.join('');
    return start + unit.repeat(Math.ceil(length / unit.length));
  });

function steps<T>(work: Generator<void, T, void>): { readonly value: T; readonly pauses: number } {
  for (let pauses = 0; ; pauses += 1) {
    const step = work.next();
    if (step.done === true) return { value: step.value, pauses };
  }
}

/** Parts of a text, as unescaping leaves them: cut anywhere, escapes within them included. */
function cut(text: string, length: number): readonly string[] {
  return Array.from({ length: Math.ceil(text.length / length) }, (_, at) =>
    text.slice(at * length, (at + 1) * length),
  );
}

describe('sea long texts', () => {
  it('are unescaped and found canonical as short ones are, in parts that end with a character', () => {
    fc.assert(
      fc.property(LONG_TEXTS, (text) => {
        const json = JSON.stringify(text);
        const parts = finish(unescapeInSteps(json));
        expect(parts.join('') === text).to.equal(true);
        expect(
          parts.map((part) => new TextDecoder().decode(new TextEncoder().encode(part))).join(''),
        ).to.equal(new TextDecoder().decode(new TextEncoder().encode(text)));
        const longer = JSON.stringify(text + 'b'.repeat(20_000));
        const alone = finish(hollowInSteps(cut(longer, 9000), 'in'))!;
        expect(finish(isCanonicalInSteps(alone.long))).to.equal(true);
      }),
      seeded(30),
    );
  });

  it('are canonical in one spelling only, wherever the other one stands and parts end', () => {
    fc.assert(
      fc.property(LONG_TEXTS, fc.nat(), fc.integer({ min: 7000, max: 9000 }), (text, place, length) => {
        const json = JSON.stringify(`${text.slice(0, place % text.length)}xx`);
        for (const escape of ['\\u0078', '\\/', '\\ud83d\\ude00', '\\u0022', '\u0002']) {
          const odd = `${json.slice(0, -1)}${escape}${'a'.repeat(20_000)}"`;
          const { long } = finish(hollowInSteps(cut(odd, length), 'in'))!;
          expect(long.join('') === odd.slice(1, -1)).to.equal(true);
          expect(finish(isCanonicalInSteps(long)), escape).to.equal(false);
        }
      }),
      seeded(20),
    );
    for (let length = 16_384; length < 16_400; length += 1) {
      const odd = `"${'a'.repeat(16_380)}\\ud83d\\ude00${'a'.repeat(20_000)}"`;
      const { long } = finish(hollowInSteps(cut(odd, length), 'in'))!;
      expect(finish(isCanonicalInSteps(long)), `parts of ${length}`).to.equal(false);
    }
  });

  it('are gone through in steps, and never put together', () => {
    const json = JSON.stringify(JSON.stringify('"'.repeat(250_000)));
    const unescaped = unescapeInSteps(json);
    const { value: parts, pauses } = steps(unescaped);
    expect(pauses).to.be.above(50);
    expect(steps(hollowInSteps(parts, 'x')).pauses).to.be.above(25);
    const { long } = finish(hollowInSteps(parts, 'x'))!;
    expect(steps(isCanonicalInSteps(long)).pauses).to.be.above(25);
    for (const part of long) expect(part.length).to.be.at.most(20_000);
    for (const part of parts) expect(part.length).to.be.at.most(300_000);
  });

  it('are taken out of JSON, whatever stands in them, and the first one only', () => {
    fc.assert(
      fc.property(LONG_TEXTS, fc.integer({ min: 20, max: 9000 }), (text, length) => {
        const json = JSON.stringify({ ':': `${text}${'b'.repeat(20_000)}`, '~': 'sig"nature\\' });
        const hollow = finish(hollowInSteps(cut(json, length), 'in'));
        expect(hollow?.json).to.equal('{":":"in","~":"sig\\"nature\\\\"}');
        expect(json.replace(hollow!.long.join(''), () => 'in') === hollow?.json).to.equal(true);
      }),
      seeded(20),
    );
    const two = JSON.stringify({ a: 'x'.repeat(70_000), b: 'y'.repeat(70_000) });
    const open = `"${'x'.repeat(70_000)}`;
    const none = JSON.stringify(Array.from({ length: 20_000 }, () => 'few'));
    for (const json of [two, open, none, '', '{'.repeat(70_000)])
      expect(finish(hollowInSteps(cut(json, 9000), 'in'))).to.equal(undefined);
    const second = JSON.stringify(['x'.repeat(17_000), 'y'.repeat(17_000)]);
    expect(finish(hollowInSteps(cut(second, 9000), 'in'))?.json).to.equal(`["in","${'y'.repeat(17_000)}"]`);
  });

  it('are the same when every character is', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 200_000 }), fc.nat(), (length, place) => {
        const text = 'ab'.repeat(length);
        const other = `${text.slice(0, place % text.length)}c${text.slice((place % text.length) + 1)}`;
        const { value, pauses } = steps(isSameInSteps(text, 'ab'.repeat(length)));
        expect(value).to.equal(true);
        expect(pauses).to.be.at.least(text.length / LONGEST_AT_ONCE);
        for (const third of [other, `${text}a`, text.slice(1)])
          expect(finish(isSameInSteps(text, third))).to.equal(false);
      }),
      seeded(20),
    );
  });

  it('begin where a text cannot be worked on at once', () => {
    expect(isLongJson('x'.repeat(LONGEST_AT_ONCE))).to.equal(false);
    expect(isLongJson('x'.repeat(LONGEST_AT_ONCE + 1))).to.equal(true);
  });
});
