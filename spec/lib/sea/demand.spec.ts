import { expect } from 'chai';
import { writeOf, type FieldWrite } from '../../../lib/graph/write.ts';
import { certify, parseCertificate } from '../../../lib/sea/certificate.ts';
import { demandOf, mayBeBlocked } from '../../../lib/sea/demand.ts';
import { REFUSAL } from '../../../lib/sea/refusals.ts';
import { signWrite } from '../../../lib/sea/signed-value.ts';
import { SEA_VECTORS } from '../../support/sea-vectors.ts';

const { alice, bob } = SEA_VECTORS.pairs;
const SOUL = `~${alice.pub}`;

async function byGuest(): Promise<FieldWrite> {
  const certificate = parseCertificate(await certify({ guests: bob.pub, write: { '*': 'inbox' } }, alice))!;
  return signWrite({ soul: `${SOUL}/inbox`, key: 'k', state: 1 }, 'v', bob, { certificate });
}

describe('sea demandOf', () => {
  it('says what a write needs before anything is verified', async () => {
    expect(demandOf(writeOf('open', 'k', 1, 1))).to.deep.equal({ kind: 'none' });
    expect(demandOf(writeOf('#', 'k', 1, 1))).to.deep.equal({ kind: 'content' });
    expect(demandOf(writeOf(SOUL, 'pub', 1, 'x'))).to.deep.equal({
      kind: 'refused',
      reason: REFUSAL.account,
    });
    const write = await signWrite({ soul: SOUL, key: 'k', state: 1 }, 'v', alice);
    expect(demandOf(write)).to.include({ kind: 'signature', owner: alice.pub });
    const guest = demandOf(await byGuest());
    expect(guest.kind === 'signature' && guest.signed?.signer).to.equal(bob.pub);
  });

  it('tells which writes depend on a list of who may not write', async () => {
    const terms = { guests: bob.pub, write: { '*': 'inbox' }, writeBlock: 'blocked' };
    const certificate = parseCertificate(await certify(terms, alice))!;
    const place = { soul: `${SOUL}/inbox`, key: 'k', state: 1 };
    expect(mayBeBlocked(await signWrite(place, 'v', bob, { certificate }))).to.equal(true);
    // What is too long to be looked at may have one.
    expect(mayBeBlocked(await signWrite(place, 'x'.repeat(100_000), alice))).to.equal(true);
    const others = [await byGuest(), await signWrite(place, 'v', alice), writeOf('open', 'k', 1, 1)];
    expect([...others, writeOf(SOUL, 'pub', 1, 'x')].filter(mayBeBlocked)).to.deep.equal([]);
  });

  it('takes no long value apart unless it is told to', async () => {
    const long = 'x'.repeat(100_000);
    const write = await signWrite({ soul: SOUL, key: 'k', state: 1 }, long, alice);
    expect(demandOf(write)).to.deep.equal({ kind: 'signature', owner: alice.pub, signed: undefined });
    const demand = demandOf(write, false);
    expect(demand.kind === 'signature' && demand.signed?.value).to.equal(long);
    expect(demandOf(writeOf('~@', 'k', 1, { '#': long }))).to.deep.equal({
      kind: 'refused',
      reason: REFUSAL.alias,
    });
  });
});
