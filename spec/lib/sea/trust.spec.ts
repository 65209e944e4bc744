import { expect } from 'chai';
import { failure, success } from '../../../lib/base/result.ts';
import { DEFAULT_LIMITS } from '../../../lib/base/limits.ts';
import { certify, parseCertificate } from '../../../lib/sea/certificate.ts';
import { SeaChecker } from '../../../lib/sea/checker.ts';
import { storeEntry } from '../../../lib/sea/person-table.ts';
import { signWrite } from '../../../lib/sea/signed-value.ts';
import { trust, trustedWith } from '../../../lib/sea/trust.ts';
import type { User } from '../../../lib/sea/user.ts';
import { SmallAccounts } from '../../support/small-accounts.ts';
import { AFTER_ALL, SEA_VECTORS } from '../../support/sea-vectors.ts';

const { alice, bob, carol } = SEA_VECTORS.pairs;
const ALICE: User = { alias: 'alice', pair: alice };

describe('sea trust', () => {
  it('is a certificate for a path and below, which the guest finds', async () => {
    const graph = new SmallAccounts();
    const given = await trust(graph, ALICE, 'wall/notes', bob.pub);
    const certificate = await trustedWith(graph, 'wall/notes', alice.pub, bob.pub);
    expect(given).to.deep.equal(success(certificate));
    const checker = new SeaChecker(DEFAULT_LIMITS);
    const may = async (soul: string, key: string, guest = bob): Promise<boolean> => {
      const place = { soul: `~${alice.pub}${soul}`, key, state: 5 };
      const write = await signWrite(place, 'v', guest, { certificate: parseCertificate(certificate)! });
      return (await checker.check([write], AFTER_ALL, () => undefined)).ok;
    };
    expect(await may('/wall', 'notes')).to.equal(true);
    expect(await may('/wall/notes', 'k')).to.equal(true);
    expect(await may('/wall/notes/deep', 'k')).to.equal(true);
    expect(await may('/wall', 'notes2')).to.equal(false);
    expect(await may('/wall/notes2', 'k')).to.equal(false);
    expect(await may('', 'wall')).to.equal(false);
    expect(await may('/wall', 'notes', carol)).to.equal(false);
  });

  it('ends when it is said to', async () => {
    const graph = new SmallAccounts();
    await trust(graph, ALICE, 'wall', bob.pub, { expires: 1000, writeBlock: 'blocked' });
    const certificate = parseCertificate(await trustedWith(graph, 'wall', alice.pub, bob.pub))!;
    expect(certificate.m).to.include({ e: 1000, wb: 'blocked' });
  });

  it('is not found by others, for other paths, or where somebody else put it', async () => {
    const graph = new SmallAccounts();
    await trust(graph, ALICE, 'wall', bob.pub);
    expect(await trustedWith(graph, 'wall', alice.pub, carol.pub)).to.equal(undefined);
    expect(await trustedWith(graph, 'door', alice.pub, bob.pub)).to.equal(undefined);
    expect(await trustedWith(graph, 'wall', bob.pub, alice.pub)).to.equal(undefined);
    const node = graph.nodes.get(`~${alice.pub}/trust/${bob.pub}`)!;
    const forged = await certify({ guests: bob.pub, write: { '*': '' } }, carol);
    node.set(`wall~${alice.pub}`, { state: 9, json: JSON.stringify(forged) });
    expect(await trustedWith(graph, 'wall', alice.pub, bob.pub)).to.equal(undefined);
    await storeEntry(graph, alice, { table: 'trust', person: bob.pub }, 'wall', 'no certificate');
    expect(await trustedWith(graph, 'wall', alice.pub, bob.pub)).to.equal(undefined);
  });

  it('is refused for oneself, and for what is no key', async () => {
    const graph = new SmallAccounts();
    expect(await trust(graph, ALICE, 'wall', alice.pub)).to.deep.equal(
      failure('the owner needs no certificate'),
    );
    expect(await trust(graph, ALICE, 'wall', '*')).to.deep.equal(failure('not a public key'));
    expect(graph.nodes.size).to.equal(0);
    graph.refusal = 'no';
    expect(await trust(graph, ALICE, 'wall', bob.pub)).to.deep.equal(failure('no'));
  });
});
