/** Behaviour of users of graphs in apps beside users of gun's SEA. */
import { expect } from 'chai';
import { createGraph, type Graph } from '../../lib/api/graph.ts';
import { userOf, userSpaces, type UserSession } from '../../lib/api/user.ts';
import type { KeyPair } from '../../lib/sea/index.ts';
import type { GunProcess } from '../support/gun-process.ts';
import { foundAt, quickPeer } from '../support/graphs.ts';
import { useRelay } from '../support/interop-world.ts';
import { freshName } from '../support/raw-peer.ts';

const PASSWORD = 'password123';
const RELAYED = { until: 'relay' } as const;

describe('interop: users of graphs in apps', function () {
  this.timeout(60_000);
  const shared = useRelay();
  let graphs: Graph[] = [];
  afterEach(() => Promise.all(graphs.splice(0).map((graph) => graph.close())));

  function open(): { readonly graph: Graph; readonly user: UserSession } {
    const graph = createGraph({ users: userSpaces(), peers: [quickPeer(shared.relay)] });
    graphs.push(graph);
    return { graph, user: userOf(graph) };
  }

  function client(): Promise<GunProcess> {
    return shared.world.gun({ peers: [shared.relay], sea: true });
  }

  it('log in to accounts that gun made, and write what gun reads', async () => {
    const alias = freshName('alice');
    const gun = await client();
    const { pair } = await gun.create(alias, PASSWORD);
    const { pub } = pair as KeyPair;
    await gun.put([`~${pub}`, 'profile', 'name'], 'Alice');
    const { user } = open();
    expect(await user.auth(alias, PASSWORD)).to.include({ alias, pub });
    expect((await user.get('profile').get('name').once()).value).to.equal('Alice');
    await user.get('profile').put({ city: 'Austin', home: { street: 'First' } }, RELAYED);
    const reader = await client();
    expect(await reader.once([`~${pub}`, 'profile', 'city'])).to.equal('Austin');
    expect(await reader.once([`~${pub}`, 'profile', 'home', 'street'])).to.equal('First');
  });

  it('make accounts that gun logs in to, whose data it reads and writes', async () => {
    const alias = freshName('bob');
    const { user } = open();
    const { pub } = await user.create(alias, PASSWORD);
    await user.get('profile').put({ name: 'Bob' }, RELAYED);
    const gun = await client();
    expect(((await gun.auth(alias, PASSWORD)).pair as KeyPair).pub).to.equal(pub);
    expect(await gun.once([`~${pub}`, 'profile', 'name'])).to.equal('Bob');
    const heard = foundAt(user.get('profile').get('city'), (value) => (value as unknown) === 'Linz');
    await gun.put([`~${pub}`, 'profile', 'city'], 'Linz');
    await heard;
  });

  it('share sets in a space of their own with gun', async () => {
    const { user } = open();
    const { pub } = await user.create(freshName('carl'), PASSWORD);
    const { id } = await user.get('notes').set({ text: 'mine' }, RELAYED);
    expect(id.startsWith(`~${pub}/`)).to.equal(true);
    const gun = await client();
    expect(await gun.once([`~${pub}`, 'notes', id, 'text'])).to.equal('mine');
    const stranger = open();
    const { value } = await stranger.user.of(pub).get('notes').map().once();
    expect([...value!]).to.deep.equal([[id, { text: 'mine' }]]);
  });

  it('write with a certificate of gun to the space of its user, and grant one that gun can use', async () => {
    const owner = await client();
    const { pair } = await owner.create(freshName('dora'), PASSWORD);
    const { pub } = pair as KeyPair;
    const { user } = open();
    const guest = await user.create(freshName('guest'), PASSWORD);
    const certificate = (await owner.sea('certify', guest.pub, 'inbox', pair)) as string;
    await user.of(pub, certificate).get('inbox').put('hello', RELAYED);
    expect(await owner.once([`~${pub}`, 'inbox'])).to.equal('hello');
    const back = await user.certify({ guests: pub, write: 'inbox' });
    expect((await owner.put([`~${guest.pub}`, 'inbox'], 'hello back', back)).err).to.equal(undefined);
    const answer = await foundAt(user.get('inbox'), (value) => (value as unknown) === 'hello back');
    expect(answer).to.equal('hello back');
  });

  it('keep secrets from everybody but those they grant them', async () => {
    const [alice, bob, eve] = [open(), open(), open()];
    const alicePublic = await alice.user.create(freshName('alice'), PASSWORD);
    const bobPublic = await bob.user.create(freshName('bob'), PASSWORD);
    await eve.user.create(freshName('eve'), PASSWORD);
    await alice.user.putSecret('diary', { today: 'nothing' }, RELAYED);
    await alice.user.grant('diary', bobPublic);
    await alice.graph.sent();
    expect(await alice.user.readSecret('diary')).to.deep.equal({ today: 'nothing' });
    expect(await bob.user.readSecret('diary', alicePublic)).to.deep.equal({ today: 'nothing' });
    const failure = await eve.user.readSecret('diary', alicePublic).catch((error: unknown) => error);
    expect((failure as { code?: string }).code).to.equal('USER_REFUSED');
    expect((await eve.user.of(alicePublic.pub).get('diary').once()).value).to.match(/^SEA\{/);
  });

  /** A user of gun, logged in so that its chains are below its account. */
  async function gunUser(name: string): Promise<{ readonly gun: GunProcess; readonly pair: KeyPair }> {
    const alias = freshName(name);
    const gun = await client();
    await gun.create(alias, PASSWORD);
    const { pair } = await gun.auth(alias, PASSWORD);
    return { gun, pair: pair as KeyPair };
  }

  it('read what gun grants them, of one key and of several', async () => {
    const { gun, pair } = await gunUser('owner');
    const { user } = open();
    const reader = await user.create(freshName('reader'), PASSWORD);
    const stranger = open();
    await stranger.user.create(freshName('stranger'), PASSWORD);
    for (const [keys, gunName] of [
      [['diary'], 'diary'],
      [['box', 'note'], 'notebox'],
    ] as const) {
      expect(await gun.asUser('grant', keys, reader.pub)).to.not.have.property('err');
      const own = await gun.once([`~${pair.pub}`, 'grant', pair.pub, `${gunName}~${pair.pub}`]);
      const key = await gun.sea('decrypt', own, pair);
      const sealed = await gun.sea('encrypt', `dear ${gunName}`, key);
      expect(await gun.asUser('put', keys, sealed)).to.not.have.property('err');
      const path = keys.join('/');
      expect(await user.readSecret(path, pair)).to.equal(`dear ${gunName}`);
      const refusal = await stranger.user.readSecret(path, pair).catch((error: unknown) => error);
      expect((refusal as { code?: string }).code).to.equal('USER_REFUSED');
    }
  });

  it('read what they kept to themselves by the secret of gun', async () => {
    const { gun, pair } = await gunUser('owner');
    expect(await gun.asUser('secret', ['diary'], { today: 'nothing' })).to.not.have.property('err');
    const { user } = open();
    await user.recall(pair);
    expect(await user.readSecret('diary')).to.deep.equal({ today: 'nothing' });
  });

  it('grant what gun reads, and gun grants it on to others', async () => {
    const alias = freshName('owner');
    const { graph, user } = open();
    const owner = await user.create(alias, PASSWORD);
    const { gun: reader, pair } = await gunUser('reader');
    await user.putSecret('diary', 'dear diary', RELAYED);
    await user.grant('diary', pair);
    await graph.sent();
    const between = await reader.sea('secret', owner.epub, pair);
    const sealed = await reader.once([`~${owner.pub}`, 'grant', pair.pub, `diary~${owner.pub}`]);
    const key = await reader.sea('decrypt', sealed, between);
    const text = await reader.once([`~${owner.pub}`, 'diary']);
    expect(await reader.sea('decrypt', text, key)).to.equal('dear diary');

    const gun = await client();
    await gun.auth(alias, PASSWORD);
    const other = open();
    const { pub } = await other.user.create(freshName('other'), PASSWORD);
    expect(await gun.asUser('grant', ['diary'], pub)).to.not.have.property('err');
    expect(await other.user.readSecret('diary', owner)).to.equal('dear diary');
  });

  it('trust guests of gun and of this library, where gun itself cannot trust anybody', async () => {
    const { gun, pair } = await gunUser('guest');
    // The call as gun has it: it fails before it writes anything.
    const { pub: anybody } = (await gun.sea('pair')) as KeyPair;
    expect((await gun.asUser('trust', ['wall'], anybody)).err).to.match(/^ReferenceError/);
    const raw = await shared.world.raw(shared.relay);
    expect(await raw.value(`~${pair.pub}`, 'trust')).to.equal(undefined);

    const { graph, user } = open();
    const owner = await user.create(freshName('owner'), PASSWORD);
    const second = open();
    const guest = await second.user.create(freshName('guest'), PASSWORD);
    for (const each of [pair, guest]) await user.trust('wall', each);
    await graph.sent();
    const found = await gun.once([`~${owner.pub}`, 'trust', pair.pub, `wall~${owner.pub}`]);
    const certificate = typeof found === 'string' ? found : JSON.stringify(found);
    expect(await gun.put([`~${owner.pub}`, 'wall', 'first'], 'by gun', certificate)).to.deep.include({
      ok: true,
    });
    const given = await second.user.trustedWith('wall', owner);
    await second.user.of(owner.pub, given).get('wall').get('second').put('by us', RELAYED);
    const { value } = await user.get('wall').once();
    expect(value).to.deep.equal({ first: 'by gun', second: 'by us' });
    expect(await second.user.trustedWith('door', owner)).to.equal(undefined);
    const failure = await second.user
      .of(owner.pub, given)
      .get('door')
      .put('by us', RELAYED)
      .catch((error: unknown) => error);
    expect((failure as Error).message).to.include('Certificate verification fail.');
  });

  for (const [title, listOf, blockOf] of [
    ['a text', 'blocked', () => 'blocked'],
    ['a text for those who write', 'blocked', () => ({ write: 'blocked' })],
    ['a soul as text', 'banned', (account) => ({ write: `${account}/banned` })],
    ['a soul', 'out', (account) => ({ write: { '#': `${account}/out` } })],
    ['a link to another list', 'linked', () => 'linked'],
  ] as readonly (readonly [title: string, list: string, block: (account: string) => unknown])[]) {
    it(`are kept out by a block list that gun wrote, which its certificate names as ${title}`, async () => {
      const { gun, pair } = await gunUser('owner');
      const account = `~${pair.pub}`;
      const { user } = open();
      const { pub } = await user.create(freshName('guest'), PASSWORD);
      const setBlocked = async (value: boolean): Promise<void> => {
        expect(await gun.asUser('put', [listOf, pub], value)).to.not.have.property('err');
      };
      if (listOf === 'linked') {
        expect(await gun.asUser('put', ['people', 'nobody'], true)).to.not.have.property('err');
        expect(await gun.link([account, 'linked'], [account, 'people'])).to.not.have.property('err');
      }
      // Gun checks what guests write as well, and gets stuck with lists that do not exist.
      await setBlocked(false);
      const options = { block: blockOf(account) };
      const certificate = await gun.sea('certify', pub, { '*': 'inbox' }, pair, null, options);
      const inbox = user.of(pair.pub, certificate as string).get('inbox');
      await inbox.get('note').put('before', RELAYED);
      await setBlocked(true);
      const raw = await shared.world.raw(shared.relay);
      if (listOf === 'linked') expect(await raw.value(`${account}/people`, pub)).to.be.a('string');
      const refusal = await inbox
        .get('note')
        .put('blocked', RELAYED)
        .catch((error: unknown) => error);
      expect((refusal as Error).message).to.include(`Certificant ${pub} blocked.`);
      const reader = open();
      const note = (): Promise<unknown> => reader.user.of(pair.pub).get('inbox').get('note').once();
      expect(await note()).to.include({ value: 'before' });
      await setBlocked(false);
      await inbox.get('note').put('after', RELAYED);
      expect(await note()).to.include({ value: 'after' });
    });
  }
});
