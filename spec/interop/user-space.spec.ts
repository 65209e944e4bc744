import { expect } from 'chai';
import { success, failure } from '../../lib/base/result.ts';
import { writeOf, type FieldWrite } from '../../lib/graph/write.ts';
import type { Value } from '../../lib/graph/value.ts';
import {
  authenticate,
  certify,
  changePassword,
  createPair,
  createUser,
  decrypt,
  encrypt,
  grant,
  grantedKey,
  hashOf,
  parseCertificate,
  plainValue,
  secret,
  sharedKey,
  signWrite,
  type AccountGraph,
  type KeyPair,
} from '../../lib/sea/index.ts';
import type { GunProcess } from '../support/gun-process.ts';
import { useRelay } from '../support/interop-world.ts';
import { freshName, graphOf, graphOfWrites, type RawPeer } from '../support/raw-peer.ts';

const PASSWORD = 'password123';

/** The graph behind a relay, as accounts want it. */
function accountsAt(peer: RawPeer): AccountGraph {
  let last = 0;
  return {
    async readNode(soul) {
      const { put } = await peer.get({ '#': soul });
      const node = put?.[soul];
      const states = Object.entries(node?._['>'] ?? {});
      return new Map(states.map(([key, state]) => [key, writeOf(soul, key, state, node![key] as Value)]));
    },
    async put(writes) {
      const { err } = await peer.put(graphOfWrites(...writes));
      return err === undefined ? success(undefined) : failure(err);
    },
    nextState: () => (last = Math.max(last + 1, Date.now())),
  };
}

/** Puts a write, and gives the text of the refusal, or `ok`. */
async function verdict(peer: RawPeer, write: FieldWrite): Promise<string> {
  const { err, ok } = await peer.put(graphOfWrites(write));
  return err ?? String(ok === true ? 'ok' : ok);
}

