import { expect } from 'chai';
import { GraphError } from '../../../lib/base/errors.ts';
import {
  agreementKey,
  agreementKeyOf,
  createPair,
  isPublicKey,
  PublicKeys,
  readPair,
  signingKey,
  verifyingKey,
} from '../../../lib/sea/keys.ts';
import { SEA_VECTORS } from '../../support/sea-vectors.ts';

const { alice, bob } = SEA_VECTORS.pairs;
/** The prime below which coordinates lie, and the next number. */
const PRIME = 'ffffffff00000001000000000000000000000000ffffffffffffffffffffffff';
const ZERO = 'A'.repeat(43);

/** 32 bytes as a key has them. */
function numberText(hex: string): string {
  return Buffer.from(hex, 'hex').toString('base64url');
}

/** Public keys that are none. */
function badKeys(): string[] {
  const [x = '', y = ''] = alice.pub.split('.');
  return [
    '',
    x,
    `${x}.`,
    `.${y}`,
    `${x}.${y}.${y}`,
    `${x} ${y}`,
    `${x}.${y}=`,
    `${x}.${y}\n`,
    `${x.slice(1)}.${y}`,
    `A${x}.${y}`,
    // The same bytes with other unused bits.
    `${x.slice(0, -1)}${String.fromCharCode(x.charCodeAt(42) + 1)}.${y}`,
    `${y}.${x}`,
    `${ZERO}.${ZERO}`,
    `${x}.${numberText(PRIME)}`,
    `${numberText(PRIME)}.${y}`,
    `${numberText('ff'.repeat(32))}.${y}`,
  ];
}

async function errorOf(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => undefined,
    (error: unknown) => (error instanceof GraphError ? error.code : error),
  );
}

describe('sea keys', () => {
  it('are made new, in the form of SEA', async () => {
    const pair = await createPair();
    expect(Object.keys(pair)).to.deep.equal(['pub', 'priv', 'epub', 'epriv']);
    expect(await readPair(pair)).to.deep.equal({ ok: true, value: pair });
    expect((await createPair()).pub).to.not.equal(pair.pub);
  });

  it('are read as SEA keeps them, without what else stands there', async () => {
    for (const pair of Object.values(SEA_VECTORS.pairs)) {
      expect(await readPair({ ...pair, alias: 'x' })).to.deep.equal({ ok: true, value: pair });
    }
  });

  it('are refused when a part is missing, malformed or no text', async () => {
    for (const part of ['pub', 'priv', 'epub', 'epriv']) {
      for (const odd of [undefined, null, 5, '', 'x', {}, alice.pub.slice(1)]) {
        expect((await readPair({ ...alice, [part]: odd })).ok, `${part} ${JSON.stringify(odd)}`).to.equal(
          false,
        );
      }
    }
    for (const odd of [undefined, null, 5, 'x', []]) expect((await readPair(odd)).ok).to.equal(false);
  });

  it('are refused when the halves do not belong together', async () => {
    expect((await readPair({ ...alice, priv: bob.priv })).ok).to.equal(false);
    expect((await readPair({ ...alice, pub: bob.pub })).ok).to.equal(false);
    expect((await readPair({ ...alice, epriv: bob.epriv })).ok).to.equal(false);
    expect((await readPair({ ...alice, epub: bob.epub })).ok).to.equal(false);
    expect((await readPair({ ...alice, priv: ZERO })).ok).to.equal(false);
  });

  it('are refused when their coordinates are out of range or off the curve', async () => {
    for (const pub of badKeys()) {
      expect(await verifyingKey(pub), pub).to.equal(undefined);
      expect(await agreementKeyOf(pub), pub).to.equal(undefined);
      expect((await readPair({ ...alice, pub })).ok, pub).to.equal(false);
      expect((await readPair({ ...alice, epub: pub })).ok, pub).to.equal(false);
    }
    expect(await verifyingKey(alice.pub)).to.not.equal(undefined);
  });

  it('are told from other texts by their form', () => {
    expect(isPublicKey(alice.pub)).to.equal(true);
    expect(badKeys().slice(0, 11).filter(isPublicKey)).to.deep.equal([]);
    expect([undefined, null, 5, {}].filter(isPublicKey)).to.deep.equal([]);
  });

  it('throw SEA_BAD_KEY where an own pair is wrong', async () => {
    expect(await errorOf(signingKey({ pub: alice.pub, priv: 'x' }))).to.equal('SEA_BAD_KEY');
    expect(await errorOf(signingKey({ pub: 'x', priv: alice.priv }))).to.equal('SEA_BAD_KEY');
    expect(await errorOf(signingKey({ pub: badKeys()[11]!, priv: alice.priv }))).to.equal('SEA_BAD_KEY');
    expect(await errorOf(agreementKey({ epub: alice.epub, epriv: '' }))).to.equal('SEA_BAD_KEY');
  });
});

describe('sea PublicKeys', () => {
  it('imports a key once', async () => {
    const keys = new PublicKeys(10);
    const [first, second] = await Promise.all([keys.get(alice.pub), keys.get(alice.pub)]);
    expect(first).to.equal(second);
    expect(keys.get(alice.pub)).to.equal(first);
    expect(keys.size).to.equal(1);
  });

  it('keeps nothing that is no key', async () => {
    const keys = new PublicKeys(10);
    for (const pub of badKeys()) expect(await keys.get(pub), pub).to.equal(undefined);
    expect(keys.size).to.equal(0);
  });

  it('keeps no more than it may', async () => {
    const keys = new PublicKeys(4);
    for (let made = 0; made < 9; made += 1) await keys.get((await createPair()).pub);
    expect(keys.size).to.be.within(1, 4);
  });
});
