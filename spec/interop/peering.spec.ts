import { expect } from 'chai';
import { InteropWorld } from '../support/interop-world.ts';
import { freshId, freshName, graphOf, type RawPeer } from '../support/raw-peer.ts';
import type { RelayProcess } from '../support/relay-process.ts';

/** Relays in a row, linked; each dials the one before it. */
async function line(home: InteropWorld, length: number): Promise<RelayProcess[]> {
  const relays = [await home.relay()];
  for (let at = 1; at < length; at += 1) {
    const before = relays[at - 1] as RelayProcess;
    const relay = await home.relay({ peers: [before.url] });
    await home.linked(before, relay);
    relays.push(relay);
  }
  return relays;
}

/** Properties of the document that a listener was told of. */
function keysTold(listener: RawPeer): string[] {
  return listener.putsOf('doc').flatMap(({ put }) => Object.keys(put?.['doc']?._['>'] ?? {}));
}

describe('interop: peered relays', function () {
  this.timeout(30_000);
  const world = new InteropWorld();
  /** What specs share that keep apart by the names they use. */
  const shared = new InteropWorld();
  /** A row of three of which nobody is stopped. */
  let row: readonly RelayProcess[];

  before(async () => {
    row = await line(shared, 3);
  });
  afterEach(() => world.end());
  after(() => shared.end());

  /** Both ends of a piece of the row. */
  function ends(length: number): [RelayProcess, RelayProcess] {
    return [row[0] as RelayProcess, row[length - 1] as RelayProcess];
  }

  for (const length of [2, 3]) {
    it(`carries writes in both directions along a line of ${length}`, async () => {
      const [first, last] = ends(length);
      const doc = freshName('doc');
      const [alice, bob] = await Promise.all([world.gun({ peers: [first] }), world.gun({ peers: [last] })]);
      const [atAlice, atBob] = await Promise.all([alice.on([doc, 'b']), bob.on([doc, 'a'])]);
      for (const round of [1, 2, 3]) {
        expect(await alice.put([doc, 'a'], `from alice ${round}`)).to.deep.equal({ ok: true });
        await atBob.equals(`from alice ${round}`);
        expect(await bob.put([doc, 'b'], `from bob ${round}`)).to.deep.equal({ ok: true });
        await atAlice.equals(`from bob ${round}`);
      }
    });

    it(`answers a read from the far end of a line of ${length}`, async () => {
      const [first, last] = ends(length);
      const doc = freshName('doc');
      const alice = await world.gun({ peers: [first] });
      await alice.put([doc], { text: 'far away', deep: { er: 1 } });
      await alice.end();
      const bob = await world.gun({ peers: [last] });
      expect(await bob.once([doc, 'text'])).to.equal('far away');
      expect(await bob.once([doc, 'deep', 'er'])).to.equal(1);
    });
  }

  it('keeps what a peered relay answered', async () => {
    const [first, last] = (await line(world, 2)) as [RelayProcess, RelayProcess];
    const writer = await world.raw(first);
    await writer.put(graphOf('doc', { text: 'kept' }, 3));
    const reader = await world.raw(last);
    expect(await reader.value('doc', 'text')).to.equal('kept');
    await first.kill();
    expect(await (await world.raw(last)).value('doc', 'text')).to.equal('kept');
  });

  it('says that there is nothing when no relay has it', async () => {
    const [, last] = ends(2);
    const bob = await world.gun({ peers: [last] });
    expect(await bob.once([freshName('nothing')])).to.equal(undefined);
    const reader = await world.raw(last);
    expect(await reader.get({ '#': freshName('nothing') })).to.have.all.keys('#', '@');
  });

  it('answers a LEX read with what peered relays have', async () => {
    const [first, last] = ends(2);
    const all = `${freshName('all')}/`;
    const writer = await world.raw(first);
    for (const soul of ['a1', 'b2', 'c3', 'd4']) await writer.put(graphOf(all + soul, { [soul]: 1 }, 3));
    const reader = await world.raw(last);
    const id = freshId();
    reader.send({ '#': id, get: { '#': { '*': all }, '%': 5000 } });
    const found = new Set<string>();
    while (found.size < 4)
      for (const soul of Object.keys((await reader.reply(id)).put ?? {})) found.add(soul);
    expect([...found].toSorted()).to.deep.equal(['a1', 'b2', 'c3', 'd4'].map((soul) => all + soul));
  });

  it('lets clients at both ends converge', async () => {
    const [first, last] = ends(3);
    const test = freshName('test');
    const guns = await Promise.all([first, first, last, last].map((relay) => world.gun({ peers: [relay] })));
    const heard = await Promise.all(guns.map((gun) => gun.map([test])));
    await Promise.all(
      guns.flatMap((gun, at) =>
        Array.from({ length: 15 }, (_, number) =>
          gun.put([test, `${at} ${number}`], `hello ${at} ${number}`),
        ),
      ),
    );
    for (const listener of heard) {
      await listener.until(() => (listener.byKey.size === 60 ? true : undefined), '60 values');
    }
    await Promise.all(guns.map((gun, at) => gun.put([test, 'last'], `word of ${at}`)));
    // Each relay has what its own clients wrote, so one of them has the winner.
    const kept = await Promise.all(
      [first, last].map(async (relay) => {
        const { put } = await (await world.raw(relay)).get({ '#': test, '.': 'last' });
        return { word: String(put?.[test]?.['last']), state: put?.[test]?._['>']['last'] ?? 0 };
      }),
    );
    const { word } = kept.reduce((one, other) =>
      other.state > one.state || (other.state === one.state && other.word > one.word) ? other : one,
    );
    for (const listener of heard) {
      await listener.until(() => (listener.byKey.get('last') === word ? true : undefined), word);
    }
  });

  it('brings each write once around a ring, and acks it once', async () => {
    const first = await world.relay();
    const second = await world.relay({ peers: [first.url] });
    const third = await world.relay({ peers: [first.url, second.url] });
    for (const [from, to] of [
      [first, second],
      [second, third],
      [third, first],
    ] as const) {
      await world.linked(from, to);
    }
    const writer = await world.raw(first);
    const listeners = await Promise.all([first, second, third].map((relay) => world.raw(relay)));
    for (const listener of listeners) await listener.get({ '#': 'doc' });
    const ids = Array.from({ length: 10 }, () => freshId());
    for (const [n, id] of ids.entries()) await writer.put(graphOf('doc', { [`key${n}`]: n }, 3), id);
    // Relays that synchronise logs tell several writes by one operation.
    for (const listener of listeners) {
      await listener.messages.until(
        () => (keysTold(listener).length >= 10 ? true : undefined),
        'ten properties',
      );
    }
    // Whatever still went around would be ahead of a write the other way.
    for (const listener of listeners) await listener.put(graphOf('mark', { [freshName('mark')]: 1 }));
    for (const listener of listeners) {
      await listener.caughtUp();
      expect(keysTold(listener).toSorted()).to.deep.equal(ids.map((_id, n) => `key${n}`).toSorted());
    }
    for (const id of ids) expect(writer.repliesTo(id)).to.have.lengthOf(1);
  });

  it('takes two relays that dial each other for one link', async () => {
    const early = await world.relay();
    const second = await world.relay({ peers: [early.url] });
    await early.stop();
    const first = await world.relay({ data: early.data, port: early.port, peers: [second.url] });
    await world.linked(first, second);
    const [alice, bob] = await Promise.all([world.gun({ peers: [first] }), world.raw(second)]);
    await bob.get({ '#': 'doc' });
    const atAlice = await alice.on(['doc', 'b']);
    for (const round of [1, 2, 3]) {
      await alice.put(['doc', 'a'], round);
      expect((await bob.pushed('doc')).put?.['doc']).to.include({ a: round });
      await bob.put(graphOf('doc', { b: round }));
      await atAlice.equals(round);
    }
    await bob.caughtUp();
    expect(bob.putsOf('doc')).to.have.lengthOf(3);
  });

  it('connects to a relay that starts later', async () => {
    const early = await world.relay();
    await early.stop();
    const second = await world.relay({ peers: [early.url] });
    const bob = await world.gun({ peers: [second] });
    const heard = await bob.on(['doc', 'word']);
    const first = await world.relay({ data: early.data, port: early.port });
    const alice = await world.gun({ peers: [first] });
    await alice.put(['doc', 'word'], 'hello');
    await heard.equals('hello');
  });

  describe('after one of a row was restarted', () => {
    let relays: RelayProcess[];

    before(async () => {
      relays = await line(shared, 3);
    });

    for (const [which, at] of [
      ['the relay that is dialled', 0],
      ['the relay in the middle', 1],
      ['the relay that dials', 2],
    ] as const) {
      it(`has the links and subscriptions again after a restart of ${which}`, async () => {
        const [first, last] = [relays[0] as RelayProcess, relays[2] as RelayProcess];
        const doc = freshName('doc');
        const [alice, bob] = await Promise.all([world.gun({ peers: [first] }), world.gun({ peers: [last] })]);
        const [atAlice, atBob] = await Promise.all([alice.on([doc, 'b']), bob.on([doc, 'a'])]);
        await alice.put([doc, 'a'], 'before');
        await bob.put([doc, 'b'], 'before');
        await Promise.all([atAlice.equals('before'), atBob.equals('before')]);

        const stopped = relays[at] as RelayProcess;
        await stopped.stop();
        if (at === 0) await alice.disconnected();
        if (at === 2) await bob.disconnected();
        const peers = relays
          .slice(0, at)
          .slice(-1)
          .map(({ url }) => url);
        relays[at] = await shared.relay({ data: stopped.data, port: stopped.port, peers });
        await Promise.all([alice.connected(), bob.connected()]);

        await alice.put([doc, 'a'], 'after');
        await bob.put([doc, 'b'], 'after');
        await Promise.all([atAlice.equals('after'), atBob.equals('after')]);
      });
    }
  });
});
