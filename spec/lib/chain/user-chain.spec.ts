import { expect } from 'chai';
import type { RootChain, UserAck } from '../../../lib/chain/user-chain.ts';
import { SEA } from '../../../lib/chain/sea-facade.ts';
import { acked, called, useChains } from '../../support/chains.ts';

const PASSWORD = 'correct horse';

function create(gun: RootChain, alias: string): Promise<UserAck> {
  return answer((done) => gun.user().create(alias, PASSWORD, done));
}

/** What a method of a user calls back with. */
function answer(ask: (done: (ack: UserAck) => void) => unknown): Promise<UserAck> {
  return new Promise((resolve) => {
    ask(resolve);
  });
}

describe('users of a chain', function () {
  this.timeout(30_000);
  const { open } = useChains();

  it('make accounts and log in, which is told, and write what is signed', async () => {
    const gun = open();
    const told: unknown[] = [];
    gun.on('auth', (ack: UserAck) => told.push(ack.pub));
    const { pub, ok } = await create(gun, 'alice');
    expect(ok).to.equal(0);
    const user = gun.user();
    expect(user.is).to.include({ alias: 'alice', pub });
    expect(told).to.deep.equal([pub]);
    expect((await acked((done) => user.get('profile').put({ name: 'Alice' }, done))).err).to.equal(undefined);
    expect(await called((done) => gun.user(pub!).get('profile').get('name').once(done))).to.equal('Alice');
    const item = await called((done) => {
      user.get('posts').set({ text: 'hi' });
      user
        .get('posts')
        .map()
        .once((_data, key) => done(key));
    });
    expect(item).to.match(new RegExp(`^~${pub}/`));
  });

  it('log in with password or keys, may change the password, and are refused with a wrong one', async () => {
    const gun = open();
    await create(gun, 'bob');
    const user = gun.user();
    const pair = user.pair()!;
    user.leave();
    expect([user.is, user.pair()]).to.deep.equal([undefined, undefined]);
    const wrong = await answer((done) => user.auth('bob', 'wrong password', done));
    expect(wrong.err).to.be.a('string');
    const right = await answer((done) => user.auth('bob', PASSWORD, done, { change: 'a new password' }));
    expect(right).to.include({ ok: 0, pub: pair.pub });
    user.leave();
    expect(await answer((done) => user.auth(pair, done))).to.include({ pub: pair.pub });
    const again = await answer((done) => user.auth('bob', 'a new password', done));
    expect(again.ok).to.equal(0);
  });

  it('who are not logged in write nothing', async () => {
    const gun = open();
    expect((await acked((done) => gun.user().get('profile').put({ a: 1 }, done))).err).to.be.a('string');
  });

  it('let guests write with a certificate', async () => {
    const gun = open();
    const { pub } = await create(gun, 'carl');
    const owner = gun.user().pair()!;
    const guest = await SEA.pair();
    const cert = (await SEA.certify(guest.pub, { '*': 'inbox' }, owner))!;
    gun.user().leave();
    await answer((done) => gun.user().auth(guest, done));
    const inbox = gun.user(pub!).get('inbox').get('first');
    expect((await acked((done) => inbox.put('hello', done))).err).to.be.a('string');
    expect((await acked((done) => inbox.put('hello', done, { opt: { cert } }))).err).to.equal(undefined);
    expect(await called((done) => inbox.once(done))).to.equal('hello');
  });
});
