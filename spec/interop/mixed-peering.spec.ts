import { expect } from 'chai';
import { InteropWorld } from '../support/interop-world.ts';
import type { RealRelayProcess } from '../support/real-relay-process.ts';
import type { RelayProcess } from '../support/relay-process.ts';

describe("interop: peering with gun's own relay", function () {
  this.timeout(30_000);
  const world = new InteropWorld();
  /** The relays, which specs share that keep apart by the names they use. */
  const relays = new InteropWorld();
  afterEach(() => world.end());
  after(() => relays.end());

  /** Ours and gun's, linked. */
  type Pair = readonly [ours: RelayProcess, real: RealRelayProcess];

  async function oursDials(): Promise<Pair> {
    const real = await relays.realRelay();
    const ours = await relays.relay({ peers: [real.url] });
    await relays.linked(real, ours);
    return [ours, real];
  }

  async function realDials(): Promise<Pair> {
    // Peers that came in get an eighth of this to answer, and gun's relay on a busy machine takes its time.
    const ours = await relays.relay({ args: ['--ask-ms', '16000'] });
    return [ours, await relays.realRelay({ peers: [ours.url] })];
  }

  for (const [how, link] of [
    ['that ours dials', oursDials],
    ['that dials ours', realDials],
  ] as const) {
    describe(`with a gun relay ${how}`, () => {
      let ours: RelayProcess;
      let real: RealRelayProcess;

      before(async () => {
        [ours, real] = await link();
      });

      it('carries writes to and from it', async () => {
        const [alice, bob] = await Promise.all([world.gun({ peers: [ours] }), world.gun({ peers: [real] })]);
        const [atAlice, atBob] = await Promise.all([alice.on(['doc', 'b']), bob.on(['doc', 'a'])]);
        for (const round of [1, 2, 3]) {
          expect(await alice.put(['doc', 'a'], `from ours ${round}`)).to.deep.equal({ ok: true });
          await atBob.equals(`from ours ${round}`);
          expect(await bob.put(['doc', 'b'], `from gun's ${round}`)).to.deep.equal({ ok: true });
          await atAlice.equals(`from gun's ${round}`);
        }
      });

      it('answers reads across the link to it', async () => {
        const [alice, bob] = await Promise.all([world.gun({ peers: [ours] }), world.gun({ peers: [real] })]);
        await alice.put(['ours'], { text: 'at ours', deep: { er: 1 } });
        await bob.put(['real'], { text: "at gun's", deep: { er: 2 } });
        const [carl, dave] = await Promise.all([world.gun({ peers: [ours] }), world.gun({ peers: [real] })]);
        expect(await carl.once(['real', 'text'])).to.equal("at gun's");
        expect(await carl.once(['real', 'deep', 'er'])).to.equal(2);
        expect(await dave.once(['ours', 'text'])).to.equal('at ours');
        expect(await dave.once(['ours', 'deep', 'er'])).to.equal(1);
      });

      it('fills a set from both sides of the link to it', async () => {
        const guns = await Promise.all([ours, real].map((relay) => world.gun({ peers: [relay] })));
        const heard = await Promise.all(guns.map((gun) => gun.map(['list'])));
        const souls: string[] = [];
        for (let number = 0; number < 10; number += 1) {
          for (const gun of guns) souls.push(await gun.set(['list'], { number }));
        }
        for (const listener of heard) {
          await listener.until(
            () => souls.every((soul) => listener.byKey.has(soul)) || undefined,
            '20 items',
          );
        }
      });

      it('hears what it writes by its own API, and the other way round', async () => {
        const alice = await world.gun({ peers: [ours] });
        const atAlice = await alice.on(['srv', 'a']);
        const atReal = await real.gun.on(['cli', 'a']);
        await real.gun.put(['srv'], { a: 1 });
        await atAlice.equals(1);
        await alice.put(['cli'], { a: 2 });
        await atReal.equals(2);
      });
    });
  }
});
