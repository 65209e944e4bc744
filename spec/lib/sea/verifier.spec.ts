import { expect } from 'chai';
import { DEFAULT_LIMITS } from '../../../lib/base/limits.ts';
import { Slices } from '../../../lib/base/slices.ts';
import { inLaterTurn } from '../../../lib/base/turns.ts';
import type { Value } from '../../../lib/graph/value.ts';
import { writeOf, type Entry, type FieldWrite } from '../../../lib/graph/write.ts';
import { certify, parseCertificate } from '../../../lib/sea/certificate.ts';
import { REFUSAL } from '../../../lib/sea/refusals.ts';
import { LongValues } from '../../../lib/sea/long-values.ts';
import { GatheredHash } from '../../../lib/sea/running-hash.ts';
import { signWrite } from '../../../lib/sea/signed-value.ts';
import { Verifier } from '../../../lib/sea/verifier.ts';
import { hashOf } from '../../../lib/sea/work.ts';
import { AFTER_ALL, SEA_VECTORS } from '../../support/sea-vectors.ts';

const { alice, bob } = SEA_VECTORS.pairs;
const SOUL = `~${alice.pub}`;
const STATE = 1_750_000_000_000;
const LONG = 'He said "no" 中😀\\ \n'.repeat(5000);

function signed(value: Value, key = 'k'): Promise<FieldWrite> {
  return signWrite({ soul: SOUL, key, state: STATE }, value, alice);
}

/** Verifiers that go through long values in slices, as the relay's does, and in one go, as that of apps does. */
const KINDS = {
  'in slices': (): Verifier =>
    new Verifier(
      DEFAULT_LIMITS,
      new LongValues(new Slices({ schedule: inLaterTurn }), () => new GatheredHash()),
    ),
  'in one go': (): Verifier => new Verifier(DEFAULT_LIMITS),
};

/** Tells what becomes of a write: taken, settled by what is stored, or the reason of a refusal. */
function judgeWith(verifierOf: () => Verifier): (write: FieldWrite, stored?: Entry) => Promise<string> {
  return async (write, stored) => {
    const verifier = verifierOf();
    const demand = verifier.demandOf(write, AFTER_ALL);
    const judgement = await verifier.judge(write, demand, { now: AFTER_ALL, readStored: () => stored });
    if (!judgement.ok) return judgement.reason;
    return judgement.value ? 'taken' : 'settled';
  };
}

/** The same write with another text for its envelope. */
function respelled(write: FieldWrite, change: (envelope: string) => string): FieldWrite {
  return { ...write, json: JSON.stringify(change(JSON.parse(write.json) as string)) };
}

for (const [how, verifierOf] of Object.entries(KINDS)) {
  describe(`sea Verifier that goes through long values ${how}`, () => {
    const judged = judgeWith(verifierOf);

    it('takes signed values however long, and none that differs from what was signed', async () => {
      for (const value of [
        LONG,
        'x'.repeat(1_000_000),
        '"'.repeat(300_000),
        { '#': 'soul'.repeat(50_000) },
      ]) {
        const write = await signed(value);
        expect(await judged(write)).to.equal('taken');
        const other = respelled(write, (text) => {
          const fields = JSON.parse(text) as { readonly ':': Value };
          const more = typeof value === 'string' ? `${value}.` : { '#': `${value['#']}.` };
          return JSON.stringify({ ...fields, ':': more });
        });
        expect(await judged(other)).to.equal(REFUSAL.unverified);
        expect(await judged({ ...write, key: 'other' })).to.equal(REFUSAL.unverified);
        expect(await judged({ ...write, state: STATE + 1 })).to.equal(REFUSAL.unverified);
      }
    });

    it('takes long values in one spelling only', async () => {
      const write = await signed(`${LONG}end`);
      for (const change of [
        (text: string): string => text.replace('end"', '\\u0065nd"'),
        (text: string): string => text.replace('"~":', '  "~":'),
        (text: string): string => text.replace('"~":', '"more":1,"~":'),
        (text: string): string => `${text} `,
        (text: string): string => `SEA${text}`,
      ]) {
        expect(await judged(respelled(write, change)), String(change)).to.equal(REFUSAL.unverified);
      }
      const turned = respelled(write, (text) => {
        const { ':': value, '~': signature } = JSON.parse(text) as Record<string, string>;
        return JSON.stringify({ '~': signature, ':': value });
      });
      expect(await judged(turned)).to.equal('taken');
    });

    it('knows the guests of long values', async () => {
      const certificate = parseCertificate(
        await certify({ guests: bob.pub, write: { '*': 'inbox' } }, alice),
      )!;
      const place = { soul: `${SOUL}/inbox`, key: 'k', state: STATE };
      const write = await signWrite(place, LONG, bob, { certificate });
      expect(await judged(write)).to.equal('taken');
      expect(
        await judged(await signWrite({ ...place, soul: `${SOUL}/x` }, LONG, bob, { certificate })),
      ).to.equal(REFUSAL.certificate);
      expect(await judged(await signWrite(place, LONG, bob))).to.equal(REFUSAL.unverified);
    });

    it('compares long values with the hash in their key', async () => {
      const link = { '#': 'soul'.repeat(50_000) };
      for (const value of [LONG, link]) {
        const key = await hashOf(value);
        expect(await judged(writeOf('files#', key, STATE, value))).to.equal('taken');
        expect(
          await judged(writeOf('files#', `${key.startsWith('x') ? 'y' : 'x'}${key.slice(1)}`, STATE, value)),
        ).to.equal(REFUSAL.hash);
      }
    });

    it('knows a long value again that it has stored', async () => {
      const write = await signed(LONG);
      expect(await judged(write, write)).to.equal('taken');
    });
  });
}

describe('sea Verifier', () => {
  const judged = judgeWith(KINDS['in slices']);

  it('leaves a long value alone that the store has in other words', async () => {
    const [first, second] = [await signed(LONG), await signed(LONG)];
    expect(second.json).to.not.equal(first.json);
    expect(await judged(second, first)).to.equal('settled');
    expect(await judged(second, await signed(`${LONG}.`))).to.equal('taken');
    expect(await judged(second, { ...first, state: STATE - 1 })).to.equal('taken');
    expect(await judged(second, second)).to.equal('taken');
    expect(
      await judged(
        respelled(second, (text) => text.replace('said', 'SAID')),
        first,
      ),
    ).to.equal(REFUSAL.unverified);
  });
});
