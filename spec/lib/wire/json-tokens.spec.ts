import { expect } from 'chai';
import { isSpace, pieceEnd, scalarEnd, spacesEnd, unexpected } from '../../../lib/wire/json-tokens.ts';

describe('wire JSON tokens', () => {
  it('end a text at its quote, or at a limit that is not inside of an escape', () => {
    const text = String.raw`"a\"\u00e9b"`;
    expect(pieceEnd(text, 1, 100)).to.equal(text.length - 1);
    for (const [limit, end] of [
      [2, 2],
      [3, 4],
      [5, 10],
      [11, 11],
    ] as const) {
      expect(pieceEnd(text, 1, limit), `limit ${limit}`).to.equal(end);
    }
    expect(pieceEnd('"abc', 1, 100)).to.equal(4);
  });

  it('end spaces and scalars at what follows, or at a limit', () => {
    expect(spacesEnd(' \n\t\r1', 0, 10)).to.equal(4);
    expect(spacesEnd('      ', 0, 3)).to.equal(3);
    for (const text of ['12.5', '12.5,1', '12.5]', '12.5}', '12.5 '])
      expect(scalarEnd(text, 0, 100)).to.equal(4);
    expect(scalarEnd('12.5', 0, 2)).to.equal(2);
  });

  it('have only the spaces of JSON between them', () => {
    expect(
      [' ', '\n', '\r', '\t', '\u00a0', '\f', '\ufeff'].map((text) => isSpace(text.charCodeAt(0))),
    ).to.deep.equal([true, true, true, true, false, false, false]);
    expect(unexpected(7)).to.be.instanceOf(SyntaxError).with.property('message', 'no JSON at 7');
  });
});
