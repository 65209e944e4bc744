import { expect } from 'chai';
import { GraphError } from '../../../lib/base/errors.ts';
import { DEFAULT_LIMITS } from '../../../lib/base/limits.ts';
import { writeOf, type Entry } from '../../../lib/graph/write.ts';
import { SeaChecker } from '../../../lib/sea/checker.ts';
import { createPair } from '../../../lib/sea/keys.ts';
import { seal } from '../../../lib/sea/encryption.ts';
import { plainValue, signWrite } from '../../../lib/sea/signed-value.ts';
import {
  authenticate,
  changePassword,
  createUser,
  recallUser,
  type AccountGraph,
  type User,
} from '../../../lib/sea/user.ts';
import { work } from '../../../lib/sea/work.ts';
import { SmallAccounts } from '../../support/small-accounts.ts';
import { AFTER_ALL, SEA_VECTORS } from '../../support/sea-vectors.ts';

const { alice, bob } = SEA_VECTORS.pairs;
const PASSWORD = 'password123';
const WRONG = { ok: false, reason: 'Wrong user or password.' };

async function made(graph: AccountGraph, alias = 'alice', pair = alice): Promise<User> {
  const user = await createUser(graph, { alias, password: PASSWORD, pair });
  if (!user.ok) throw new Error(user.reason);
  return user.value;
}

describe('sea createUser', () => {
  it('writes the nodes that SEA writes, all of which a relay accepts', async () => {
    const graph = new SmallAccounts();
    expect(await createUser(graph, { alias: 'alice', password: PASSWORD, pair: alice })).to.deep.equal({
      ok: true,
      value: { alias: 'alice', pair: alice },
    });
    const soul = `~${alice.pub}`;
    expect([...graph.nodes.keys()]).to.deep.equal(['~@alice', soul]);
    expect(graph.nodes.get('~@alice')!.get(soul)!.json).to.equal(`{"#":"${soul}"}`);
    const node = graph.nodes.get(soul)!;
    expect([...node.keys()]).to.have.members(['pub', 'alias', 'epub', 'auth']);
    expect(node.get('pub')!.json).to.equal(`"${alice.pub}"`);
    expect(plainValue(soul, 'alias', node.get('alias')!)).to.equal('alice');
    expect(plainValue(soul, 'epub', node.get('epub')!)).to.equal(alice.epub);
    const auth = JSON.parse(plainValue(soul, 'auth', node.get('auth')!) as string) as Record<string, unknown>;
    expect(Object.keys(auth)).to.deep.equal(['ek', 's']);
    expect(auth['s']).to.have.length(64);
    const checked = await new SeaChecker(DEFAULT_LIMITS).check(graph.writes, AFTER_ALL, () => undefined);
    expect(checked.ok).to.equal(true);
  });

  it('makes keys of its own when none are given', async () => {
    const graph = new SmallAccounts();
    const user = await createUser(graph, { alias: 'alice', password: PASSWORD });
    expect(user.ok && graph.nodes.has(`~${user.value.pair.pub}`)).to.equal(true);
  });

  it('refuses with the words of SEA', async () => {
    const graph = new SmallAccounts();
    const reasonOf = async (alias: string, password: string): Promise<unknown> => {
      const user = await createUser(graph, { alias, password, pair: alice });
      return user.ok ? 'made' : user.reason;
    };
    expect(await reasonOf('', PASSWORD)).to.equal('No user.');
    expect(await reasonOf('alice', 'short')).to.equal('Password too short!');
    expect(graph.nodes.size).to.equal(0);
    await made(graph);
    expect(await reasonOf('alice', PASSWORD)).to.equal('User already created!');
    graph.refusal = 'no room';
    expect(await reasonOf('bob', PASSWORD)).to.equal('no room');
  });

  it('throws for keys that are none', async () => {
    const pair = { ...alice, priv: 'x' };
    const error = await createUser(new SmallAccounts(), { alias: 'a', password: PASSWORD, pair }).catch(
      (reason: unknown) => reason,
    );
    expect(error).to.be.instanceOf(GraphError).with.property('code', 'SEA_BAD_KEY');
  });
});

