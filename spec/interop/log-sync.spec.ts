/** Relays that synchronise logs, with gun's own clients at each of them. */
import { expect } from 'chai';
import { contentOf } from '../support/folder-content.ts';
import { InteropWorld } from '../support/interop-world.ts';
import type { RelayProcess } from '../support/relay-process.ts';

/** Relays keep logs when nobody says anything of them. */
const ARGS = ['--durability', 'os'];
const WRITES = 10;

/** For each relay those before it that it dials. */
const TOPOLOGIES: readonly (readonly [name: string, dials: readonly (readonly number[])[]])[] = [
  ['two', [[], [0]]],
  ['three in a line', [[], [0], [1]]],
  ['three in a ring', [[], [0], [0, 1]]],
];

describe('interop: relays that synchronise logs', function () {
  this.timeout(60_000);
  const world = new InteropWorld();
  afterEach(() => world.end());

  for (const [name, dials] of TOPOLOGIES) {
    it(`let gun clients at ${name} converge, and end with the same logs and graphs`, async () => {
      const relays: RelayProcess[] = [];
      for (const peers of dials) {
        const relay = await world.relay({ args: ARGS, peers: peers.map((at) => relays[at]!.url) });
        for (const at of peers) await world.linked(relays[at]!, relay);
        relays.push(relay);
      }
      const guns = await Promise.all(relays.map((relay) => world.gun({ peers: [relay] })));
      const heard = await Promise.all(guns.map((gun) => gun.map(['words'])));
      await Promise.all(
        guns.flatMap((gun, at) =>
          Array.from({ length: WRITES }, (_, number) =>
            gun.put(['words', `${at} ${number}`], `word ${number} of ${at}`),
          ),
        ),
      );
      const all = WRITES * guns.length;
      for (const listener of heard)
        await listener.until(() => (listener.byKey.size === all ? true : undefined), `${all} words`);
      // Who was not here asks the store of a relay that nobody wrote to.
      const late = await world.gun({ peers: [relays.at(-1)!] });
      expect(await late.once(['words', '0 3'])).to.equal('word 3 of 0');
      await Promise.all([...guns, late].map((gun) => gun.end()));
      for (const relay of relays) expect(await relay.stop()).to.equal(0);
      const contents = await Promise.all(relays.map(({ data }) => contentOf(data)));
      for (const { logs, graph } of contents) {
        expect(graph).to.deep.equal(contents[0]!.graph);
        expect(logs).to.deep.equal(contents[0]!.logs);
        expect(new Set(logs.map((line) => line.split(' ', 1)[0])).size).to.equal(relays.length);
      }
    });
  }

  it('let gun clients converge with those of a relay that keeps no logs', async () => {
    const plain = await world.relay({ args: [...ARGS, '--legacy', 'graph'] });
    const signing = await world.relay({ args: ARGS, peers: [plain.url] });
    await world.linked(plain, signing);
    const [ann, bob] = await Promise.all([plain, signing].map((relay) => world.gun({ peers: [relay] })));
    const [atAnn, atBob] = await Promise.all([ann!.on(['doc', 'b']), bob!.on(['doc', 'a'])]);
    for (let round = 0; round < WRITES; round += 1) {
      expect(await ann!.put(['doc', 'a'], round)).to.deep.equal({ ok: true });
      await atBob.equals(round);
      expect(await bob!.put(['doc', 'b'], round)).to.deep.equal({ ok: true });
      await atAnn.equals(round);
    }
    await Promise.all([ann!.end(), bob!.end()]);
    for (const relay of [signing, plain]) expect(await relay.stop()).to.equal(0);
    const [one, other] = await Promise.all([plain, signing].map(({ data }) => contentOf(data)));
    expect(other!.graph).to.deep.equal(one!.graph);
    expect(one!.logs).to.deep.equal([]);
    expect(other!.logs.length).to.be.above(0);
  });

  it("let gun clients in a ring with gun's own relay converge, and say nothing for ever", async () => {
    const first = await world.relay({ args: ARGS });
    const second = await world.relay({ args: ARGS, peers: [first.url] });
    await world.linked(first, second);
    const real = await world.realRelay({ peers: [first.url, second.url] });
    await world.linked(first, real);
    await world.linked(second, real);
    const guns = await Promise.all([first, second, real].map((relay) => world.gun({ peers: [relay] })));
    const heard = await Promise.all(guns.map((gun) => gun.map(['ring'])));
    await Promise.all(guns.map((gun, at) => gun.put(['ring', `first ${at}`], at)));
    for (const listener of heard)
      await listener.until(() => (listener.byKey.size === guns.length ? true : undefined), 'the first words');
    for (let number = 0; number < WRITES; number += 1)
      await Promise.all(guns.map((gun, at) => gun.put(['ring', `${at} ${number}`], `${number} of ${at}`)));
    const all = guns.length * (WRITES + 1);
    for (const listener of heard)
      await listener.until(() => (listener.byKey.size === all ? true : undefined), `${all} words`);
    await Promise.all(guns.map((gun) => gun.end()));
    await real.kill();
    for (const relay of [first, second]) expect(await relay.stop()).to.equal(0);
    const [one, other] = await Promise.all([first, second].map(({ data }) => contentOf(data)));
    expect(one!.graph).to.deep.equal(other!.graph);
    expect(one!.logs.length).to.be.within(2, 2 * (all + 3));
  });

  it('let gun clients go on over a kill of one relay, which then comes to what the other has', async () => {
    const first = await world.relay({ args: ARGS });
    let second = await world.relay({ args: ARGS, peers: [first.url] });
    await world.linked(first, second);
    const ann = await world.gun({ peers: [first] });
    const bob = await world.gun({ peers: [second] });
    const atBob = await bob.map(['words']);
    for (let number = 0; number < 3 * WRITES; number += 1) {
      await ann.put(['words', `ann ${number}`], number);
      if (number === WRITES) {
        await second.kill();
        await bob.disconnected();
      }
      if (number !== 2 * WRITES) continue;
      second = await world.relay({
        args: ARGS,
        peers: [first.url],
        data: second.data,
        port: second.port,
      });
      await bob.connected();
    }
    await atBob.until(() => (atBob.byKey.size === 3 * WRITES ? true : undefined), 'all words');
    await bob.put(['words', 'last'], 'of bob');
    expect(await ann.once(['words', 'last'])).to.equal('of bob');
    await Promise.all([ann, bob].map((gun) => gun.end()));
    await world.linked(first, second);
    for (const relay of [second, first]) expect(await relay.stop()).to.equal(0);
    const [one, other] = await Promise.all([first, second].map(({ data }) => contentOf(data)));
    expect(other!.graph).to.deep.equal(one!.graph);
  });
});
