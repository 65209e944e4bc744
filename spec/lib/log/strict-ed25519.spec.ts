import { Point } from '@noble/ed25519';
import { expect } from 'chai';
import { decodeHeader, unsignedBytesOf } from '../../../lib/log/codec.ts';
import { KeyPair } from '../../../lib/log/key-pair.ts';
import { mayBeKey, strictly, strictlyLater, verifyStrict } from '../../../lib/log/strict-ed25519.ts';
import { nodeVerifier } from '../../../relay/node-ed25519.ts';
import { hex } from '../../support/log-maker.ts';
import { loadVectors } from '../../support/vectors.ts';
import { verdictBy } from '../../support/verify-later.ts';

interface EdgeCase {
  readonly name: string;
  readonly header: string;
  readonly unsigned: string;
  readonly strict: boolean;
}

/** All eight points of small order: multiples of one of order eight. */
function smallPoints(): Uint8Array[] {
  const eighth = Point.fromHex('26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05');
  const points: Uint8Array[] = [];
  for (let point = Point.ZERO, count = 0; count < 8; count += 1, point = point.add(eighth))
    points.push(point.toBytes());
  return points;
}

describe('log.strict-ed25519', () => {
  const pair = new KeyPair(new Uint8Array(32).fill(7));
  const message = Uint8Array.of(1, 2, 3);

  for (const { name, header, unsigned, strict } of loadVectors<{ cases: EdgeCase[] }>(
    'p2panda/signature-edge-cases.json',
  ).cases) {
    it(`${strict ? 'accepts' : 'refuses'}: ${name}`, () => {
      const decoded = decodeHeader(hex(header));
      if (!decoded.ok) throw new Error(decoded.reason);
      const signed = unsignedBytesOf(decoded.value);
      expect(signed).to.deep.equal(hex(unsigned));
      expect(verifyStrict(decoded.value.author, signed, decoded.value.signature)).to.equal(strict);
    });
  }

  it('refuses every key of small order, and nothing else that is a key', () => {
    const points = smallPoints();
    expect(new Set(points.map((point) => point.join(','))).size).to.equal(8);
    for (const point of points) expect(mayBeKey(point)).to.equal(false);
    expect(mayBeKey(pair.publicKey)).to.equal(true);
  });

  it('refuses signatures by keys of small order, though the equation holds', () => {
    for (const point of smallPoints()) {
      // By the neutral element anybody signs anything; by the others one in so many texts as their order is.
      for (let scalar = 1n; scalar < 20n; scalar += 1n) {
        const s = new Uint8Array(32);
        s[0] = Number(scalar);
        const signature = Uint8Array.from([...Point.BASE.multiply(scalar).toBytes(), ...s]);
        for (const verify of [verifyStrict, nodeVerifier()])
          expect(verify(point, message, signature)).to.equal(false);
      }
    }
  });

  it('refuses keys that are not in canonical form', () => {
    const sameAsOne = hex('eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f');
    expect(mayBeKey(sameAsOne)).to.equal(false);
    const oneWithSign = hex('0100000000000000000000000000000000000000000000000000000000000080');
    expect(mayBeKey(oneWithSign)).to.equal(false);
    const largest = hex('ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f');
    expect(mayBeKey(largest)).to.equal(false);
  });

  it('refuses what is too short or too long', () => {
    const signature = pair.sign(message);
    expect(verifyStrict(pair.publicKey, message, signature)).to.equal(true);
    expect(verifyStrict(pair.publicKey, message, signature.subarray(1))).to.equal(false);
    expect(verifyStrict(pair.publicKey.subarray(1), message, signature)).to.equal(false);
    expect(mayBeKey(new Uint8Array(33))).to.equal(false);
  });

  it('refuses another message, and bytes that are no point', () => {
    const signature = pair.sign(message);
    expect(verifyStrict(pair.publicKey, Uint8Array.of(1, 2), signature)).to.equal(false);
    const noPoint = pair.publicKey.slice();
    for (let byte = 0; byte < 256; byte += 1) {
      noPoint[0] = byte;
      const expected = byte === pair.publicKey[0];
      expect(verifyStrict(noPoint, message, signature)).to.equal(expected);
    }
  });

  it('asks another implementation only about what the rules do not refuse', () => {
    const asked: Uint8Array[] = [];
    const verify = strictly((publicKey) => {
      asked.push(publicKey);
      return true;
    });
    const signature = pair.sign(message);
    expect(verify(new Uint8Array(32), message, signature)).to.equal(false);
    expect(verify(pair.publicKey, message, new Uint8Array(64).fill(255))).to.equal(false);
    expect(asked).to.deep.equal([]);
    expect(verify(pair.publicKey, message, signature)).to.equal(true);
  });

  it('asks somebody who takes his time about nothing else', async () => {
    const asked: Uint8Array[] = [];
    const verify = strictlyLater((publicKey, _message, _signature, decided) => {
      asked.push(publicKey);
      decided(true);
    });
    const signature = pair.sign(message);
    expect(await verdictBy(verify, new Uint8Array(32), message, signature)).to.equal(false);
    expect(await verdictBy(verify, pair.publicKey, message, new Uint8Array(64).fill(255))).to.equal(false);
    expect(asked).to.deep.equal([]);
    expect(await verdictBy(verify, pair.publicKey, message, signature)).to.equal(true);
  });
});
