import { inspect } from 'node:util';
import { expect } from 'chai';
import { toHex } from '../../../lib/base/byte-texts.ts';
import { GraphError } from '../../../lib/base/errors.ts';
import { KeyPair } from '../../../lib/log/key-pair.ts';
import { verifyStrict } from '../../../lib/log/strict-ed25519.ts';
import { hex } from '../../support/log-maker.ts';

/** RFC 8032 section 7.1, test 2. */
const SECRET = '4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb';
const PUBLIC = '3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c';
const SIGNATURE =
  '92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00';

describe('log.key-pair', () => {
  it('gives the key and the signatures of RFC 8032', () => {
    const pair = new KeyPair(hex(SECRET));
    expect(pair.id).to.equal(PUBLIC);
    expect(toHex(pair.sign(Uint8Array.of(0x72)))).to.equal(SIGNATURE);
  });

  it('makes pairs that differ and that sign', () => {
    const [one, other] = [KeyPair.random(), KeyPair.random()];
    expect(one.id).to.not.equal(other.id);
    const message = Uint8Array.of(1);
    expect(verifyStrict(one.publicKey, message, one.sign(message))).to.equal(true);
    expect(verifyStrict(other.publicKey, message, one.sign(message))).to.equal(false);
  });

  it('shows its secret to nobody who prints it', () => {
    const pair = new KeyPair(hex(SECRET));
    const shown = inspect(pair, { showHidden: true, depth: 9 }) + JSON.stringify(pair);
    expect(shown).to.not.include(SECRET.slice(0, 8));
    expect(shown).to.not.include(inspect(hex(SECRET)).slice(-60));
    expect(toHex(pair.exportSecret())).to.equal(SECRET);
  });

  it('is not changed by what it was made of or gave away', () => {
    const secret = hex(SECRET);
    const pair = new KeyPair(secret);
    secret.fill(0);
    pair.exportSecret().fill(0);
    expect(toHex(pair.sign(Uint8Array.of(0x72)))).to.equal(SIGNATURE);
  });

  it('is made of the text that it gave away, and of nothing else', () => {
    const pair = KeyPair.fromText(SECRET);
    expect([pair.id, pair.exportText()]).to.deep.equal([PUBLIC, SECRET]);
    for (const text of ['', SECRET.slice(2), `${SECRET}00`, SECRET.toUpperCase(), SECRET.replace('4', 'g')]) {
      expect(() => KeyPair.fromText(text))
        .to.throw(GraphError)
        .that.satisfies(
          ({ code, message }: GraphError) => code === 'KEY_INVALID' && !message.includes('ccd089b'),
        );
    }
  });

  it('refuses secrets of another length', () => {
    for (const length of [0, 31, 33, 64]) {
      expect(() => new KeyPair(new Uint8Array(length)))
        .to.throw(GraphError)
        .with.property('code', 'KEY_INVALID');
    }
  });
});
