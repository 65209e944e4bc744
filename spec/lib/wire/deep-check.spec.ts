import { expect } from 'chai';
import * as fc from 'fast-check';
import { DeepCheck } from '../../../lib/wire/deep-check.ts';
import { seeded } from '../../support/arbitraries.ts';

/** Looks at so many characters in a step. */
function check(
  text: string,
  step: number,
  end = Infinity,
): { readonly position: number; readonly steps: number } {
  const deep = new DeepCheck(text, 0, end);
  let steps = 1;
  while (!deep.run(deep.position + step)) steps += 1;
  return { position: deep.position, steps };
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

describe('wire DeepCheck', () => {
  it('takes what JSON.parse takes, and ends behind it', () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 6 }), fc.integer({ min: 1, max: 40 }), (json, step) => {
        const text = `[${json}, {"a" : [ ] , "b":{ }}]`;
        expect(check(`${text},"rest`, step).position).to.equal(text.length);
      }),
      seeded(300),
    );
  });

  it('refuses what JSON.parse refuses', () => {
    const parts = fc.constantFrom(
      '[',
      ']',
      '{',
      '}',
      ',',
      ':',
      ' ',
      '"a"',
      '"a":',
      '1',
      '-',
      'null',
      '"\\x"',
      '"\n"',
    );
    fc.assert(
      fc.property(fc.array(parts, { maxLength: 8 }), fc.constantFrom('[', '{'), (some, open) => {
        const text = open + some.join('');
        let end = 0;
        try {
          end = check(text, 3).position;
        } catch (error) {
          expect(error).to.be.instanceOf(SyntaxError);
        }
        // What stands behind the last bracket is for others to look at.
        if (end > 0) expect(isJson(text.slice(0, end)), text).to.equal(true);
        else expect(isJson(text), text).to.equal(false);
      }),
      seeded(2000),
    );
  });

  it('goes through any number of brackets in steps', () => {
    const depth = 100_000;
    const text = `${'[{"a":'.repeat(depth)}0${'}]'.repeat(depth)}`;
    const { position, steps } = check(text, 1000);
    expect(position).to.equal(text.length);
    expect(steps).to.be.within(text.length / 1010, text.length / 1000 + 1);
  });

  it('refuses what has not ended where it must, in a text as well', () => {
    const text = `[[["${'x'.repeat(20)}"]]]`;
    expect(check(text, 5, text.length).position).to.equal(text.length);
    for (const end of [2, 10, text.length - 1])
      expect(() => check(text, 5, end)).to.throw(SyntaxError, 'nested too deep at 0');
    expect(() => check('['.repeat(100), 5)).to.throw(SyntaxError, 'nested too deep at 0');
  });
});
