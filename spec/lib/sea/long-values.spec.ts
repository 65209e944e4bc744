import { createHash } from 'node:crypto';
import { expect } from 'chai';
import type { FieldWrite } from '../../../lib/graph/write.ts';
import { LongValues } from '../../../lib/sea/long-values.ts';
import { signWrite } from '../../../lib/sea/signed-value.ts';
import { sha256 } from '../../../lib/sea/signature.ts';
import { hashOf } from '../../../lib/sea/work.ts';
import { ImpatientSlices } from '../../support/impatient-slices.ts';
import { SEA_VECTORS } from '../../support/sea-vectors.ts';

const { alice } = SEA_VECTORS.pairs;
const LONG = 'He said "no" 中😀\\ \n'.repeat(9000);

function signed(value: string): Promise<FieldWrite> {
  return signWrite({ soul: `~${alice.pub}`, key: 'k', state: 5 }, value, alice);
}

describe('sea LongValues', () => {
  const long = new LongValues(new ImpatientSlices(), () => createHash('sha256'));

  it('take signed values apart as they were signed, over several turns', async () => {
    const write = await signed(LONG);
    const parsing = long.parse(write, alice.pub);
    expect(parsing).to.be.instanceOf(Promise);
    const parts = (await parsing)!.text;
    const text = JSON.stringify({ '#': write.soul, '.': 'k', ':': LONG, '>': 5 });
    expect(parts.join('') === text).to.equal(true);
    expect(await long.digest(parts)).to.deep.equal(await sha256(text));
    expect(await long.parse({ ...write, json: JSON.stringify(LONG) }, alice.pub)).to.equal(undefined);
  });

  it('know a value from another, by its text and by what it says', async () => {
    const [one, two, other] = await Promise.all([signed(LONG), signed(LONG), signed(`${LONG}.`)]);
    expect(await long.isSame(one.json, two.json)).to.equal(false);
    expect(await long.isSame(one.json, JSON.stringify(JSON.parse(one.json)))).to.equal(true);
    const parsed = (await long.parse(one, alice.pub))!;
    expect(await long.saysTheSame(two, alice.pub, parsed)).to.equal(true);
    expect(await long.saysTheSame(other, alice.pub, parsed)).to.equal(false);
    expect(await long.saysTheSame(await signed('short'), alice.pub, parsed)).to.equal(false);
  });

  it('compare texts and other values with the hash in a key', async () => {
    const name = await hashOf(LONG);
    expect(await long.namesItsContent(`file#${name}`, JSON.stringify(LONG))).to.equal(true);
    expect(await long.namesItsContent(`file#${name}`, JSON.stringify(`${LONG}.`))).to.equal(false);
    const link = JSON.stringify({ '#': 'soul'.repeat(50_000) });
    expect(await long.namesItsContent(await hashOf(JSON.parse(link)), link)).to.equal(true);
  });
});
