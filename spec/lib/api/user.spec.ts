import { expect } from 'chai';
import { createGraph, type Graph } from '../../../lib/api/graph.ts';
import { userOf, userSpaces } from '../../../lib/api/user.ts';
import { writeOf } from '../../../lib/graph/write.ts';
import { createPair, parseCertificate, signWrite } from '../../../lib/sea/index.ts';
import { codeOf } from '../../support/code-of.ts';
import { graphOfWrites } from '../../support/raw-peer.ts';
import { ScriptedPeer } from '../../support/scripted-peer.ts';

const PASSWORD = 'password123';

describe('userOf', function () {
  this.timeout(30_000);
  let graph: Graph;
  beforeEach(() => {
    graph = createGraph({ users: userSpaces() });
  });
  afterEach(() => graph.close());

  it('is one for each graph, and nobody at first', async () => {
    expect(userOf(graph)).to.equal(userOf(graph));
    expect(userOf(graph).is).to.equal(undefined);
    expect(userOf(graph).keys).to.equal(undefined);
    expect(await codeOf(() => userOf(graph).get('x'))).to.equal('USER_REFUSED');
  });

  it('makes an account, leaves it, and comes back by password or keys', async () => {
    const user = userOf(graph);
    const made = await user.create('alice', PASSWORD);
    expect(user.is).to.deep.equal(made);
    const keys = user.keys!;
    user.leave();
    expect(user.is).to.equal(undefined);
    expect(await codeOf(user.auth('alice', 'not hers'))).to.equal('USER_REFUSED');
    expect(await user.auth('alice', PASSWORD)).to.deep.equal(made);
    user.leave();
    expect(await user.recall(keys)).to.deep.equal(made);
    expect(await codeOf(user.create('alice', PASSWORD))).to.equal('USER_REFUSED');
  });

  it('changes the password', async () => {
    const user = userOf(graph);
    await user.create('alice', PASSWORD);
    await user.changePassword('another one');
    user.leave();
    expect(await codeOf(user.auth('alice', PASSWORD))).to.equal('USER_REFUSED');
    expect((await user.auth('alice', 'another one')).alias).to.equal('alice');
  });

  it('signs what it writes to its space, and reads it without signature', async () => {
    const user = userOf(graph);
    const { pub } = await user.create('alice', PASSWORD);
    await user.get('profile').put({ name: 'Alice', home: { city: 'Linz' } });
    const { value, soul } = await user.get('profile').once();
    expect(value).to.deep.equal({ name: 'Alice', home: { '#': `~${pub}/profile/home` } });
    expect(soul).to.equal(`~${pub}/profile`);
    expect((await user.of(pub).get('profile').get('home').get('city').once()).value).to.equal('Linz');
  });

  it('cannot write unsigned, nor to the space of somebody else without a certificate', async () => {
    const user = userOf(graph);
    const { pub } = await user.create('alice', PASSWORD);
    expect(await codeOf(graph.node(`~${pub}`).put({ forged: true }))).to.equal('PUT_REFUSED');
    const stranger = await createPair();
    expect(await codeOf(user.of(stranger.pub).get('x').put(1))).to.equal('PUT_REFUSED');
    user.leave();
    expect(await codeOf(user.of(pub).get('x').put(1))).to.equal('PUT_REFUSED');
  });

  it('writes in the open beside its space as before', async () => {
    await userOf(graph).create('alice', PASSWORD);
    await graph.get('open').put({ x: 1 });
    expect((await graph.get('open').get('x').once()).value).to.equal(1);
  });

  it('takes from peers what is signed, and tells them why the rest is refused', async () => {
    const peer = new ScriptedPeer();
    const other = createGraph({ users: userSpaces(), peers: [peer] });
    await peer.connect();
    const pair = await createPair();
    const soul = `~${pair.pub}`;
    const seen: unknown[] = [];
    other.node(soul).on(({ value }) => seen.push(value));
    await peer.heard();
    const forged = await peer.say({ '#': 'p1', put: graphOfWrites(writeOf(soul, 'k', 5, 'forged')) });
    expect(forged.find(({ '@': to }) => to === 'p1')?.err).to.equal('Unverified data.');
    const signed = await signWrite({ soul, key: 'k', state: 6 }, 'signed', pair);
    const heard = new Promise((resolve) =>
      other.node(soul).on(({ value }) => value !== undefined && resolve(value)),
    );
    await peer.say({ '#': 'p2', put: graphOfWrites(signed) });
    expect(await heard).to.deep.equal({ k: 'signed' });
    expect(JSON.stringify(seen)).to.not.contain('forged');
    await other.close();
  });

  it('keeps secrets, and says that there is none', async () => {
    const user = userOf(graph);
    await user.create('alice', PASSWORD);
    await user.putSecret('box/deep', 'secret');
    expect(await user.readSecret('box/deep')).to.equal('secret');
    expect((await user.get('box').get('deep').once()).value).to.not.contain('secret');
    expect(await user.readSecret('nothing')).to.equal(undefined);
  });

  it('says what was not sealed by a key of its own, and makes none to read it', async () => {
    const user = userOf(graph);
    const { pub } = await user.create('alice', PASSWORD);
    await user.get('open').put({ text: 'not sealed' });
    expect(await codeOf(user.readSecret('open/text'))).to.equal('USER_REFUSED');
    expect((await graph.get(`~${pub}`).get('grant').once()).found).to.equal(false);
  });

  it('trusts others with a path, and says with what it is trusted', async () => {
    const user = userOf(graph);
    const { pub } = await user.create('alice', PASSWORD);
    const [bob, carol] = await Promise.all([createPair(), createPair()]);
    await user.trust('wall', bob, { expires: 5 });
    expect(await codeOf(user.trust('wall', { pub }))).to.equal('USER_REFUSED');
    user.leave();
    expect(await codeOf(() => user.trustedWith('wall', { pub }))).to.equal('USER_REFUSED');
    await user.recall(bob);
    const certificate = parseCertificate(await user.trustedWith('wall', { pub }));
    expect(certificate?.m).to.include({ c: bob.pub, e: 5 });
    await user.recall(carol);
    expect(await user.trustedWith('wall', { pub })).to.equal(undefined);
  });
});
