/** Relays that synchronise logs, with gun's own clients at each of them. */
import { expect } from 'chai';
import { LevelStorage } from '../../adapters/level.ts';
import { SealedStorage } from '../../adapters/sealed-storage.ts';
import { InteropWorld } from '../support/interop-world.ts';
import { graphLines, logLines } from '../support/log-relays.ts';
import type { RelayProcess } from '../support/relay-process.ts';

const WITNESS = ['--legacy', 'witness', '--durability', 'os'];
const WRITES = 10;

/** For each relay those before it that it dials. */
const TOPOLOGIES: readonly (readonly [name: string, dials: readonly (readonly number[])[]])[] = [
  ['two', [[], [0]]],
  ['three in a line', [[], [0], [1]]],
  ['three in a ring', [[], [0], [0, 1]]],
];

/** What a folder holds once its relay has ended. */
async function contentOf(data: string): Promise<{ readonly logs: string[]; readonly graph: string[] }> {
  const storage = new SealedStorage(new LevelStorage({ location: data, durability: 'os' }));
  await storage.open();
  try {
    return { logs: await logLines(storage), graph: await graphLines(storage) };
  } finally {
    await storage.close();
  }
}

describe('interop: relays that synchronise logs', function () {
  this.timeout(60_000);
  const world = new InteropWorld();
  afterEach(() => world.end());

  for (const [name, dials] of TOPOLOGIES) {
    it(`let gun clients at ${name} converge, and end with the same logs and graphs`, async () => {
      const relays: RelayProcess[] = [];
      for (const peers of dials) {
        const relay = await world.relay({ args: WITNESS, peers: peers.map((at) => relays[at]!.url) });
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
});
