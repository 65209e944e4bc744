import { expect } from 'chai';
import * as fc from 'fast-check';
import { contentHash } from '../../../lib/wire/content-hash.ts';
import { seeded } from '../../support/arbitraries.ts';
import { stableJson } from '../../support/stable-json.ts';
import { loadVectors } from '../../support/vectors.ts';

interface Vectors {
  readonly strings: { readonly text: string; readonly hash: number }[];
  readonly puts: {
    readonly put: unknown;
    readonly text_yson: string | { readonly length: number };
    readonly hash_yson: number;
  }[];
}

const { strings, puts } = loadVectors<Vectors>('gun/hash.json');

/** The put that the vectors describe in words only. */
const BIG_PUT = { big: { _: { '#': 'big', '>': { t: 1 } }, t: 'y'.repeat(40_000) } };

describe('wire contentHash', () => {
  it('hashes every recorded text as Gun does', () => {
    for (const { text, hash } of strings) expect(contentHash(text), text).to.equal(hash);
    expect(strings.length).to.equal(8);
  });

  it('hashes every recorded put as a Gun relay does: over its JSON with keys sorted', () => {
    for (const { put, text_yson: text, hash_yson: hash } of puts) {
      const json = stableJson(typeof text === 'string' ? put : BIG_PUT);
      if (typeof text === 'string') expect(json).to.equal(text);
      else expect(json.length).to.equal(text.length);
      expect(contentHash(json)).to.equal(hash);
    }
    expect(puts.length).to.equal(6);
  });

  it('goes on from the hash of what came before', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }), (a, b) => {
        expect(contentHash(b, contentHash(a))).to.equal(contentHash(a + b));
      }),
      seeded(100),
    );
  });

  it('is the polynomial of the units in 32 bits', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 40 }), (text) => {
        let hash = 0n;
        for (let i = 0; i < text.length; i += 1) hash = hash * 31n + BigInt(text.charCodeAt(i));
        expect(contentHash(text)).to.equal(Number(BigInt.asIntN(32, hash)));
      }),
      seeded(100),
    );
  });
});
