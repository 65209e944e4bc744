/** Behaviour of apps that were written for gun, with this project's `Gun`, beside clients of the real gun. */
import { expect } from 'chai';
import { WebSocket } from 'ws';
import { Gun } from '../../adapters/doors/gun.ts';
import type { RootChain } from '../../lib/chain/user-chain.ts';
import type { KeyPair } from '../../lib/sea/index.ts';
import { acked, called } from '../support/chains.ts';
import { useRelay } from '../support/interop-world.ts';
import { freshName } from '../support/raw-peer.ts';

const PASSWORD = 'password123';

/** What an app keeps of a list: the titles of its items by their keys. */
function todoApp(gun: RootChain, list: string) {
  const titles = new Map<string, string>();
  const listeners = new Set<() => void>();
  gun
    .get(list)
    .map()
    .on((todo, key) => {
      if (todo === null) titles.delete(key);
      else titles.set(key, todo.title);
      for (const listener of listeners) listener();
    });
  return {
    add: (title: string) => acked((done) => gun.get(list).set({ title, done: false }, done)),
    remove: (key: string) => acked((done) => gun.get(list).get(key).put(null, done)),
    titles,
    becomes: (count: number) =>
      new Promise<string[]>((resolve) => {
        const check = (): void => {
          if (titles.size === count) resolve([...titles.values()].toSorted());
        };
        listeners.add(check);
        check();
      }),
  };
}

describe("interop: apps of gun with this project's Gun", function () {
  this.timeout(60_000);
  const shared = useRelay();
  const guns: RootChain[] = [];
  afterEach(() => Promise.all(guns.splice(0).map((gun) => gun.close())));

  function app(): RootChain {
    const gun = Gun({ peers: [shared.relay.url], WebSocket, localStorage: false });
    guns.push(gun);
    return gun;
  }

  it('share a todo list with a client of gun: both add, both take away', async () => {
    const list = freshName('todos');
    const gun = await shared.world.gun({ peers: [shared.relay] });
    const todo = todoApp(app(), list);
    const theirs = await gun.map([list]);
    expect(await todo.add('from the app')).to.include({ ok: true });
    const key = await gun.set([list], { title: 'from gun' });
    expect(await todo.becomes(2)).to.deep.equal(['from gun', 'from the app']);
    await theirs.settles(() => theirs.byKey.size === 2, 'both items');
    await gun.put([list, key], null);
    expect(await todo.becomes(1)).to.deep.equal(['from the app']);
    const [own] = todo.titles.keys();
    await todo.remove(own!);
    await theirs.settles(({ key: gone, value }) => gone === own && value === null, 'that it is gone');
  });

  it('chat with a client of gun, and see what was said before they came', async () => {
    const room = freshName('room');
    const gun = await shared.world.gun({ peers: [shared.relay] });
    await gun.put([room, 'first'], { who: 'gun', what: 'anybody here?' });
    const chat = app().get(room);
    const heard = called<{ what: string }>(
      (done) => chat.map().once(done),
      ({ what }) => what === 'anybody here?',
    );
    expect(await heard).to.include({ who: 'gun' });
    const theirs = await gun.on([room, 'second', 'what']);
    const ack = await acked((done) => chat.get('second').put({ who: 'app', what: 'me' }, done));
    expect(ack.err).to.equal(undefined);
    await theirs.equals('me');
    expect(await called((done) => chat.get('third').once(done))).to.equal(undefined);
    const said = called(
      (done) => chat.get('second').get('what').on(done),
      (what) => what === 'and me',
    );
    await gun.put([room, 'second', 'what'], 'and me');
    await said;
  });

  it('log in to accounts of gun, which logs in to theirs, and read what either signs', async () => {
    const alias = freshName('alice');
    const gun = await shared.world.gun({ peers: [shared.relay], sea: true });
    const { pair } = await gun.create(alias, PASSWORD);
    const { pub } = pair as KeyPair;
    await gun.put([`~${pub}`, 'name'], 'Alice');
    const mine = app();
    const login = await called<{ ok?: number; pub?: string }>((done) =>
      mine.user().auth(alias, PASSWORD, done),
    );
    expect(login).to.include({ ok: 0, pub });
    expect(await called((done) => mine.user().get('name').once(done))).to.equal('Alice');
    await acked((done) => mine.user().get('city').put('Austin', done));
    expect(await gun.once([`~${pub}`, 'city'])).to.equal('Austin');

    const other = freshName('bob');
    const bob = app();
    await called((done) => bob.user().create(other, PASSWORD, done));
    await acked((done) => bob.user().get('name').put('Bob', done));
    const client = await shared.world.gun({ peers: [shared.relay], sea: true });
    expect(((await client.auth(other, PASSWORD)).pair as KeyPair).pub).to.equal(bob.user().is?.pub);
    expect(await client.once([`~${bob.user().is!.pub}`, 'name'])).to.equal('Bob');
  });
});
