import { expect } from 'chai';
import * as fc from 'fast-check';
import { finish } from '../../../lib/base/slices.ts';
import {
  hollowInSteps,
  isCanonicalInSteps,
  isLongJson,
  LONGEST_AT_ONCE,
  unescapeInSteps,
  utf8InSteps,
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

describe('sea long texts', () => {
  it('are unescaped, found canonical and written as UTF-8 as short ones are', () => {
    fc.assert(
      fc.property(LONG_TEXTS, (text) => {
        const json = JSON.stringify(text);
        expect(finish(unescapeInSteps(json)) === text).to.equal(true);
        expect(finish(isCanonicalInSteps(json))).to.equal(true);
        const bytes = new TextEncoder().encode(text + json);
        const found = finish(utf8InSteps([text, '', json]));
        expect(found.length).to.equal(bytes.length);
        expect(found.every((byte, at) => byte === bytes[at])).to.equal(true);
      }),
      seeded(30),
    );
  });

  it('are canonical in one spelling only, wherever the other one stands', () => {
    fc.assert(
      fc.property(LONG_TEXTS, fc.nat(), (text, place) => {
        const json = JSON.stringify(`${text.slice(0, place % text.length)}xx`);
        for (const escape of ['\\u0078', '\\/', '\\ud83d\\ude00', '\\u0022', '"', '\u0002']) {
          const odd = `${json.slice(0, -2)}${escape}${'a'.repeat(20_000)}"`;
          expect(finish(isCanonicalInSteps(odd)), escape).to.equal(false);
        }
      }),
      seeded(20),
    );
  });

  it('are gone through in steps', () => {
    const text = '"'.repeat(500_000);
    const json = JSON.stringify(text);
    expect(steps(unescapeInSteps(json)).pauses).to.be.above(50);
    expect(steps(isCanonicalInSteps(json)).pauses).to.be.above(50);
    expect(steps(utf8InSteps([text])).pauses).to.be.above(25);
    expect(steps(hollowInSteps(json, '"x"')).pauses).to.be.above(50);
  });

  it('are taken out of JSON, whatever stands in them, and the first one only', () => {
    fc.assert(
      fc.property(LONG_TEXTS, (text) => {
        const json = JSON.stringify({ ':': `${text}${'b'.repeat(20_000)}`, '~': 'signature' });
        const hollow = finish(hollowInSteps(json, '"in"'));
        expect(hollow?.json).to.equal('{":":"in","~":"signature"}');
        expect(json.replace(hollow!.long, () => '"in"') === hollow?.json).to.equal(true);
      }),
      seeded(20),
    );
    const two = JSON.stringify({ a: 'x'.repeat(70_000), b: 'y'.repeat(70_000) });
    const open = `"${'x'.repeat(70_000)}`;
    const none = JSON.stringify(Array.from({ length: 20_000 }, () => 'few'));
    for (const json of [two, none, '']) expect(finish(hollowInSteps(json, '"in"'))).to.equal(undefined);
    expect(finish(hollowInSteps(open, '"in"'))?.long).to.equal(open);
  });

  it('begin where a text cannot be worked on at once', () => {
    expect(isLongJson('x'.repeat(LONGEST_AT_ONCE))).to.equal(false);
    expect(isLongJson('x'.repeat(LONGEST_AT_ONCE + 1))).to.equal(true);
  });
});
