import { expect } from 'chai';
import { DEFAULT_LIMITS } from '../../../lib/base/limits.ts';
import { success } from '../../../lib/base/result.ts';
import { SeaChecker } from '../../../lib/sea/checker.ts';
import { decrypt, encrypt } from '../../../lib/sea/encryption.ts';
import { grant, grantedKey, sharedKey } from '../../../lib/sea/grant.ts';
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

  it('are not believed when somebody else signed them', async () => {
    const graph = new SmallAccounts();
    await grant(graph, userOf(alice), 'diary', bob);
    const node = graph.nodes.get(`~${alice.pub}/grant/${bob.pub}`)!;
    node.set('diary', { state: 9, json: JSON.stringify(await encrypt('forged', 'key')) });
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
