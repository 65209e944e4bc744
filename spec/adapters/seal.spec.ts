import { expect } from 'chai';
import * as fc from 'fast-check';
import { sealBytes, sealChanges, unsealBytes, unsealEntries, unsealText } from '../../adapters/seal.ts';
import { fromUtf8, utf8 } from '../../lib/base/bytes.ts';
import type { Change, TextEntry } from '../../lib/store/storage.ts';
import { aName, seeded } from '../support/arbitraries.ts';

/** Seals one text. */
function sealText(key: string, text: string): string {
  return sealChanges([[key, text]])[0]![1] as string;
}

/** What a store gives back for a text. */
function stored(text: string): string {
  return fromUtf8(utf8(text));
}

describe('seal', () => {
  const aText = fc.oneof(aName(), fc.string({ unit: 'binary', maxLength: 300 }), fc.constant(''));

  it('is six printable ASCII characters in front of a text', () => {
    for (let at = 0; at < 200; at += 1) {
      expect(sealText(`key ${at}`, 'text')).to.match(/^[0-o]{6}text$/);
    }
  });

  it('gives back every text, whatever its key, and whatever is sealed with it', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(aText, aText)), (entries) => {
        const sealed = sealChanges(entries).map(([key, text]): TextEntry => [
          stored(key),
          stored(text as string),
        ]);
        const expected = entries.map(([key, text]): TextEntry => [stored(key), stored(text)]);
        expect(unsealEntries(sealed)).to.deep.equal(expected);
        for (const [at, [key, text]] of sealed.entries())
          expect(unsealText(key, text)).to.equal(expected[at]![1]);
      }),
      seeded(200),
    );
  });

  it('gives back texts longer than any buffer, and many of them', () => {
    for (const text of ['a', 'é', '\u{1f600}']) {
      const changes = [1, 20_000, 70_000, 200_000, 1].map((length, at): Change => [
        `k${at}`,
        text.repeat(length),
      ]);
      expect(unsealEntries(sealChanges(changes) as unknown as TextEntry[])).to.deep.equal(changes);
    }
  });

  it('gives back bytes, as bytes and as the text they are read as', () => {
    const aByteString = fc.oneof(fc.uint8Array({ maxLength: 40 }), aText.map(utf8));
    fc.assert(
      fc.property(aText, aByteString, (key, bytes) => {
        const sealed = sealBytes(key, bytes);
        expect([...unsealBytes(key, sealed)!]).to.deep.equal([...bytes]);
        expect(unsealText(key, fromUtf8(sealed))).to.equal(fromUtf8(bytes));
      }),
      seeded(500),
    );
  });

  it('is the same for a text and for its bytes', () => {
    fc.assert(
      fc.property(aText, aText, (key, text) => {
        expect([...sealBytes(key, utf8(text))]).to.deep.equal([...utf8(sealText(key, text))]);
      }),
      seeded(200),
    );
  });

  it('fits no text, and no bytes, with a changed bit', () => {
    for (const value of [utf8('a text'), utf8('\u00e4\ufffd'), Uint8Array.from([255, 0, 128, 7])]) {
      const sealed = sealBytes('key', value);
      const isText = value[0] !== 255;
      for (let bit = 0; bit < 8 * sealed.length; bit += 1) {
        const changed = sealed.slice();
        changed[bit >> 3]! ^= 1 << (bit & 7);
        expect(unsealBytes('key', changed), `bit ${bit}`).to.equal(undefined);
        const read = unsealText('key', fromUtf8(changed));
        // What stands for bytes that are no text is the same for many of them.
        if (isText && read !== fromUtf8(value)) expect(read, `bit ${bit}`).to.equal(undefined);
      }
    }
  });

  it('is never that of a text which was damaged into something else', () => {
    for (const text of ['a text', 'a \ufffd', '']) {
      const sealed = utf8(sealText('key', text));
      for (let bit = 0; bit < 8 * sealed.length; bit += 1) {
        const changed = sealed.slice();
        changed[bit >> 3]! ^= 1 << (bit & 7);
        expect(unsealText('key', fromUtf8(changed)) ?? text, `bit ${bit}`).to.equal(text);
      }
    }
  });

  it('is never that of a text that something else was written over, from whatever place on', () => {
    const aPlace = fc.nat({ max: 20 });
    const something = fc.uint8Array({ minLength: 12, maxLength: 60 });
    fc.assert(
      fc.property(aPlace, something, fc.constantFrom(255, 128, 192), (place, over, noText) => {
        const sealed = utf8(sealText('key', 'a text as long as some records'));
        sealed.set(over.subarray(0, sealed.length - place), place);
        sealed[sealed.length - 1] = noText;
        expect(unsealText('key', fromUtf8(sealed))).to.equal(undefined);
        expect(unsealEntries([['key', fromUtf8(sealed)]])).to.equal(undefined);
      }),
      seeded(2000),
    );
  });

  it('fits no other key, and no border between key and text but its own', () => {
    const sealed = sealText('key', 'text');
    expect(unsealText('key2', sealed)).to.equal(undefined);
    expect(unsealText('keyt', sealed.replace('text', 'ext'))).to.equal(undefined);
    expect(
      unsealEntries([
        ['key', sealed],
        ['other', sealed],
      ]),
    ).to.equal(undefined);
  });

  it('fits nothing that is cut off', () => {
    const sealed = sealText('key', 'text');
    for (let length = 0; length < sealed.length; length += 1) {
      expect(unsealText('key', sealed.slice(0, length)), String(length)).to.equal(undefined);
      expect(unsealBytes('key', utf8(sealed.slice(0, length))), String(length)).to.equal(undefined);
    }
  });

  it('leaves deletions as they are and refuses what is no value', () => {
    expect(sealChanges([['a', undefined]])).to.deep.equal([['a', undefined]]);
    expect(() => sealChanges([['a', null as unknown as string]])).to.throw('neither text nor bytes');
  });
});
