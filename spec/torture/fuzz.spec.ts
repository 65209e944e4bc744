import { expect } from 'chai';
import { LevelStorage } from '../../adapters/level.ts';
import { SealedStorage } from '../../adapters/sealed-storage.ts';
import { MemoryStorage } from '../../adapters/memory.ts';
import { DEFAULT_LIMITS } from '../../lib/base/limits.ts';
import { protectionOf } from '../../lib/sea/ownership.ts';
import { lineOfField } from '../support/naive-graph.ts';
import { get, meshWorlds, put, type MeshWorld } from '../support/mesh-world.ts';
import { freshId, freshName, graphOf, RawPeer, type RawMessage } from '../support/raw-peer.ts';
import type { RecordingLink } from '../support/recording-link.ts';
import { startRelay, type RelayProcess } from '../support/relay-process.ts';
import { seed } from '../support/seed.ts';
import { storeLines } from '../support/store-lines.ts';
import { temporaryFolders } from '../support/temporary-folder.ts';
import { Chance } from './chance.ts';
import { FrameMaker } from './frame-maker.ts';
import { scaled } from './scale.ts';
import { StrictReader } from './strict-reader.ts';

const FRAMES = Number(process.env['FRAMES'] ?? scaled(5000, 200_000));
/** Frames over real sockets. */
const SOCKET_FRAMES = Math.ceil(FRAMES / 5);
/** Frames until an honest peer looks whether all is well. */
const ROUND = 250;
/** Frames of all peers between two turns. */
const AT_ONCE = 10;
/** No write from the future becomes due while a relay runs in real time. */
const NOT_DUE_MS = 240_000;
/** Every id is forgotten, and every read is answered, between two rounds. */
const BETWEEN_MS = 30_000;
const BEFORE_RELAYS_ANSWER_MS = 300;
/** What an honest run does not report, and neither does this one. */
const TROUBLES = new Set(['peer-cut', 'handler-failed', 'read-failed', 'commit-failed', 'listener-failed']);

/** Everything that a polluted prototype would show. */
function prototypes(): unknown {
  return [Object.prototype, Array.prototype, Function.prototype, String.prototype, Map.prototype].map(
    (each) => Reflect.ownKeys(each),
  );
}

/** The properties in the puts among messages, as lines. */
function linesIn(messages: readonly RawMessage[]): string[] {
  return messages.flatMap(({ put: graph }) =>
    Object.entries(graph ?? {}).flatMap(([soul, node]) =>
      Object.entries(node._['>']).map(([key, state]) =>
        lineOfField(soul, key, state, JSON.stringify(Object.getOwnPropertyDescriptor(node, key)?.value)),
      ),
    ),
  );
}

/** Names that lines are about. */
function soulsIn(lines: readonly string[]): Set<string> {
  return new Set(lines.map((line) => (JSON.parse(line) as [string])[0]));
}

/** An id as a text: any JSON may be one, also what has a `toString` of its own. */
function nameOf(id: unknown): string {
  return typeof id === 'string' ? id : JSON.stringify(id);
}

/** Peers that say what a maker makes, and an honest one, at one mesh. */
class FuzzedMesh {
  readonly #world: MeshWorld;
  readonly #maker: FrameMaker;
  readonly #chance: Chance;
  readonly reader = new StrictReader();
  #rounds = 0;

  constructor(world: MeshWorld, chance: Chance) {
    this.#world = world;
    this.#chance = chance;
    this.#maker = new FrameMaker(chance);
  }

  /** One round of frames from new peers; resolves when they are gone and nothing of them is left. */
  async round(frames: number): Promise<void> {
    this.#rounds += 1;
    const peers = await this.#peers();
    const watcher = await this.#watcher();
    for (let sent = 0; sent < frames; sent += 1) {
      const peer = this.#chance.pick(peers);
      const frame = this.#maker.next(this.#now);
      this.reader.hear(peer.name, frame, this.#now);
      peer.sayText(frame);
      if (sent % AT_ONCE > 0) continue;
      await this.#world.settle();
      this.#maker.heard(peer.news().map((message) => nameOf(message['#'])));
    }
    await this.#world.settle();
    await this.#checkHonest();
    for (const link of peers) expect(link.closedWith, link.name).to.equal(undefined);
    this.#checkHeard(watcher);
    for (const link of [...peers, watcher]) link.hangUp();
    await this.#world.advance(BETWEEN_MS, BETWEEN_MS / 10);
    this.reader.forgetIds();
    this.#checkLeft();
    expect(await storeLines(this.#world.storage)).to.deep.equal(this.reader.lines(this.#now));
  }

  get #now(): number {
    return this.#world.time.clock();
  }

  /** One of every kind. */
  async #peers(): Promise<RecordingLink[]> {
    const { time, mesh } = this.#world;
    expect(mesh.peerCount).to.equal(0);
    const name = (kind: string): string => `${kind} ${this.#rounds}`;
    const node = await this.#world.nodePeer(name('node'));
    const first = put(`${name('node')}-first`, `first of ${name('node')}`, { k: 1 });
    this.reader.hear(node.name, JSON.stringify(first), time.clock());
    return [
      node,
      await this.#world.client(name('browser')),
      await this.#world.client(name('silent'), null),
      await this.#world.inboundRelay(name('relay')),
      await this.#world.dialledRelay(name('dialled')),
    ];
  }

  /** An honest peer that listens to everything there is. */
  async #watcher(): Promise<RecordingLink> {
    const watcher = await this.#world.client(`watcher ${this.#rounds}`);
    for (const soul of soulsIn([...this.reader.legalLines])) watcher.say(get(freshId(), soul));
    await this.#world.advance(BEFORE_RELAYS_ANSWER_MS, BEFORE_RELAYS_ANSWER_MS / 3);
    return watcher;
  }

