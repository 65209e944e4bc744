/** Relays killed amid synchronisation and while they witness, under load. Seeded; KILLS= is how often. */
import { PassThrough } from 'node:stream';
import { expect } from 'chai';
import { openFolderGraph } from '../../relay/folder-graph.ts';
import { contentOf } from '../support/folder-content.ts';
import { gathered } from '../support/log-bytes.ts';
import { QuickPeer } from '../support/quick-peer.ts';
import { freshName, graphOf, RawPeer } from '../support/raw-peer.ts';
import { startRelay, type ThicketProcess } from '../support/relay-process.ts';
import { seed } from '../support/seed.ts';
import { temporaryFolders } from '../support/temporary-folder.ts';
import { Chance } from './chance.ts';

const KILLS = Number(process.env['KILLS'] ?? 4);
const KILL_MS = 20_000;
/** Puts on their way to one relay. */
const WINDOW = 30;
/** Puts to each relay between two kills, at most. */
const MOST_PUTS = 1500;

/** Writes to a relay until it is gone or so many puts are acked; gives the souls of those. */
async function write(relay: ThicketProcess, puts: number, prefix: string): Promise<string[]> {
  const peer = await QuickPeer.open(relay.url);
  const acked: string[] = [];
  let next = 0;
  const lane = async (): Promise<void> => {
    while (acked.length < puts) {
      const soul = `${prefix} ${(next += 1)}`;
      const reply = await peer.put(graphOf(soul, { a: next, b: `text ${next}` }, 5));
      if (reply === undefined) return;
      if (reply.ok === true) acked.push(soul);
    }
  };
  await Promise.all(Array.from({ length: WINDOW }, lane));
  return acked;
}

/** How often a relay has synchronised with the other. */
function syncsOf({ output }: ThicketProcess): number {
  return output.all.filter((line) => line.includes('"log-synced"')).length;
}

/** Waits until it has done so more often than before: from then on puts do not go by their plain link. */
async function synced(relay: ThicketProcess, before: number): Promise<void> {
  await relay.output.until(() => (syncsOf(relay) > before ? true : undefined), 'a synchronised line');
}

/** Waits until what one relay accepts now has come to the other by its log, and so everything before it. */
async function caughtUp(from: ThicketProcess, to: ThicketProcess): Promise<void> {
  const mark = freshName('mark');
  const reader = await RawPeer.open(to.url);
  await reader.get({ '#': mark });
  const writer = await RawPeer.open(from.url);
  await writer.put(graphOf(mark, { k: 1 }, 5));
  await reader.pushed(mark);
  await Promise.all([reader.close(), writer.close()]);
}

describe('relays that synchronise logs and are killed', function () {
  this.timeout(60_000 + KILLS * KILL_MS);
  const folder = temporaryFolders();

  it(`lose no acked write and fork no log in ${KILLS} kills, with seed ${seed}`, async () => {
    const chance = new Chance(seed);
    const args = ['--legacy', 'witness', '--durability', 'os', '--log-level', 'debug'];
    const first = { data: await folder(), args, port: 0 };
    const relays = [await startRelay(first)];
    const options = [{ ...first, port: relays[0]!.port }];
    relays.push(await startRelay({ data: await folder(), args, peers: [relays[0]!.url] }));
    await Promise.all(relays.map((relay) => synced(relay, 0)));
    options.push({ ...options[0]!, data: relays[1]!.data, port: relays[1]!.port });
    const acked: string[] = [];
    for (let kill = 0; kill < KILLS; kill += 1) {
      const victim = kill % 2;
      const puts = 1 + chance.below(MOST_PUTS);
      const writing = [0, 1].map((at) => write(relays[at]!, puts, `${kill} ${at}`));
      // Whoever is through first ends the victim amid what the other one and the witness do.
      await Promise.race(writing);
      await relays[victim]!.kill();
      const before = syncsOf(relays[1 - victim]!);
      for (const souls of await Promise.all(writing)) acked.push(...souls);
      const peers = victim === 1 ? { peers: [relays[0]!.url] } : {};
      relays[victim] = await startRelay({ ...options[victim]!, ...peers });
      await Promise.all([synced(relays[victim], 0), synced(relays[1 - victim]!, before)]);
    }
    await caughtUp(relays[0]!, relays[1]!);
    await caughtUp(relays[1]!, relays[0]!);
    for (const relay of relays) expect(await relay.stop()).to.equal(0);
    const [left, right] = await Promise.all(relays.map(({ data }) => contentOf(data)));
    expect(left!.logs).to.deep.equal(right!.logs);
    expect(left!.graph).to.deep.equal(right!.graph);
    expect(left!.logs.filter((line) => line.includes(' side '))).to.deep.equal([]);
    const held = new Set(left!.graph.map((line) => (JSON.parse(line) as [string])[0]));
    expect(acked.filter((soul) => !held.has(soul))).to.deep.equal([]);
    for (const { data } of relays) expect(await differencesIn(data)).to.deep.equal([]);
    console.log(`      ${acked.length} writes, ${left!.logs.length} operations`);
  });
});

/** What of the graph of a folder is not what its logs say, and what is in no log. */
async function differencesIn(data: string): Promise<unknown[]> {
  const options = { sea: 'on', nameLength: 1000, purges: true, writes: false } as const;
  const graph = await openFolderGraph({ data, ...options, terminal: new PassThrough() });
  try {
    return await gathered(graph.differences());
  } finally {
    await graph.close();
  }
}