describe('sea authenticate', () => {
  it('opens the account with its password and with no other', async () => {
    const graph = new SmallAccounts();
    const user = await made(graph);
    expect(await authenticate(graph, 'alice', PASSWORD)).to.deep.equal({ ok: true, value: user });
    expect(await authenticate(graph, 'alice', 'password124')).to.deep.equal(WRONG);
    expect(await authenticate(graph, 'nobody', PASSWORD)).to.deep.equal(WRONG);
  });

  it('finds the right account among others of one alias, and is not led astray by false ones', async () => {
    const graph = new SmallAccounts();
    const carol = await createPair();
    graph.put([
      writeOf('~@alice', '~nothing.there', 1, { '#': '~nothing.there' }),
      writeOf('~@alice', 'foo', 1, { '#': 'foo' }),
      writeOf('~@alice', `~${bob.pub}/x`, 1, { '#': `~${bob.pub}/x` }),
      writeOf('~@alice', 'text', 1, 'text'),
      writeOf('~@alice', `~${carol.pub}`, 1, { '#': `~${carol.pub}` }),
    ]);
    const other = new SmallAccounts();
    await made(other, 'alice', bob);
    graph.put(other.writes.filter(({ key }) => key !== 'alias'));
    const third = new SmallAccounts();
    const user = await made(third);
    graph.put(third.writes);
    expect(await authenticate(graph, 'alice', PASSWORD)).to.deep.equal({ ok: true, value: user });
  });

  it('trusts nothing that the owner did not sign', async () => {
    const graph = new SmallAccounts();
    const soul = `~${alice.pub}`;
    await made(graph);
    const fields = graph.nodes.get(soul)!;
    for (const key of ['alias', 'epub', 'auth']) {
      const entry = fields.get(key)!;
      const plain = plainValue(soul, key, entry)!;
      fields.set(key, writeOf(soul, key, entry.state, plain));
      expect(await authenticate(graph, 'alice', PASSWORD), `unsigned ${key}`).to.deep.equal(WRONG);
      fields.set(key, await signWrite({ soul, key, state: entry.state }, plain, bob));
      expect(await authenticate(graph, 'alice', PASSWORD), `${key} signed by bob`).to.deep.equal(WRONG);
      fields.set(key, entry);
    }
    const moved = await signWrite({ soul, key: 'epub', state: 5 }, bob.epub, alice);
    fields.set('epub', moved);
    expect(await authenticate(graph, 'alice', PASSWORD), 'the public key of another').to.deep.equal(WRONG);
  });

  it('opens accounts of before 2019, sealed byte by byte', async () => {
    const graph = new SmallAccounts();
    const soul = `~${alice.pub}`;
    await made(graph);
    const proof = await work(PASSWORD, 'salt', { encoding: 'utf8' });
    const sealed = Object.entries(await seal({ priv: alice.priv, epriv: alice.epriv }, proof));
    const ek = Object.fromEntries(
      sealed.map(([name, text]) => [name, Buffer.from(text, 'base64').toString('latin1')]),
    );
    const auth = JSON.stringify({ ek, s: 'salt' });
    graph.put([await signWrite({ soul, key: 'auth', state: 9 }, auth, alice)]);
    expect(await authenticate(graph, 'alice', PASSWORD)).to.deep.equal({
      ok: true,
      value: { alias: 'alice', pair: alice },
    });
  });

  it('tries a bounded number of accounts', async () => {
    const graph = new SmallAccounts();
    await made(graph);
    const real = graph.nodes.get('~@alice')!;
    const crowd = new Map<string, Entry>();
    for (let at = 0; at < 101; at += 1) {
      const pair = await createPair();
      const soul = `~${pair.pub}`;
      crowd.set(soul, { state: 1, json: `{"#":"${soul}"}` });
      graph.put([
        await signWrite({ soul, key: 'alias', state: 1 }, 'alice', pair),
        await signWrite({ soul, key: 'epub', state: 1 }, pair.epub, pair),
      ]);
    }
    graph.nodes.set('~@alice', new Map([...crowd, ...real]));
    expect(await authenticate(graph, 'alice', PASSWORD)).to.deep.equal(WRONG);
    graph.nodes.set('~@alice', new Map([...[...crowd].slice(0, 99), ...real]));
    expect((await authenticate(graph, 'alice', PASSWORD)).ok).to.equal(true);
  });
});

describe('sea changePassword', () => {
  it('seals the keys anew', async () => {
    const graph = new SmallAccounts();
    const user = await made(graph);
    expect((await changePassword(graph, user, 'another password')).ok).to.equal(true);
    expect(await authenticate(graph, 'alice', PASSWORD)).to.deep.equal(WRONG);
    expect(await authenticate(graph, 'alice', 'another password')).to.deep.equal({ ok: true, value: user });
    expect((await changePassword(graph, user, 'short')).ok).to.equal(false);
    graph.refusal = 'no room';
    expect(await changePassword(graph, user, PASSWORD)).to.deep.equal({ ok: false, reason: 'no room' });
  });
});

describe('sea recallUser', () => {
  it('takes kept keys, and the alias from the account', async () => {
    const graph = new SmallAccounts();
    const user = await made(graph);
    expect(await recallUser(graph, alice)).to.deep.equal({ ok: true, value: user });
    expect(await recallUser(graph, JSON.stringify(alice))).to.deep.equal({ ok: true, value: user });
    expect(await recallUser(graph, bob)).to.deep.equal({ ok: true, value: { alias: bob.pub, pair: bob } });
  });

  it('refuses keys that do not belong together', async () => {
    const graph = new SmallAccounts();
    for (const odd of [{ ...alice, priv: bob.priv }, 'x', '', null, undefined, 5, '{}']) {
      expect((await recallUser(graph, odd)).ok, JSON.stringify(odd)).to.equal(false);
    }
  });
});