  async #checkHonest(): Promise<void> {
    const honest = await this.#world.client(`honest ${this.#rounds}`);
    const message = put(freshId(), freshName('honest'), { text: this.#rounds });
    this.reader.hear(honest.name, JSON.stringify(message), this.#now);
    expect(await this.#world.ask(honest, message)).to.have.nested.property('[0].ok', true);
    const [soul] = Object.keys(message.put);
    const [answer] = await this.#world.ask(honest, get(freshId(), soul));
    expect(answer?.put).to.deep.equal(message.put);
    honest.hangUp();
  }

  /** Whatever an honest peer is told was written by somebody, and as it was written. */
  #checkHeard(watcher: RecordingLink): void {
    const lines = linesIn(watcher.heard);
    expect(lines.filter((line) => !this.reader.legalLines.has(line))).to.deep.equal([]);
  }

  #checkLeft(): void {
    const { mesh, writer, storage, turns, time, events } = this.#world;
    expect(events.filter(({ kind }) => TROUBLES.has(kind))).to.deep.equal([]);
    events.length = 0;
    expect(mesh.peerCount, 'peers').to.equal(0);
    expect(mesh.interest.isEmpty, 'no interest').to.equal(true);
    expect([mesh.asks.size, mesh.relays.size, mesh.sources.size, mesh.slices.size]).to.deep.equal([
      0, 0, 0, 0,
    ]);
    expect(mesh.recall.size, 'peers remembered').to.be.at.most(DEFAULT_LIMITS.rememberedPeers * 10);
    expect(mesh.paths.size, 'ways back').to.be.at.most(20_000);
    expect(storage.openCursors, 'walks').to.equal(0);
    expect(time.timerCount, 'timers').to.equal(writer.deferredCount === 0 ? 0 : 1);
    expect(turns.count).to.be.greaterThan(0);
  }
}

describe(`relay under fuzz (SEED=${seed})`, function () {
  this.timeout(60_000 + 40 * FRAMES);

  describe('in one process', () => {
    const newWorld = meshWorlds();

    it(`stores what is legal and nothing else, serves on and lets go: ${FRAMES} frames`, async () => {
      const before = prototypes();
      const storage = new MemoryStorage();
      const world = await newWorld({ storage });
      const fuzzed = new FuzzedMesh(world, new Chance(seed));
      for (let frames = FRAMES; frames > 0; frames -= ROUND) await fuzzed.round(Math.min(frames, ROUND));
      await world.advance(DEFAULT_LIMITS.futureMs, DEFAULT_LIMITS.futureMs / 10);
      expect(world.writer.deferredCount).to.equal(0);
      const wanted = fuzzed.reader.lines(Infinity);
      expect(wanted.length).to.be.greaterThan(Math.min(FRAMES / 10, 500));
      expect(await storeLines(storage)).to.deep.equal(wanted);
      await world.close();

      const again = await newWorld({ storage });
      expect(await storeLines(again.storage)).to.deep.equal(wanted);
      const reader = await again.client('late');
      for (const soul of soulsIn(wanted)) reader.say(get(freshId(), soul));
      await again.settle();
      expect(linesIn(reader.heard).toSorted()).to.deep.equal(wanted);
      expect(prototypes()).to.deep.equal(before);
    });
  });

  describe('over sockets', () => {
    const folder = temporaryFolders();
    let relay: RelayProcess | undefined;
    afterEach(async () => {
      await relay?.kill();
    });

    /** One round from a few peers; frames go as they are after UTF-8. */
    async function round(
      maker: FrameMaker,
      chance: Chance,
      reader: StrictReader,
      frames: number,
    ): Promise<void> {
      const names = ['a', 'b', 'c'].map((name) => freshName(name));
      const peers = await Promise.all(names.map((name) => RawPeer.open(relay!.url, name)));
      for (let sent = 0; sent < frames; sent += 1) {
        const at = chance.below(peers.length);
        const frame = Buffer.from(maker.next(Date.now())).toString();
        reader.hear(names[at]!, frame, Date.now());
        peers[at]!.sendText(frame);
      }
      await Promise.all(peers.map((peer) => peer.caughtUp()));
      // One of them may have said that it is a relay, which waits for no acks.
      const honest = await RawPeer.open(relay!.url, 'honest');
      const graph = graphOf(freshName('honest'), { text: frames });
      reader.hear('honest', JSON.stringify({ put: graph }), Date.now());
      expect(await honest.put(graph)).to.include({ ok: true });
      expect((await honest.get({ '#': Object.keys(graph)[0] })).put).to.deep.equal(graph);
      await honest.close();
      await Promise.all(peers.map((peer) => peer.close()));
    }

    it(`stores what is legal and nothing else, over a kill too: ${SOCKET_FRAMES} frames`, async () => {
      const data = await folder();
      const chance = new Chance(seed + 1);
      const maker = new FrameMaker(chance, NOT_DUE_MS);
      const reader = new StrictReader((soul) => protectionOf(soul).kind !== 'open');
      relay = await startRelay({ data });
      for (let frames = SOCKET_FRAMES; frames > 0; frames -= ROUND) {
        await round(maker, chance, reader, Math.min(frames, ROUND));
        reader.forgetIds();
      }
      await relay.kill();
      relay = await startRelay({ data, port: relay.port });
      const late = await RawPeer.open(relay.url);
      await late.caughtUp();
      expect(await relay.stop()).to.equal(0);
      const storage = new SealedStorage(new LevelStorage({ location: data }));
      await storage.open();
      try {
        expect(await storeLines(storage)).to.deep.equal(reader.lines(Date.now()));
      } finally {
        await storage.close();
      }
    });
  });
});
