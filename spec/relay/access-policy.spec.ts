import { expect } from 'chai';
import { writeOf, type FieldWrite } from '../../lib/graph/write.ts';
import { certify, parseCertificate } from '../../lib/sea/certificate.ts';
import { blockedRefusal, REFUSAL } from '../../lib/sea/refusals.ts';
import { signWrite } from '../../lib/sea/signed-value.ts';
import { AccessPolicy } from '../../relay/access-policy.ts';
import { ImpatientSlices } from '../support/impatient-slices.ts';
import { meshWorlds, PAST, type MeshWorld } from '../support/mesh-world.ts';
import { SEA_VECTORS } from '../support/sea-vectors.ts';

const { alice, bob } = SEA_VECTORS.pairs;
const INBOX = `~${alice.pub}/inbox`;

function policyOf({ graph, limits, time, mesh }: MeshWorld): AccessPolicy {
  return new AccessPolicy({ graph, limits, clock: time.clock, slices: mesh.slices });
}

async function byGuest(terms: object): Promise<FieldWrite> {
  const text = await certify({ guests: bob.pub, write: { '*': 'inbox' }, ...terms }, alice);
  const place = { soul: INBOX, key: 'k', state: PAST };
  return signWrite(place, 'v', bob, { certificate: parseCertificate(text)! });
}

describe('relay AccessPolicy', () => {
  const newWorld = meshWorlds();

  it('lets everything into souls that nobody protects, at once and as it is', async () => {
    const policy = policyOf(await newWorld());
    const writes = [writeOf('open', 'k', PAST, 'v'), writeOf('other', 'k', PAST, 1)];
    const checked = policy.check(writes, 'p1');
    expect(checked).to.deep.equal({ ok: true, value: writes });
    expect(!(checked instanceof Promise) && checked.ok && checked.value).to.equal(writes);
  });

  it('lets of the writes of an operation pass those that are right', async () => {
    const policy = policyOf(await newWorld());
    const open = writeOf('open', 'k', PAST, 'v');
    expect(policy.allowed([open], 'a')).to.deep.equal([open]);
    const good = await signWrite({ soul: `~${alice.pub}`, key: 'k', state: PAST }, 'v', alice);
    const unsigned = writeOf(`~${alice.pub}`, 'k', PAST, 'unsigned');
    const moved = { ...good, key: 'other' };
    expect(await policy.allowed([good], 'a')).to.deep.equal([good]);
    expect(await policy.allowed([open, unsigned, good, moved, open], 'a')).to.deep.equal([open, good, open]);
    expect(await policy.allowed([moved], 'a')).to.deep.equal([]);
  });

  it('goes in many turns through the many writes of an operation one of which is wrong', async () => {
    const { graph, limits, time } = await newWorld();
    const slices = new ImpatientSlices();
    const policy = new AccessPolicy({ graph, limits, clock: time.clock, slices });
    const many = Array.from({ length: 2000 }, (_, at) => writeOf('open', `k${at}`, PAST, 'v'));
    const unsigned = writeOf(`~${alice.pub}`, 'k', PAST, 'unsigned');
    expect(await policy.allowed([unsigned], 'a')).to.deep.equal([]);
    const few = slices.turns;
    expect(await policy.allowed([unsigned, ...many], 'a')).to.deep.equal(many);
    expect(slices.turns - few).to.be.above(few + 2);
  });

  it('asks SEA about the others', async () => {
    const policy = policyOf(await newWorld());
    const good = await signWrite({ soul: `~${alice.pub}`, key: 'k', state: PAST }, 'v', alice);
    expect(await policy.check([good], 'p1')).to.include({ ok: true });
    expect(await policy.check([{ ...good, key: 'other' }], 'p1')).to.deep.equal({
      ok: false,
      reason: REFUSAL.unverified,
    });
  });

  it('judges by the clock of the relay and by what it has stored', async () => {
    const world = await newWorld();
    const policy = policyOf(world);
    const write = await byGuest({ expires: world.time.clock() + 1000, writeBlock: 'blocked' });
    expect(await policy.check([write], 'p1')).to.include({ ok: true });
    const place = { soul: `~${alice.pub}/blocked`, key: bob.pub, state: PAST };
    const block = await signWrite(place, true, alice);
    const storing = new Promise((settle) => {
      world.writer.submit({ writes: [block], owner: undefined, settle });
    });
    await world.settle();
    await storing;
    expect(await policy.check([write], 'p1')).to.deep.equal({ ok: false, reason: blockedRefusal(bob.pub) });
    world.time.advance(1001);
    expect(await policy.check([write], 'p1')).to.deep.equal({ ok: false, reason: REFUSAL.expired });
  });

  it('rejects when the store cannot be read', async () => {
    const world = await newWorld();
    const write = await byGuest({});
    world.storage.fails = () => true;
    const outcome = await Promise.resolve(policyOf(world).check([write], 'p1')).catch(() => 'rejected');
    expect(outcome).to.equal('rejected');
    world.storage.fails = () => false;
  });
});
