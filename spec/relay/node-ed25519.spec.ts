import { expect } from 'chai';
import * as fc from 'fast-check';
import { fromHex } from '../../lib/base/byte-texts.ts';
import { decodeHeader, unsignedBytesOf } from '../../lib/log/codec.ts';
import { KeyPair } from '../../lib/log/key-pair.ts';
import { verifyStrict } from '../../lib/log/strict-ed25519.ts';
import { nodeSigner, nodeVerifier, poolVerifier } from '../../relay/node-ed25519.ts';
import { seeded } from '../support/arbitraries.ts';
import { loadVectors } from '../support/vectors.ts';
import { verdictBy } from '../support/verify-later.ts';

interface EdgeCases {
  readonly cases: readonly { readonly name: string; readonly header: string; readonly strict: boolean }[];
}

const bytes = (length: number): fc.Arbitrary<Uint8Array> =>
  fc.uint8Array({ minLength: length, maxLength: length });

describe('relay.node-ed25519', () => {
  const verify = nodeVerifier();

  const later = poolVerifier();

  it('decides every edge case as the strict check does', async () => {
    for (const { name, header, strict } of loadVectors<EdgeCases>('p2panda/signature-edge-cases.json')
      .cases) {
      const decoded = decodeHeader(fromHex(header)!);
      if (!decoded.ok) throw new Error(name);
      const { author, signature } = decoded.value;
      expect(verify(author, unsignedBytesOf(decoded.value), signature), name).to.equal(strict);
      expect(await verdictBy(later, author, unsignedBytesOf(decoded.value), signature), name).to.equal(
        strict,
      );
    }
  });

  it('checks in other threads what was there when it was asked', async () => {
    const pairs = Array.from({ length: 20 }, () => KeyPair.random());
    const message = new Uint8Array(30);
    const key = new Uint8Array(32);
    const signature = new Uint8Array(64);
    const checking = pairs.map((pair, at) => {
      message.fill(at);
      key.set(pair.publicKey);
      signature.set(pair.sign(message));
      if (at % 3 === 0) signature[7]! ^= 1;
      return verdictBy(later, key, message, signature);
    });
    message.fill(255);
    expect(await Promise.all(checking)).to.deep.equal(pairs.map((_, at) => at % 3 !== 0));
    expect(await verdictBy(later, new Uint8Array(31), message, signature)).to.equal(false);
    expect(await verdictBy(later, new Uint8Array(32).fill(2), message, signature)).to.equal(false);
  });

  it('comes to no verdict when its threads do not', async () => {
    const pair = KeyPair.random();
    const message = Uint8Array.of(1);
    const lost = poolVerifier((_algorithm, _message, _key, _signature, done) => {
      setImmediate(done, new Error('no memory'), false);
    });
    const unable = poolVerifier(() => {
      throw new Error('no thread');
    });
    const told: unknown[] = [];
    for (const verifyLater of [lost, unable]) {
      const verdict = verdictBy(verifyLater, pair.publicKey, message, pair.sign(message));
      told.push(await verdict.then(String, String));
      // What the strict rules decide needs no thread.
      expect(await verdictBy(verifyLater, new Uint8Array(32), message, pair.sign(message))).to.equal(false);
    }
    expect(told).to.deep.equal(['Error: no memory', 'Error: no thread']);
  });

  it('decides by the strict check what OpenSSL does not, as an error is no verdict', () => {
    const pair = KeyPair.random();
    const message = Uint8Array.of(1);
    const signature = pair.sign(message);
    let asked = 0;
    const failing = nodeVerifier(() => {
      asked += 1;
      throw new Error('no memory');
    });
    expect(failing(pair.publicKey, message, signature)).to.equal(true);
    expect(failing(pair.publicKey, Uint8Array.of(2), signature)).to.equal(false);
    expect(failing(new Uint8Array(32), message, signature)).to.equal(false);
    expect(asked).to.equal(2);
  });

  it('agrees with noble on random keys, messages, signatures and faults in them', () => {
    const fault = fc.option(fc.record({ at: fc.nat(63), mask: fc.integer({ min: 1, max: 255 }) }), {
      nil: undefined,
    });
    fc.assert(
      fc.property(
        bytes(32),
        fc.uint8Array({ maxLength: 40 }),
        fault,
        fault,
        (secret, message, inSignature, inKey) => {
          const pair = new KeyPair(secret);
          const signature = nodeSigner(pair).sign(message);
          expect(signature).to.deep.equal(pair.sign(message));
          const key = Uint8Array.from(pair.publicKey);
          if (inSignature !== undefined) signature[inSignature.at]! ^= inSignature.mask;
          if (inKey !== undefined) key[inKey.at % 32]! ^= inKey.mask;
          expect(verify(key, message, signature)).to.equal(verifyStrict(key, message, signature));
        },
      ),
      seeded(60),
    );
  });

  it('agrees with noble on bytes that are keys and signatures of nobody', () => {
    fc.assert(
      fc.property(bytes(32), bytes(64), (key, signature) => {
        expect(verify(key, key, signature)).to.equal(verifyStrict(key, key, signature));
      }),
      seeded(60),
    );
  });

  it('refuses keys and signatures of other lengths', () => {
    expect(verify(new Uint8Array(31), new Uint8Array(0), new Uint8Array(64))).to.equal(false);
    const { publicKey } = KeyPair.random();
    expect(verify(publicKey, new Uint8Array(0), new Uint8Array(63))).to.equal(false);
  });
});
