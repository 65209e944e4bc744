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
});
