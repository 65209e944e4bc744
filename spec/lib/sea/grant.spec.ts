import { expect } from 'chai';
import { DEFAULT_LIMITS } from '../../../lib/base/limits.ts';
import { success } from '../../../lib/base/result.ts';
import { SeaChecker } from '../../../lib/sea/checker.ts';
import { decrypt, encrypt } from '../../../lib/sea/encryption.ts';
import { grant, grantedKey, openShared, sharedKey } from '../../../lib/sea/grant.ts';
import { gunNameOf, readEntries, storeEntry } from '../../../lib/sea/person-table.ts';
import type { User } from '../../../lib/sea/user.ts';
import { SmallAccounts } from '../../support/small-accounts.ts';
import { AFTER_ALL, SEA_VECTORS } from '../../support/sea-vectors.ts';

const { alice, bob, carol } = SEA_VECTORS.pairs;

function userOf(pair: User['pair']): User {
  return { alias: 'somebody', pair };
}

describe('sea shared keys', () => {
  it('are made once for each path, and found again', async () => {
    const graph = new SmallAccounts();
    const first = await sharedKey(graph, userOf(alice), 'diary');
    expect(first.ok && first.value)
      .to.be.a('string')
      .with.lengthOf(16);
    expect(await sharedKey(graph, userOf(alice), 'diary')).to.deep.equal(first);
    expect(await sharedKey(graph, userOf(alice), 'letters')).to.not.deep.equal(first);
    expect(await sharedKey(graph, userOf(bob), 'diary')).to.not.deep.equal(first);
  });

  it('are had by those they were granted to, and nobody else', async () => {
    const graph = new SmallAccounts();
    expect((await grant(graph, userOf(alice), 'diary', bob)).ok).to.equal(true);
    const key = await sharedKey(graph, userOf(alice), 'diary');
    expect(await grantedKey(graph, userOf(bob), 'diary', alice)).to.deep.equal(key);
    for (const [who, path] of [
      [carol, 'diary'],
      [bob, 'letters'],
    ] as const) {
      expect(await grantedKey(graph, userOf(who), path, alice)).to.deep.equal({
        ok: false,
        reason: 'nothing was granted',
      });
    }
    if (!key.ok) return;
    const sealed = await encrypt('dear diary', key.value);
    expect(await decrypt(sealed, key.value)).to.deep.equal(success('dear diary'));
  });

  it('stand in nodes that gun finds, signed by their owner', async () => {
    const graph = new SmallAccounts();
    await grant(graph, userOf(alice), 'diary', bob);
    const souls = [`~${alice.pub}`, `~${alice.pub}/grant`, `~${alice.pub}/grant/${bob.pub}`];
    expect([...graph.nodes.keys()]).to.include.members(souls);
    const checked = await new SeaChecker(DEFAULT_LIMITS).check(graph.writes, AFTER_ALL, () => undefined);
    expect(checked.ok).to.equal(true);
  });

  it('open what is sealed, own and granted, under every name that gun gives them', async () => {
    const graph = new SmallAccounts();
    await grant(graph, userOf(alice), 'box/diary', bob);
    const key = await sharedKey(graph, userOf(alice), 'box/diary');
    const sealed = await encrypt('dear diary', key.ok ? key.value : '');
    for (const who of [alice, bob]) {
      expect(await openShared(graph, userOf(who), 'box/diary', alice, sealed)).to.deep.equal(
        success('dear diary'),
      );
    }
    expect((await openShared(graph, userOf(carol), 'box/diary', alice, sealed)).ok).to.equal(false);
    // As gun's `secret` and gun's `grant` have it.
    const gunName = gunNameOf(alice.pub, 'box/diary').slice(0, -alice.pub.length - 1);
    expect(gunName).to.equal('diarybox');
    const [own] = await readEntries(
      graph,
      { owner: alice.pub, table: 'grant', person: alice.pub },
      new Set([`box/diary~${alice.pub}`]),
    );
    const elsewhere = new SmallAccounts();
    await storeEntry(elsewhere, alice, { table: 'trust', person: alice.pub }, gunName, own!);
    expect(await openShared(elsewhere, userOf(alice), 'box/diary', alice, sealed)).to.deep.equal(
      success('dear diary'),
    );
    expect((await openShared(elsewhere, userOf(alice), 'box/other', alice, sealed)).ok).to.equal(false);
  });

  it('are tried one after the other', async () => {
    const graph = new SmallAccounts();
    const row = { table: 'grant', person: alice.pub } as const;
    await storeEntry(graph, alice, row, 'a/b', await encrypt('the first', alice));
    await storeEntry(graph, alice, row, 'ba', await encrypt('the second', alice));
    const open = (key: string): Promise<unknown> =>
      encrypt('text', key).then((sealed) => openShared(graph, userOf(alice), 'a/b', alice, sealed));
    for (const key of ['the first', 'the second']) expect(await open(key)).to.deep.equal(success('text'));
    expect(await open('the third')).to.include({ ok: false });
    // To seal, and to grant, only the own name counts: paths that gun takes for one have keys of their own.
    expect(await sharedKey(graph, userOf(alice), 'a/b')).to.deep.equal(success('the first'));
    expect(await sharedKey(graph, userOf(alice), 'b/a')).to.not.deep.equal(success('the first'));
  });

  it('are not believed when somebody else signed them', async () => {
    const graph = new SmallAccounts();
    await grant(graph, userOf(alice), 'diary', bob);
    const node = graph.nodes.get(`~${alice.pub}/grant/${bob.pub}`)!;
    node.set(`diary~${alice.pub}`, { state: 9, json: JSON.stringify(await encrypt('forged', 'key')) });
    expect((await grantedKey(graph, userOf(bob), 'diary', alice)).ok).to.equal(false);
  });

  it('say why a key could not be stored, or whose key is none', async () => {
    const graph = new SmallAccounts();
    expect((await grant(graph, userOf(alice), 'diary', { ...bob, epub: 'none' })).ok).to.equal(false);
    graph.refusal = 'no';
    expect(await sharedKey(graph, userOf(alice), 'diary')).to.deep.equal({ ok: false, reason: 'no' });
    expect(await grant(graph, userOf(alice), 'diary', bob)).to.deep.equal({ ok: false, reason: 'no' });
  });
});
