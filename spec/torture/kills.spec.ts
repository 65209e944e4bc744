/** The relay killed at random moments, under load and while it starts. Seeded; KILLS= is how often. */
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { expect } from 'chai';
import { endProcess } from '../support/end-process.ts';
import { QuickPeer } from '../support/quick-peer.ts';
import { graphOf, type RawNode } from '../support/raw-peer.ts';
import { spawnRelay, startRelay, type ThicketProcess, type RelayProcess } from '../support/relay-process.ts';
import { seed } from '../support/seed.ts';
import { temporaryFolders } from '../support/temporary-folder.ts';

const KILLS = Number(process.env['KILLS'] ?? 5);
const KILL_MS = 20_000;
const PEERS = 4;
/** Messages on their way from one peer, so that many share a commit. */
const WINDOW = 50;
/** Messages of one slot of a window at most; the relay is killed long before. */
const MOST_MESSAGES = 20;
/** A process is up after about this time; killed earlier, it is still on its way. */
const START_MS = 900;
const STOP_MS = 5000;

/** Whole numbers below a bound from a seed (Lehmer's generator). */
function picker(from: number): (bound: number) => number {
  let state = (from % 2_147_483_646) + 1;
  return (bound) => {
    state = (state * 48_271) % 2_147_483_647;
    return Math.floor((state / 2_147_483_647) * bound);
  };
}

/** The souls of a message: two nodes of several properties, so that half of it would show. */
function soulsOf(number: number): readonly [string, string] {
  return [`doc ${number}`, `twin ${number}`];
}

function valueOf(number: number): string {
  // Some fill more than a block of LevelDB's log.
  return `${number} `.repeat(number % 50 === 0 ? 10_000 : 20);
}

function messageOf(number: number): Record<string, RawNode> {
  const value = valueOf(number);
  const [doc, twin] = soulsOf(number);
  return {
    ...graphOf(doc, { a: value, b: number, c: true }, 5),
    ...graphOf(twin, { a: value, b: number }, 5),
  };
}

/** Writers that go on until their connection is gone. */
class Load {
  readonly acked = new Set<number>();
  readonly #peers: QuickPeer[] = [];
  readonly #next: () => number;
  #left = 0;
  #reached: () => void = () => undefined;

  /** @param next gives the number of the next message */
  constructor(next: () => number) {
    this.#next = next;
  }

  /** Writes until some puts are acked; goes on after that. */
  async run(relay: RelayProcess, acks: number): Promise<void> {
    this.#left = acks;
    const reached = new Promise<void>((resolve) => {
      this.#reached = resolve;
    });
    for (let at = 0; at < PEERS; at += 1) this.#peers.push(await QuickPeer.open(relay.url));
    for (const peer of this.#peers) for (let at = 0; at < WINDOW; at += 1) void this.#write(peer);
    await reached;
  }

  /** The close codes of all connections. */
  ended(): Promise<number[]> {
    return Promise.all(this.#peers.map(({ closed }) => closed));
  }

  async #write(peer: QuickPeer): Promise<void> {
    for (let message = 0; message < MOST_MESSAGES; message += 1) {
      const number = this.#next();
      const reply = await peer.put(messageOf(number));
      if (reply === undefined) return;
      if (reply.ok === true) this.acked.add(number);
      this.#left -= 1;
      if (this.#left === 0) this.#reached();
    }
  }
}

/** Fails unless every acked message is there, and every other one whole or not at all. */
async function expectWhole(
  relay: RelayProcess,
  acked: ReadonlySet<number>,
  first: number,
  end: number,
): Promise<void> {
  const peer = await QuickPeer.open(relay.url);
  for (let from = first; from < end; from += 500) {
    const numbers = Array.from({ length: Math.min(500, end - from) }, (_, at) => from + at);
    const shown = await Promise.all(numbers.map((number) => shownOf(peer, number)));
    for (const [at, number] of numbers.entries()) {
      const isThere = shown[at] === JSON.stringify(messageOf(number));
      if (!isThere) expect(shown[at], `message ${number}`).to.equal('{}');
      if (acked.has(number)) expect(isThere, `acked message ${number}`).to.equal(true);
    }
  }
  await peer.close();
}

/** What the relay has of a message, as text. */
async function shownOf(peer: QuickPeer, number: number): Promise<string> {
  const replies = await Promise.all(soulsOf(number).map((soul) => peer.get({ '#': soul })));
  const nodes = replies.flatMap((reply) => Object.entries(reply?.put ?? {}));
  const wanted = messageOf(number);
  return JSON.stringify(
    Object.fromEntries(
      nodes.map(([soul, node]) => [
        soul,
        Object.fromEntries(Object.keys(wanted[soul] ?? {}).map((key) => [key, node[key]])),
      ]),
    ),
  );
}

function expectCleanStart({ output }: ThicketProcess): void {
  const odd = output.all.filter((line) => line.startsWith('{') && !line.includes('"level":"info"'));
  expect(odd).to.deep.equal([]);
}

describe(`the relay, killed (seed ${seed}, ${KILLS} kills)`, function () {
  this.timeout(KILL_MS * (KILLS + 1));
  const folder = temporaryFolders();

  it('has every acked put, none in part, and starts clean, however often it is killed', async () => {
    const pick = picker(seed);
    const data = join(await folder(), 'data');
    const acked = new Set<number>();
    let count = 0;
    for (let kill = 0; kill < KILLS; kill += 1) {
      const first = count;
      const relay = await startRelay({ data });
      expectCleanStart(relay);
      const load = new Load(() => (count += 1) - 1);
      await load.run(relay, 1 + pick(300));
      await pause(pick(20));
      await relay.kill();
      await load.ended();
      for (const number of load.acked) acked.add(number);
      for (let more = pick(3); more > 0; more -= 1) await killWhileStarting(data, pick(START_MS));
      const again = await startRelay({ data });
      expectCleanStart(again);
      const isLast = kill === KILLS - 1;
      await expectWhole(again, acked, isLast ? 0 : first, count);
      await again.kill();
    }
    expect(acked.size).to.be.at.least(KILLS);
  });

  it('on SIGTERM tells everybody with 1001, has every acked put, and is gone in time', async () => {
    const data = join(await folder(), 'data');
    const relay = await startRelay({ data });
    let count = 0;
    const load = new Load(() => (count += 1) - 1);
    await load.run(relay, 100);
    const started = performance.now();
    expect(await relay.stop()).to.equal(0);
    expect(performance.now() - started).to.be.lessThan(STOP_MS);
    expect(await load.ended()).to.deep.equal(Array.from({ length: PEERS }, () => 1001));
    const again = await startRelay({ data });
    expectCleanStart(again);
    await expectWhole(again, load.acked, 0, count);
    expect(await again.stop()).to.equal(0);
  });
});

/** Starts the relay and kills it some milliseconds later, whatever it does then. */
async function killWhileStarting(data: string, afterMs: number): Promise<void> {
  const child = spawnRelay({ data });
  child.stdout.resume();
  child.stderr.resume();
  await pause(afterMs);
  await endProcess(child, 'SIGKILL');
}
