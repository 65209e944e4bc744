import { expect } from 'chai';
import * as fc from 'fast-check';
import { decrypt, encrypt, seal, secret } from '../../../lib/sea/encryption.ts';
import { parseLoosely } from '../../../lib/sea/signature.ts';
import { seeded } from '../../support/arbitraries.ts';
import { codeOf } from '../../support/code-of.ts';
import { SEA_VECTORS } from '../../support/sea-vectors.ts';

const { alice, bob } = SEA_VECTORS.pairs;
const { encrypt: recorded, secret: shared } = SEA_VECTORS.primitives;

describe('sea encrypt and decrypt', () => {
  it('open every recorded text', async () => {
    let replayed = 0;
    for (const { sealed, key, decrypts_to: value } of recorded) {
      const opener = key === 'alice.epriv' ? alice : key;
      expect(await decrypt(sealed, opener), sealed).to.deep.equal({ ok: true, value });
      replayed += 1;
    }
    expect(replayed).to.equal(5);
  });

  it('give back what was sealed, whatever it was', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.jsonValue({ maxDepth: 3 }),
        fc.string({ minLength: 1, unit: 'binary' }),
        async (data, key) => {
          const value = parseLoosely(JSON.parse(JSON.stringify(data)));
          expect(await decrypt(await encrypt(data, key), key)).to.deep.equal({ ok: true, value });
        },
      ),
      seeded(60),
    );
  });

  it('take a pair for its private key, texts and objects alike', async () => {
    const sealed = await seal('x', alice);
    expect(await decrypt(sealed, alice.epriv)).to.deep.equal({ ok: true, value: 'x' });
    expect(await decrypt(`SEA${JSON.stringify(sealed)}`, alice)).to.deep.equal({ ok: true, value: 'x' });
    expect(Buffer.from(sealed.iv, 'base64').length).to.equal(15);
    expect(Buffer.from(sealed.s, 'base64').length).to.equal(9);
    expect(await seal('x', alice)).to.not.deep.equal(sealed);
  });

  it('open the older form of one character for each byte', async () => {
    const sealed = await seal('old text', 'key');
    const latin1 = Object.fromEntries(
      Object.entries(sealed).map(([name, text]) => [name, Buffer.from(text, 'base64').toString('latin1')]),
    );
    expect(await decrypt(latin1, 'key')).to.deep.equal({ ok: true, value: 'old text' });
  });

  it('refuse another key, changed bytes and what is not sealed', async () => {
    const sealed = await seal('hello', 'key');
    const changed = { ...sealed, ct: `${sealed.ct.startsWith('A') ? 'B' : 'A'}${sealed.ct.slice(1)}` };
    for (const each of [changed, { ...sealed, s: '' }, { ...sealed, iv: '' }, { ct: 'a', iv: 'b', s: 5 }]) {
      expect((await decrypt(each, 'key')).ok, JSON.stringify(each)).to.equal(false);
    }
    for (const each of ['hello', 'SEA{}', '', null, 5, [], { ...sealed, ct: '\u0100' }]) {
      expect((await decrypt(each, 'key')).ok, JSON.stringify(each)).to.equal(false);
    }
    expect((await decrypt(sealed, 'other')).ok).to.equal(false);
  });

  it('throw for an empty key and for what JSON cannot hold', async () => {
    expect(await codeOf(encrypt('x', ''))).to.equal('SEA_BAD_INPUT');
    expect(await codeOf(decrypt('SEA{}', ''))).to.equal('SEA_BAD_INPUT');
    expect(await codeOf(encrypt(undefined, 'key'))).to.equal('SEA_BAD_INPUT');
  });
});

describe('sea secret', () => {
  it('is the same for both', async () => {
    expect(await secret(bob.epub, alice)).to.deep.equal({ ok: true, value: shared.alice_with_bob_epub });
    expect(await secret(alice.epub, bob)).to.deep.equal({ ok: true, value: shared.bob_with_alice_epub });
  });

  it('is refused for what is no public key', async () => {
    expect((await secret('x.y', alice)).ok).to.equal(false);
    expect((await secret(alice.epub.split('.').toReversed().join('.'), alice)).ok).to.equal(false);
    expect(await codeOf(secret(bob.epub, { epub: alice.epub, epriv: 'x' }))).to.equal('SEA_BAD_KEY');
  });
});