describe('interop: users', function () {
  this.timeout(60_000);
  const shared = useRelay();

  function client(name: string): Promise<GunProcess> {
    return shared.world.gun({ peers: [shared.relay], sea: true, name });
  }

  /** A client whose user has just made an account. */
  async function user(alias: string): Promise<{ gun: GunProcess; pair: KeyPair }> {
    const gun = await client(alias);
    const { pair, err } = await gun.create(freshName(alias), PASSWORD);
    expect(err).to.equal(undefined);
    return { gun, pair: pair as KeyPair };
  }

  it('make an account, log in from elsewhere, and are read by strangers', async () => {
    const alias = freshName('alice');
    const first = await client('first');
    const { pair, err } = await first.create(alias, PASSWORD);
    expect(err).to.equal(undefined);
    const { pub } = pair as KeyPair;
    expect(await first.put([`~${pub}`, 'profile', 'name'], 'Alice')).to.deep.include({ ok: true });
    const second = await client('second');
    expect(await second.auth(alias, PASSWORD)).to.deep.equal({ pair });
    expect(await second.put([`~${pub}`, 'profile', 'city'], 'Austin')).to.deep.include({ ok: true });
    expect((await (await client('third')).auth(alias, 'not hers')).err).to.be.a('string');
    const stranger = await client('stranger');
    expect(await stranger.once([`~${pub}`, 'profile', 'name'])).to.equal('Alice');
    expect(await stranger.once([`~${pub}`, 'profile', 'city'])).to.equal('Austin');
    expect(await stranger.once([`~@${alias}`, `~${pub}`, 'pub'])).to.equal(pub);
    const raw = await shared.world.raw(shared.relay);
    expect((await raw.get({ '#': `~@${alias}` })).put?.[`~@${alias}`]?.[`~${pub}`]).to.deep.equal({
      '#': `~${pub}`,
    });
  });

  it('are told of what others of their devices write, and of nothing forged', async () => {
    const { gun, pair } = await user('alice');
    const soul = `~${pair.pub}`;
    const reader = await client('reader');
    await gun.put([soul, 'status'], 'first');
    const heard = await reader.on([soul, 'status']);
    await heard.equals('first');
    const forger = await shared.world.gun({ peers: [shared.relay], name: 'forger' });
    expect((await forger.put([soul, 'status'], 'forged')).err).to.equal('Unverified data.');
    const raw = await shared.world.raw(shared.relay);
    await raw.get({ '#': soul });
    expect((await raw.put(graphOf(soul, { status: 'forged' }))).err).to.equal('Unverified data.');
    expect((await raw.put(graphOf(soul, { status: null }))).err).to.equal('Unverified data.');
    await gun.put([soul, 'status'], 'second');
    await heard.equals('second');
    expect(heard.all.map(({ value }) => value)).to.not.include('forged');
    const texts = raw.putsOf(soul).map((message) => JSON.stringify(message));
    expect(texts.filter((text) => text.includes('forged'))).to.deep.equal([]);
  });

  it('let guests in by certificate', async () => {
    const [alice, bob] = await Promise.all([user('alice'), user('bob')]);
    const soul = `~${alice.pair.pub}`;
    const certificate = (await alice.gun.sea(
      'certify',
      bob.pair.pub,
      { '*': 'inbox' },
      alice.pair,
    )) as string;
    expect(await bob.gun.put([soul, 'inbox', 'note'], 'from Bob', certificate)).to.deep.include({ ok: true });
    expect(await (await client('stranger')).once([soul, 'inbox', 'note'])).to.equal('from Bob');
  });

  it('keep all others out, whatever certificate they show', async () => {
    const gun = await client('signer');
    const raw = await shared.world.raw(shared.relay);
    const [owner, guest, other] = await Promise.all([createPair(), createPair(), createPair()]);
    const place = { soul: `~${owner.pub}/inbox`, state: Date.now() };
    await raw.get({ '#': place.soul });
    const issue = async (guests: unknown, policy: unknown, by: KeyPair, options = {}): Promise<string> =>
      (await gun.sea('certify', guests, policy, by, null, options)) as string;
    const as = async (who: KeyPair, text: string, key: string): Promise<string> => {
      const certificate = parseCertificate(text)!;
      return verdict(raw, await signWrite({ ...place, key }, 'v', who, { certificate }));
    };
    const inbox = { '*': 'inbox' };
    expect(await as(guest, await issue(guest.pub, inbox, owner), 'granted')).to.equal('ok');
    expect(await as(other, await issue(guest.pub, inbox, owner), 'guest')).to.match(/verification fail/);
    expect(await as(guest, await issue(guest.pub, inbox, other), 'issuer')).to.match(/verification fail/);
    expect(await as(guest, await issue(guest.pub, { '*': 'outbox' }, owner), 'path')).to.match(
      /verification fail/,
    );
    const late = await issue(guest.pub, inbox, owner, { expiry: Date.now() - 1000 });
    expect(await as(guest, late, 'expired')).to.equal('Certificate expired.');
    const list = await issue([guest.pub, other.pub], inbox, owner);
    expect(await as(guest, list, 'list')).to.equal('ok');
    expect(await as(other, list, 'list of two')).to.equal('ok');
    const blocking = await issue(guest.pub, inbox, owner, { block: 'blocked' });
    expect(await as(guest, blocking, 'before')).to.equal('ok');
    const block = { soul: `~${owner.pub}/blocked`, key: guest.pub, state: Date.now() };
    expect(await verdict(raw, await signWrite(block, true, owner))).to.equal('ok');
    expect(await as(guest, blocking, 'blocked')).to.equal(`Certificant ${guest.pub} blocked.`);
    const { put } = await raw.get({ '#': place.soul });
    expect(Object.keys(put?.[place.soul]?._['>'] ?? {})).to.have.members([
      'granted',
      'list',
      'list of two',
      'before',
    ]);
  });

  it('put data that nobody can change', async () => {
    const gun = await client('author');
    const raw = await shared.world.raw(shared.relay);
    const text = freshName('fixed');
    const hash = (await gun.sea('work', text, null, null, { name: 'SHA-256' })) as string;
    expect(hash).to.equal(await hashOf(text));
    expect(await gun.put(['#', hash], text)).to.deep.include({ ok: true });
    expect(await (await client('reader')).once(['#', hash])).to.equal(text);
    expect((await raw.put(graphOf('#', { [hash]: 'other' }))).err).to.equal('Data hash not same as hash!');
    expect(await raw.value('#', hash)).to.equal(text);
  });

  it('share what only they can read', async () => {
    const [alice, bob] = await Promise.all([user('alice'), user('bob')]);
    const place = [`~${alice.pair.pub}`, 'for', 'bob'];
    const mine = await alice.gun.sea('secret', bob.pair.epub, alice.pair);
    const sealed = (await alice.gun.sea('encrypt', 'between us', mine)) as string;
    await alice.gun.put(place, sealed);
    const seen = await bob.gun.once(place);
    const theirs = await bob.gun.sea('secret', alice.pair.epub, bob.pair);
    // Gun parses what looks like JSON behind its mark.
    expect(await bob.gun.sea('decrypt', seen, theirs)).to.equal('between us');
    const ours = await secret(alice.pair.epub, bob.pair);
    expect(ours).to.deep.equal(success(theirs));
    expect(await decrypt(seen, theirs as string)).to.deep.equal(success('between us'));
  });

  it('have one account with gun and with this library', async () => {
    const raw = await shared.world.raw(shared.relay);
    const graph = accountsAt(raw);
    const [ours, theirs] = [freshName('ours'), freshName('theirs')];
    const made = await createUser(graph, { alias: ours, password: PASSWORD });
    if (!made.ok) throw new Error(made.reason);
    const { pair } = made.value;
    const gun = await client('gun');
    expect(await gun.auth(ours, PASSWORD)).to.deep.equal({ pair });
    expect(await gun.put([`~${pair.pub}`, 'name'], 'by gun')).to.deep.include({ ok: true });
    const name = (await graph.readNode(`~${pair.pub}`))?.get('name');
    expect(plainValue(`~${pair.pub}`, 'name', name!)).to.equal('by gun');
    const write = await signWrite(
      { soul: `~${pair.pub}`, key: 'note', state: graph.nextState() },
      'by us',
      pair,
    );
    expect((await graph.put([write])).ok).to.equal(true);
    expect(await (await client('reader')).once([`~${pair.pub}`, 'note'])).to.equal('by us');

    const other = await client('other');
    const { pair: hers } = await other.create(theirs, PASSWORD);
    // Gun calls back before it has put everything.
    const { pub } = hers as KeyPair;
    while ((await raw.value(`~${pub}`, 'auth')) === undefined);
    while ((await raw.value(`~@${theirs}`, `~${pub}`)) === undefined);
    const opened = await authenticate(graph, theirs, PASSWORD);
    expect(opened).to.deep.equal(success({ alias: theirs, pair: hers }));
    if (!opened.ok) return;
    expect((await changePassword(graph, opened.value, 'another one')).ok).to.equal(true);
    expect(await (await client('again')).auth(theirs, 'another one')).to.deep.equal({ pair: hers });
  });

  it('grant each other the keys of paths', async () => {
    const graph = accountsAt(await shared.world.raw(shared.relay));
    const made = await createUser(graph, { alias: freshName('ours'), password: PASSWORD });
    if (!made.ok) throw new Error(made.reason);
    const [ours, { gun, pair: theirs }] = [made.value, await user('theirs')];
    // What gun's `grant` stores, and where.
    const between = await gun.sea('secret', ours.pair.epub, theirs);
    const enclosed = (await gun.sea('encrypt', 'a key of gun', between)) as string;
    await gun.put([`~${theirs.pub}`, 'grant', ours.pair.pub, `diary~${theirs.pub}`], enclosed);
    expect(await grantedKey(graph, ours, 'diary', theirs)).to.deep.equal(success('a key of gun'));

    expect((await grant(graph, ours, 'notes', theirs)).ok).to.equal(true);
    const sealed = await gun.once([`~${ours.pair.pub}`, 'grant', theirs.pub, `notes~${ours.pair.pub}`]);
    const key = await sharedKey(graph, ours, 'notes');
    expect(key).to.deep.equal(success(await gun.sea('decrypt', sealed, between)));
  });

  it('let guests of this library in, and guests of gun into its spaces', async () => {
    const graph = accountsAt(await shared.world.raw(shared.relay));
    const { gun, pair: theirs } = await user('theirs');
    const ours = await createPair();
    const text = await certify({ guests: theirs.pub, write: { '*': 'inbox' } }, ours);
    expect(await gun.put([`~${ours.pub}`, 'inbox', 'k'], 'by gun', text)).to.deep.include({ ok: true });
    const certificate = parseCertificate(await gun.sea('certify', ours.pub, { '*': 'inbox' }, theirs))!;
    const place = { soul: `~${theirs.pub}/inbox`, key: 'k', state: graph.nextState() };
    const link = writeOf(`~${theirs.pub}`, 'inbox', place.state, { '#': place.soul });
    const linked = await signWrite(link, { '#': place.soul }, ours, { certificate });
    const write = await signWrite(place, await encrypt('by us', 'key'), ours, { certificate });
    expect(await graph.put([linked, write])).to.deep.equal(success(undefined));
    const seen = await (await client('reader')).once([`~${theirs.pub}`, 'inbox', 'k']);
    expect(await decrypt(seen, 'key')).to.deep.equal(success('by us'));
  });
});
