import { expect } from 'chai';
import * as fc from 'fast-check';
import { GraphError } from '../../../lib/base/errors.ts';
import {
  parseLoosely,
  sha256,
  sign,
  signatureBytes,
  signText,
  verify,
  verifyText,
} from '../../../lib/sea/signature.ts';
import { createPair, signingKey, verifyingKey } from '../../../lib/sea/keys.ts';
import { seeded } from '../../support/arbitraries.ts';
import { SEA_VECTORS } from '../../support/sea-vectors.ts';

const { alice, bob } = SEA_VECTORS.pairs;
/** Order of the group; both s and n - s sign the same. */
const ORDER = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;

function numberOf(bytes: Uint8Array): bigint {
  return BigInt(`0x${Buffer.from(bytes).toString('hex')}`);
}

function hexOf(value: bigint): string {
  return value.toString(16).padStart(64, '0');
}

function signatureOf(r: bigint, s: bigint): Uint8Array<ArrayBuffer> {
  return new Uint8Array(Buffer.from(hexOf(r) + hexOf(s), 'hex'));
}

describe('sea sign and verify', () => {
  it('verify every recorded signature', async () => {
    let replayed = 0;
    for (const { signed, verify_returns: value } of SEA_VECTORS.primitives.sign) {
      expect(await verify(signed, alice.pub), signed).to.deep.equal({ ok: true, value });
      expect((await verify(signed, bob.pub)).ok).to.equal(false);
      replayed += 1;
    }
    expect(replayed).to.equal(8);
  });

  it('sign the text that SEA signs', async () => {
    const key = await verifyingKey(alice.pub);
    for (const { input, hashed_text: text } of SEA_VECTORS.primitives.sign) {
      const { m, s } = JSON.parse((await sign(input, alice)).slice(3)) as { m: unknown; s: string };
      const sorted = text === '{"b":1,"a":2}' ? '{"a":2,"b":1}' : text;
      expect(await verifyText(sorted, signatureBytes(s)!, key!), text).to.equal(true);
      expect(typeof m === 'string' ? m : JSON.stringify(m)).to.equal(sorted);
    }
  });

  it('give back what was signed, whatever it was', async () => {
    const pair = await createPair();
    await fc.assert(
      fc.asyncProperty(fc.jsonValue({ maxDepth: 3 }), async (data) => {
        const value = parseLoosely(parseLoosely(JSON.parse(JSON.stringify(data))));
        expect(await verify(await sign(data, pair), pair.pub)).to.deep.equal({ ok: true, value });
      }),
      seeded(40),
    );
  });

  it('leave alone what the pair has signed already, and sign what others signed', async () => {
    const signed = await sign({ a: 1 }, alice);
    expect(await sign(signed, alice)).to.equal(signed);
    expect(await sign(JSON.parse(signed.slice(3)), alice)).to.equal(signed);
    const twice = await sign(signed, bob);
    expect(await verify(twice, bob.pub)).to.deep.equal({ ok: true, value: JSON.parse(signed.slice(3)) });
  });

  it('refuse a changed message, another signature, and what is not signed', async () => {
    const signed = await sign('hello', alice);
    const other = await sign('other', alice);
    const swapped = signed.replace(/"s":.*/, other.slice(other.indexOf('"s":')));
    const odd = [
      signed.replace('hello', 'hellO'),
      swapped,
      signed.slice(0, -4) + '"}',
      'hello',
      '',
      5,
      null,
      [],
      {},
      { m: 1 },
      { s: 'x' },
      { m: 'hello', s: 5 },
      `SEA${'['.repeat(100_000)}`,
    ];
    for (const each of odd) expect((await verify(each, alice.pub)).ok, JSON.stringify(each)).to.equal(false);
    expect((await verify(signed, 'x.y')).ok).to.equal(false);
  });

  it('refuse to sign what JSON cannot hold', async () => {
    const error = await sign(undefined, alice).catch((reason: unknown) => reason);
    expect(error).to.be.instanceOf(GraphError).with.property('code', 'SEA_BAD_INPUT');
  });

  it('verify both orders of keys, because gun in Node sorts and browsers do not', async () => {
    const key = await signingKey(alice);
    for (const text of ['{"b":1,"a":2}', '{"a":2,"b":1}']) {
      const s = await signText(text, key);
      for (const m of ['{"b":1,"a":2}', '{"a":2,"b":1}']) {
        const isPossible = m === text || text === '{"a":2,"b":1}';
        expect((await verify(`SEA{"m":${m},"s":"${s}"}`, alice.pub)).ok, `${text} as ${m}`).to.equal(
          isPossible,
        );
      }
    }
  });
});

describe('sea signatures', () => {
  it('are 64 bytes in their one base64 text', () => {
    const text = Buffer.alloc(64, 7).toString('base64');
    expect(signatureBytes(text)).to.deep.equal(new Uint8Array(64).fill(7));
    const odd = [
      text.slice(0, -1),
      `${text.slice(0, -3)}x==`,
      `${text}=`,
      text.replaceAll('=', ''),
      '',
      5,
      undefined,
    ];
    for (const each of [...odd, Buffer.alloc(63).toString('base64'), Buffer.alloc(65).toString('base64')]) {
      expect(signatureBytes(each), String(each)).to.equal(undefined);
    }
  });

  it('are over the digest of the digest', async () => {
    const key = await signingKey(alice);
    const shown = (await verifyingKey(alice.pub))!;
    const signature = signatureBytes(await signText('text', key))!;
    const algorithm = { name: 'ECDSA', hash: 'SHA-256' };
    expect(await crypto.subtle.verify(algorithm, shown, signature, await sha256('text'))).to.equal(true);
    expect(await verifyText('text', signature, shown)).to.equal(true);
    expect(await verifyText('texT', signature, shown)).to.equal(false);
  });

  it('hold with s and with n - s, and with no number out of range', async () => {
    const shown = (await verifyingKey(alice.pub))!;
    const signature = signatureBytes(await signText('text', await signingKey(alice)))!;
    const [r, s] = [numberOf(signature.subarray(0, 32)), numberOf(signature.subarray(32))];
    expect(await verifyText('text', signatureOf(r, ORDER - s), shown)).to.equal(true);
    for (const [otherR, otherS] of [
      [0n, 0n],
      [0n, s],
      [r, 0n],
      [ORDER, s],
      [r, ORDER],
      [r, s ^ 1n],
      [s, r],
    ] as const) {
      expect(await verifyText('text', signatureOf(otherR, otherS), shown), `${otherR} ${otherS}`).to.equal(
        false,
      );
    }
  });
});

describe('sea parseLoosely', () => {
  it('reads JSON with and without the mark, and leaves other texts and values alone', () => {
    expect(parseLoosely('SEA{"a":1}')).to.deep.equal({ a: 1 });
    expect(parseLoosely('{"a":1}')).to.deep.equal({ a: 1 });
    expect(parseLoosely('5')).to.equal(5);
    for (const each of ['SEA not', 'SEA{', 'SEA5', 'hello', '', 5, null, undefined]) {
      expect(parseLoosely(each)).to.equal(each);
    }
  });
});
