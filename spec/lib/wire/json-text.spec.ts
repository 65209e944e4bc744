import { expect } from 'chai';
import * as fc from 'fast-check';
import { ReadyJson, TextPieces, type TextUse } from '../../../lib/wire/json-text.ts';
import { seeded } from '../../support/arbitraries.ts';

function made(use: TextUse, pieces: readonly string[], cutLength = 10): string | ReadyJson {
  const text = new TextPieces(use, cutLength);
  for (const piece of pieces) text.add(piece);
  return text.end();
}

/** A text whose units lie around the surrogates, written raw or as an escape each. */
const somePieces = fc
  .array(fc.tuple(fc.constantFrom(0xd7ff, 0xd83d, 0xde00, 0xe000, 0x22, 0x5c, 0x0a, 0x61), fc.boolean()))
  .map((units) =>
    units.map(([code, isRaw]) => {
      const escape = String.raw`\u` + code.toString(16).padStart(4, '0');
      return isRaw && code > 0x5c ? String.fromCharCode(code) : escape;
    }),
  );

describe('wire TextPieces', () => {
  it('writes the JSON of a text as JSON.stringify does, wherever the text is cut', () => {
    fc.assert(
      fc.property(somePieces, (pieces) => {
        const expected = JSON.stringify(JSON.parse(`"${pieces.join('')}"`));
        expect(made('json', pieces)).to.deep.equal(new ReadyJson(expected));
        expect(made('json', [pieces.join('')])).to.deep.equal(new ReadyJson(expected));
      }),
      seeded(300),
    );
  });

  it('keeps the first characters of a text that is too long for its use', () => {
    expect(made('cut', ['abcdef', 'ghijkl', 'mn'])).to.equal('abcdefghij');
    expect(made('cut', ['abc', String.raw`\u0064`])).to.equal('abcd');
    expect(made('cut', [])).to.equal('');
  });

  it('keeps the whole text when it may be a frame', () => {
    expect(
      made(
        'whole',
        ['{"0123', '456789"}'].map((piece) => JSON.stringify(piece).slice(1, -1)),
      ),
    ).to.equal('{"0123456789"}');
    expect(made('whole', ['[012345678', '9]'])).to.equal('[0123456789]');
    expect(made('whole', [' [0123456789', '0'])).to.equal(' [01234567');
  });

  it('throws for what is no JSON', () => {
    for (const use of ['cut', 'json', 'whole'] as const) {
      for (const piece of ['\n', String.raw`\x`, String.raw`\u12`, '"', '\\']) {
        expect(() => made(use, ['0123456789a', piece]), `${use} ${piece}`).to.throw(SyntaxError);
      }
    }
  });
});
