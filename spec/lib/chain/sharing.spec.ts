import { expect } from 'chai';
import type { RootChain, UserAck } from '../../../lib/chain/user-chain.ts';
import { SEA } from '../../../lib/chain/sea-facade.ts';
import type { GunAck } from '../../../lib/chain/writes.ts';
import type { KeyPair } from '../../../lib/sea/index.ts';
import { acked, called, useChains } from '../../support/chains.ts';

const PASSWORD = 'correct horse';

function shared(ask: (done: (ack: GunAck) => void) => unknown): Promise<GunAck> {
  return new Promise((resolve) => {
    ask(resolve);
  });
}

async function create(gun: RootChain, alias: string): Promise<KeyPair> {
  await called<UserAck>((done) => gun.user().create(alias, PASSWORD, done));
  const pair = gun.user().pair()!;
  gun.user().leave();
  return pair;
}

/** What apps of gun do by hand: the key that was granted opens what is secret. */
async function readAs(gun: RootChain, reader: KeyPair, owner: KeyPair, path: string): Promise<unknown> {
  const space = gun.user(owner.pub);
  const sealed = await space.get('grant').get(reader.pub).get(`${path}~${owner.pub}`);
  const between = reader.pub === owner.pub ? reader : await SEA.secret(owner.epub, reader);
  return SEA.decrypt(await space.get(path), await SEA.decrypt(sealed, between!));
}

describe('what users of a chain share', function () {
  this.timeout(30_000);
  const { open } = useChains();

  /** A graph in which Alice is logged in, and Bob has an account. */
  async function world(): Promise<{ gun: RootChain; alice: KeyPair; bob: KeyPair }> {
    const gun = open();
    const bob = await create(gun, 'bob');
    const alice = await create(gun, 'alice');
    await called<UserAck>((done) => gun.user().auth(alice, done));
    return { gun, alice, bob };
  }

  it('is read by those it is granted, and by nobody else', async () => {
    const { gun, alice, bob } = await world();
    const diary = gun.user().get('diary');
    expect((await shared((done) => diary.secret({ today: 'nothing' }, done))).ok).to.equal(true);
    expect(await gun.user(alice.pub).get('diary')).to.match(/^SEA\{/);
    expect(await readAs(gun, bob, alice, 'diary')).to.equal(undefined);
    expect((await shared((done) => diary.grant(gun.user(bob.pub), done))).ok).to.equal(true);
    expect(await readAs(gun, bob, alice, 'diary')).to.deep.equal({ today: 'nothing' });
    expect(await readAs(gun, alice, alice, 'diary')).to.deep.equal({ today: 'nothing' });
  });

  it('is written by those who are trusted with it', async () => {
    const { gun, alice, bob } = await world();
    const wall = gun.user().get('wall');
    expect((await shared((done) => wall.trust(bob.pub, done))).ok).to.equal(true);
    const place = gun.user(alice.pub).get('trust').get(bob.pub).get(`wall~${alice.pub}`);
    const cert = (await place) as string;
    await called<UserAck>((done) => gun.user().auth(bob, done));
    const theirs = gun.user(alice.pub).get('wall');
    const ack = await acked((done) => theirs.get('note').put('Bob was here', done, { opt: { cert } }));
    expect(ack.err).to.equal(undefined);
    expect(await theirs.get('note')).to.equal('Bob was here');
  });

  it('is refused in the callback where it is not the own, or nobody is known', async () => {
    const { gun, alice, bob } = await world();
    const mine = gun.user().get('diary');
    const refusals = [
      await shared((done) => gun.get('open').secret('x', done)),
      await shared((done) => gun.user(bob.pub).get('diary').grant(alice.pub, done)),
      await shared((done) => mine.grant('nobody', done)),
      await shared((done) => mine.grant(gun.get('no user'), done)),
      await shared((done) => mine.trust(alice.pub, done)),
    ];
    gun.user().leave();
    refusals.push(await shared((done) => gun.user(alice.pub).get('diary').secret('x', done)));
    for (const { err } of refusals) expect(err).to.be.a('string').that.is.not.equal('');
  });
});
