import { expect } from 'chai';
import { MemoryStorage } from '../../adapters/memory.ts';
import { toHex } from '../../lib/base/byte-texts.ts';
import { limitsWith, type Limits } from '../../lib/base/limits.ts';
import { success, type Result } from '../../lib/base/result.ts';
import { finish, Slices } from '../../lib/base/slices.ts';
import { writeOf } from '../../lib/graph/write.ts';
import { LOG_FEATURE, LogPeer } from '../../lib/mesh/log-peer.ts';
import { Mesh } from '../../lib/mesh/mesh.ts';
import { SeaChecker } from '../../lib/sea/checker.ts';
import { createPair } from '../../lib/sea/keys.ts';
import { signWrite } from '../../lib/sea/signed-value.ts';
import type { Change } from '../../lib/store/storage.ts';
import { WitnessMarks } from '../../lib/store/witness-marks.ts';
import type { LogFrame } from '../../lib/sync/log-frames.ts';
import { LogHandshake, type HandshakeOptions } from '../../lib/sync/log-handshake.ts';
import { createRelay } from '../../relay/relay.ts';
import { START_MS } from '../support/fake-clock.ts';
import { get, meshWorlds, PAST, put, type MeshWorld, type MeshWorldOptions } from '../support/mesh-world.ts';
import { authorOf, logOf, TOPIC, verifyFast } from '../support/log-maker.ts';
import { openLogged } from '../support/logged-store.ts';
import { LogReplica } from '../support/log-replica.ts';
import { freshId, freshName, graphOf, RawPeer, type RawMessage } from '../support/raw-peer.ts';
import { RecordingLink } from '../support/recording-link.ts';

type NewWorld = (options?: MeshWorldOptions) => Promise<MeshWorld>;

/** Reaches a limit, and shows that one more is too many. */
type Reach = (newWorld: NewWorld) => Promise<void>;

/** What a message was answered with: `ok`, the text of a refusal, or `found` and `nothing` for a read. */
function verdictOf(messages: readonly RawMessage[], id: string): string {
  const answer = messages.find((message) => message['@'] === id);
  if (answer === undefined) return 'silence';
  if (answer.err !== undefined) return answer.err;
  if (answer.ok === true) return 'ok';
  return answer.put === undefined ? 'nothing' : 'found';
}

/** One peer says something; what became of it. */
async function verdict(world: MeshWorld, link: RecordingLink, message: RawMessage): Promise<string> {
  return verdictOf(await world.ask(link, message), String(message['#']));
}

function fieldsOf(count: number): Record<string, number> {
  return Object.fromEntries(Array.from({ length: count }, (_, at) => [`k${at}`, at]));
}

/** A write at a state ahead of the clock. */
function ahead(id: string, key: string, ms = 1000): RawMessage {
  return put(id, 'ahead', { [key]: 1 }, START_MS + ms);
}

/** A client of a mesh that takes long for each message. */
async function clientOfSlowMesh(world: MeshWorld): Promise<RecordingLink> {
  let ms = 0;
  const { graph, writer, limits, time } = world;
  const { schedule } = world.turns;
  const slices = new Slices({ schedule, now: () => ms });
  const clock = (): number => {
    ms += 10;
    return time.clock();
  };
  const link = new RecordingLink('busy');
  new Mesh({ graph, writer, limits, clock, schedule, slices }).accept(link, 'client');
  await world.settle();
  return link;
}

const REACHED: Readonly<Record<keyof Limits, Reach>> = {
  frameBytes: async () => {
    const limits = { frameBytes: 2000 };
    await using relay = createRelay(
      { port: 0, host: '127.0.0.1', logLevel: 'silent', limits },
      { storage: new MemoryStorage() },
    );
    await relay.listen();
    const peer = await RawPeer.open(`http://127.0.0.1:${relay.port}/gun`);
    peer.sendText('x'.repeat(2000));
    await peer.caughtUp();
    peer.sendText('x'.repeat(2001));
    expect(await peer.closed).to.equal(1009);
  },

  inputFrames: async (newWorld) => {
    const world = await newWorld({ limits: { inputFrames: 10 } });
    const link = await clientOfSlowMesh(world);
    let sent = 0;
    for (; !link.isPaused && sent < 100; sent += 1) link.say(put(`w${sent}`, 'soul', { [`k${sent}`]: 1 }));
    expect(sent).to.be.within(10, 20);
    await world.settle();
    expect(link.isPaused).to.equal(false);
    expect(link.heard.filter(({ ok }) => ok === true)).to.have.lengthOf(sent);
  },

  inputLength: async (newWorld) => {
    const world = await newWorld({ limits: { inputLength: 1000 } });
    const link = await clientOfSlowMesh(world);
    for (let sent = 0; sent < 100; sent += 1) link.say(put(`w${sent}`, 'soul', { k: 1 }));
    expect(link.closedWith?.code).to.equal(1013);
  },

  batchMessages: async (newWorld) => {
    const world = await newWorld({ limits: { batchMessages: 3 } });
    const peer = await world.client();
    const batch = ['a', 'b', 'c'].map((id) => put(id, id, { k: 1 }));
    expect(await world.ask(peer, ...batch)).to.have.lengthOf(3);
    const [notice] = await world.ask(peer, ...batch, put('d', 'd', { k: 1 }));
    expect(notice).to.include({ dam: '!', err: 'more than 3 messages in a frame' });
  },

  messageSouls: async (newWorld) => {
    const world = await newWorld({ limits: { messageSouls: 2 } });
    const peer = await world.client();
    const [a, b, c] = ['a', 'b', 'c'].map((soul) => graphOf(soul, { k: 1 }, PAST));
    expect(await verdict(world, peer, { '#': 'w1', put: { ...a, ...b } })).to.equal('ok');
    expect(await verdict(world, peer, { '#': 'w2', put: { ...a, ...b, ...c } })).to.match(
      /more than 2 souls/,
    );
  },

  nodeProperties: async (newWorld) => {
    const world = await newWorld({ limits: { nodeProperties: 3 } });
    const peer = await world.client();
    expect(await verdict(world, peer, put('w1', 'a', fieldsOf(3)))).to.equal('ok');
    expect(await verdict(world, peer, put('w2', 'b', fieldsOf(4)))).to.match(/more than 3 properties/);
  },

  nameLength: async (newWorld) => {
    const world = await newWorld({ limits: { nameLength: 5 } });
    const peer = await world.client();
    expect(await verdict(world, peer, put('w1', 'aaaaa', { kkkkk: 1 }))).to.equal('ok');
    expect(await verdict(world, peer, get('r1', 'aaaaa', 'kkkkk'))).to.equal('found');
    for (const [at, message] of [
      put('x0', 'aaaaaa', { k: 1 }),
      put('x1', 'a', { kkkkkk: 1 }),
      get('x2', 'aaaaaa'),
      get('x3', 'a', 'kkkkkk'),
      get('x4', 'a', { '*': 'kkkkkk' }),
    ].entries()) {
      expect(await verdict(world, peer, message), `x${at}`).to.match(/longer than 5 characters/);
    }
  },

  idLength: async (newWorld) => {
    const world = await newWorld({ limits: { idLength: 30 } });
    const peer = await world.client();
    expect(await verdict(world, peer, put('x'.repeat(30), 'a', { k: 1 }))).to.equal('ok');
    const [notice] = await world.ask(peer, put('x'.repeat(31), 'b', { k: 1 }));
    expect(notice).to.include({ dam: '!', err: '#: longer than 30 characters' });
  },

  outputBytes: async (newWorld) => {
    const world = await newWorld({ limits: { outputBytes: 10_000 } });
    const [reader, writer] = [await world.client('reader'), await world.client('writer')];
    await world.ask(reader, get('r1', 'soul'));
    reader.isStuck = true;
    let rounds = 0;
    for (; reader.closedWith === undefined && rounds < 100; rounds += 1) {
      await world.ask(writer, put(freshId(), 'soul', { k: 'x'.repeat(1000) + rounds }, PAST + rounds));
    }
    expect(reader.closedWith?.code).to.equal(1013);
    expect(reader.queuedBytes).to.be.within(10_000, 13_000);
  },

  subscriptionsPerPeer: async (newWorld) => {
    const world = await newWorld({ limits: { subscriptionsPerPeer: 2 } });
    const [reader, writer] = [await world.client('reader'), await world.client('writer')];
    await world.ask(writer, ...['a', 'b', 'c'].map((soul) => put(`w${soul}`, soul, { k: 1 })));
    for (const soul of ['a', 'b', 'c'])
      expect(await verdict(world, reader, get(`r${soul}`, soul))).to.equal('found');
    await world.ask(writer, ...['a', 'b', 'c'].map((soul) => put(`x${soul}`, soul, { k: 2 }, PAST + 1)));
    expect(reader.news().map((message) => Object.keys(message.put ?? {})[0])).to.deep.equal(['a', 'b']);
  },

  subscriptions: async (newWorld) => {
    const world = await newWorld({ limits: { subscriptions: 3 } });
    const readers = [await world.client('ann'), await world.client('bob')];
    for (const reader of readers) await world.ask(reader, get(`r ${reader.name}`, 'one'));
    await world.ask(readers[0]!, get('r two', 'two'), get('r three', 'three'));
    expect(world.mesh.interest.count).to.equal(3);
    readers[0]!.hangUp();
    await world.settle();
    expect(world.mesh.interest.count).to.equal(1);
  },

  dedupeIds: async (newWorld) => {
    const world = await newWorld({ limits: { dedupeIds: 10 } });
    const peer = await world.client();
    await world.ask(peer, put('first', 'soul', { k: 1 }));
    for (let at = 0; at < 5; at += 1) await world.ask(peer, put(`few ${at}`, 'soul', { k: 1 }));
    expect(await verdict(world, peer, put('first', 'soul', { k: 2 }))).to.equal('silence');
    for (let at = 0; at < 20; at += 1) await world.ask(peer, put(`many ${at}`, 'soul', { k: 1 }));
    expect(await verdict(world, peer, put('first', 'soul', { k: 2 }))).to.equal('ok');
  },

  dedupeLifeMs: async (newWorld) => {
    const world = await newWorld({ limits: { dedupeLifeMs: 9000 } });
    const peer = await world.client();
    await world.ask(peer, put('w1', 'soul', { k: 1 }));
    await world.advance(8999);
    expect(await verdict(world, peer, put('w1', 'soul', { k: 2 }))).to.equal('silence');
    await world.advance(18_001);
    expect(await verdict(world, peer, put('w1', 'soul', { k: 2 }))).to.equal('ok');
  },

  cacheBytes: async (newWorld) => {
    const reads = async (cacheBytes: number): Promise<number> => {
      const world = await newWorld({ limits: { cacheBytes } });
      const peer = await world.client();
      for (let at = 0; at < 50; at += 1) await world.ask(peer, put(`w${at}`, `soul ${at}`, { k: at }));
      for (let at = 0; at < 50; at += 1) await world.ask(peer, get(`r1 ${at}`, `soul ${at}`));
      const before = world.storage.calls.getText;
      for (let at = 0; at < 50; at += 1) await world.ask(peer, get(`r2 ${at}`, `soul ${at}`));
      return world.storage.calls.getText - before;
    };
    expect(await reads(1024 * 1024)).to.equal(0);
    expect(await reads(2000)).to.equal(50);
  },

  futureMs: async (newWorld) => {
    const world = await newWorld({ limits: { futureMs: 1000 } });
    const peer = await world.client();
    expect(await verdict(world, peer, ahead('w1', 'k', 1000))).to.equal('ok');
    expect(await verdict(world, peer, ahead('w2', 'l', 1001))).to.match(/more than 1000 ms in the future/);
  },

  futureWrites: async (newWorld) => {
    const world = await newWorld({ limits: { futureWrites: 2 } });
    for (const key of ['a', 'b'])
      expect(await verdict(world, await world.client(key), ahead(key, key))).to.equal('ok');
    expect(await verdict(world, await world.client('c'), ahead('c', 'c'))).to.match(
      /too many writes from the future/,
    );
    expect(world.writer.deferredCount).to.equal(2);
  },

  futureBytes: async (newWorld) => {
    const world = await newWorld({ limits: { futureBytes: 1000 } });
    const peer = await world.client();
    const verdicts: string[] = [];
    for (const key of ['a', 'b', 'c']) verdicts.push(await verdict(world, peer, ahead(key, key)));
    expect(verdicts.slice(0, 2)).to.deep.equal(['ok', 'ok']);
    expect(verdicts[2]).to.match(/too many writes from the future/);
  },

  futureWritesPerPeer: async (newWorld) => {
    const world = await newWorld({ limits: { futureWritesPerPeer: 1 } });
    const [ann, bob] = [await world.client('ann'), await world.client('bob')];
    expect(await verdict(world, ann, ahead('a', 'a'))).to.equal('ok');
    expect(await verdict(world, ann, ahead('b', 'b'))).to.match(/too many writes from the future/);
    expect(await verdict(world, bob, ahead('c', 'c'))).to.equal('ok');
  },

  lexDefaultBytes: async (newWorld) => {
    expect(await countRead(newWorld, { lexDefaultBytes: 30 }, undefined)).to.equal(3);
  },

  lexMaxBytes: async (newWorld) => {
    expect(await countRead(newWorld, { lexMaxBytes: 50 }, 1e9)).to.equal(5);
  },

  replyPartLength: async (newWorld) => {
    const world = await newWorld({ limits: { replyPartLength: 1000 } });
    const peer = await world.client();
    await world.ask(
      peer,
      put(
        'w1',
        'soul',
        Object.fromEntries(Array.from({ length: 20 }, (_, at) => [`k${at}`, 'x'.repeat(200)])),
      ),
    );
    const parts = (await world.ask(peer, get('r1', 'soul'))).filter((message) => message['@'] === 'r1');
    expect(parts.length).to.be.greaterThan(3);
    for (const part of parts) expect(JSON.stringify(part.put).length).to.be.at.most(2000);
  },

  packLength: async (newWorld) => {
    const world = await newWorld({ limits: { packLength: 500 } });
    const peer = await world.client();
    peer.frames.splice(0);
    peer.say(...Array.from({ length: 100 }, (_, at) => put(`w${at}`, 'soul', { [`k${at}`]: 1 })));
    await world.settle();
    expect(peer.frames.length).to.be.greaterThan(8);
    for (const { text } of peer.frames) expect(text.length).to.be.at.most(502);
  },

  askMs: async (newWorld) => {
    const world = await newWorld({ limits: { askMs: 500 } });
    await world.dialledRelay();
    const peer = await world.client();
    expect(await verdict(world, peer, get('r1', 'missing'))).to.equal('silence');
    await world.advance(499);
    expect(verdictOf(peer.heard, 'r1')).to.equal('silence');
    await world.advance(100, 50);
    expect(verdictOf(peer.heard, 'r1')).to.equal('nothing');
  },

  openAsks: async (newWorld) => {
    const world = await newWorld({ limits: { openAsks: 8 } });
    await world.dialledRelay();
    const peer = await world.client();
    const verdicts: string[] = [];
    for (const id of ['a', 'b', 'c']) verdicts.push(await verdict(world, peer, get(id, id)));
    // A quarter of them is one peer's.
    expect(verdicts).to.deep.equal(['silence', 'silence', 'nothing']);
    expect(world.mesh.asks.size).to.equal(2);
  },

  rememberedPeers: async (newWorld) => {
    const world = await newWorld({ limits: { rememberedPeers: 4, rememberedSouls: 2 } });
    for (let at = 0; at < 100; at += 1) {
      const peer = await world.client(`peer ${at}`);
      await world.ask(peer, ...['a', 'b'].map((soul) => put(freshId(), freshName(soul), { k: 1 })));
      peer.hangUp();
    }
    expect(world.mesh.recall.size).to.be.within(2, 4);
  },

  rememberedSouls: async (newWorld) => {
    const world = await newWorld({ limits: { rememberedSouls: 4 } });
    const peer = await world.client('peer');
    for (let at = 0; at < 50; at += 1) await world.ask(peer, put(`w${at}`, `soul ${at}`, { k: 1 }));
    peer.hangUp();
    const again = await world.client('again', null);
    const asked = await world.ask(again, { dam: '?', pid: 'peer', '@': 'x', '#': 'hello' });
    expect(asked.filter(({ get: read }) => read !== undefined).length).to.be.within(2, 4);
  },

  inboundRelays: async (newWorld) => {
    const world = await newWorld({ limits: { inboundRelays: 2 } });
    const relays = [
      await world.inboundRelay('a'),
      await world.inboundRelay('b'),
      await world.inboundRelay('c'),
    ];
    await world.ask(await world.client(), put('w1', 'soul', { k: 1 }));
    expect(relays.map((link) => link.news().length)).to.deep.equal([1, 1, 0]);
  },

  unsettledPuts: async (newWorld) => {
    const world = await newWorld({ limits: { unsettledPuts: 2, inputFrames: 3 } });
    const peer = await world.client();
    const hold = world.storage.hold('commit');
    peer.say(...['0', '1', '2'].map((id) => put(id, 'soul', { [id]: 1 })));
    for (const id of ['3', '4', '5', '6']) peer.say(put(id, 'soul', { [id]: 1 }));
    await world.turns.turn();
    await hold.reached;
    expect(peer.isPaused).to.equal(true);
    hold.release();
    await world.settle();
    expect(peer.isPaused).to.equal(false);
    const verdicts = ['0', '1', '2', '3', '4', '5', '6'].map((id) => verdictOf(peer.heard, id));
    expect(verdicts).to.deep.equal(Array.from({ length: 7 }, () => 'ok'));
    expect(world.storage.commits.length).to.be.at.least(4);
  },

  waitingPuts: async (newWorld) => {
    const world = await newWorld({ limits: { waitingPuts: 2 } });
    const peer = await world.client();
    const hold = world.storage.hold('commit');
    peer.say(put('under way', 'soul', { a: 1 }));
    await world.turns.turn();
    await hold.reached;
    peer.say(...['b', 'c', 'd'].map((id) => put(id, 'soul', { [id]: 1 })));
    hold.release();
    await world.settle();
    const verdicts = ['under way', 'b', 'c', 'd'].map((id) => verdictOf(peer.heard, id));
    expect(verdicts).to.deep.equal(['ok', 'ok', 'ok', 'too many writes are waiting']);
  },

  waitingLength: async (newWorld) => {
    const world = await newWorld({ limits: { waitingLength: 2000 } });
    const peer = await world.client();
    const hold = world.storage.hold('commit');
    peer.say(put('under way', 'soul', { a: 1 }));
    await world.turns.turn();
    await hold.reached;
    const text = 'x'.repeat(700);
    peer.say(...['b', 'c', 'd'].map((id) => put(id, 'soul', { [id]: text })));
    hold.release();
    await world.settle();
    const verdicts = ['under way', 'b', 'c', 'd'].map((id) => verdictOf(peer.heard, id));
    expect(verdicts).to.deep.equal(['ok', 'ok', 'ok', 'too many writes are waiting']);
  },

  publicKeys: async () => {
    const checker = new SeaChecker(limitsWith({ publicKeys: 4 }));
    for (let made = 0; made < 10; made += 1) await checkSigned(checker);
    expect(checker.sizes.keys).to.be.within(1, 4);
  },

  verifiedBytes: async () => {
    const checker = new SeaChecker(limitsWith({ verifiedBytes: 64 * 1024 }));
    for (let made = 0; made < 10; made += 1) await checkSigned(checker, 30);
    expect(checker.sizes.verified).to.be.within(30, (64 * 1024) / 300);
  },

  logSessions: async () => {
    const { peer, line } = logPeerWith({ logSessions: 2 });
    for (let session = 0; session < 2; session += 1) peer.receive(topicFrame(session));
    expect([peer.sessionCount, line.code]).to.deep.equal([2, undefined]);
    peer.receive(topicFrame(2));
    expect(line.code).to.equal(1013);
  },

  logAuthors: async () => {
    const store = await openLogged({ limits: { logAuthors: 2 }, witnesses: false });
    const logs = [1, 2, 3].map((author) => logOf(authorOf(author), 2, () => undefined));
    for (const [first] of logs.slice(0, 2)) expect(await store.take(first!)).to.include({ ok: true });
    expect(await store.take(logs[2]![0]!)).to.include({ ok: false, logReason: 'authors' });
    expect(await store.take(logs[1]![1]!)).to.include({ ok: true });
    await store.close();
  },

  sessionLogs: async () => {
    for (const [count, isClosed] of [
      [3, false],
      [4, true],
    ] as const) {
      const { peer, line } = logPeerWith({ sessionLogs: 3 });
      peer.receive(topicFrame(0));
      peer.receive(success({ type: 'agreed', session: 0 }));
      peer.receive(success(stateVectorOf(count)));
      expect(line.code === undefined).to.equal(!isClosed);
    }
  },

  witnessLength: async () => {
    const storage = new MemoryStorage();
    await storage.open();
    const marks = new WitnessMarks(storage, 1000);
    for (const key of ['a', 'b', 'c']) {
      const changes: Change[] = [];
      finish(marks.mark([[writeOf('s', key, 1, 'x'.repeat(400))]], { takeSource: () => false }));
      marks.appendChanges(changes);
      await storage.commit(changes);
      marks.settle(true);
    }
    const kept = await marks.oldest(10);
    expect(kept.writes.map(({ key }) => key)).to.deep.equal(['a', 'b']);
    marks.done(kept.keys);
    expect(await marks.oldest(10)).to.deep.include({ writes: [], souls: new Set(['s']) });
  },
};

/** Lets somebody new sign some values and has them checked. */
async function checkSigned(checker: SeaChecker, count = 1): Promise<void> {
  const pair = await createPair();
  const place = { soul: `~${pair.pub}`, state: PAST };
  const keys = Object.keys(fieldsOf(count));
  const writes = await Promise.all(keys.map((key) => signWrite({ ...place, key }, key, pair)));
  expect(await checker.check(writes, START_MS, () => undefined)).to.include({ ok: true });
}

const TIP = { height: 1, id: new Uint8Array(32) };

const TOPICS = [0, 1, 2].map((byte) => new Uint8Array(32).fill(byte));

function topicFrame(session: number): Result<LogFrame> {
  return success({ type: 'topic', session, topic: TOPICS[session]! });
}

/** A state vector of so many logs, of which more is to come. */
function stateVectorOf(count: number): LogFrame {
  const ofAuthor = Array.from(
    { length: count },
    (_, at) => [toHex(new Uint8Array(32).fill(at)), TIP] as const,
  );
  const tips = new Map([[toHex(new Uint8Array(32)), new Map(ofAuthor)]]);
  return { type: 'have', session: 0, tips, more: true };
}

function handshakeOf(number: number): HandshakeOptions {
  return {
    signer: authorOf(number),
    dialled: number === 2,
    network: TOPIC,
    nonce: new Uint8Array(32).fill(number),
    features: new Map([[LOG_FEATURE, 1]]),
    verify: verifyFast,
  };
}

/** A node on `/log` that has proven its key to one that notes how its line was closed. */
function logPeerWith(limits: Partial<Limits>): {
  readonly peer: LogPeer;
  readonly line: { readonly code: number | undefined };
} {
  const line: { code: number | undefined } = { code: undefined };
  const stranger = new LogHandshake(handshakeOf(2));
  const peer = new LogPeer({
    line: {
      send: () => undefined,
      pause: () => undefined,
      resume: () => undefined,
      close: (given) => {
        line.code = given;
      },
    },
    handshake: handshakeOf(1),
    store: new LogReplica(),
    topics: TOPICS,
    startTimer: () => () => undefined,
    dialled: false,
    limits: limitsWith(limits),
  });
  peer.start();
  peer.receive(success(stranger.start()));
  const proof = stranger.receive(new LogHandshake(handshakeOf(1)).start());
  if (!proof.ok) throw new Error(proof.reason);
  for (const frame of proof.value.send) peer.receive(success(frame));
  return { peer, line };
}

/** Properties that a LEX read gives of twenty that hold ten bytes each. */
async function countRead(
  newWorld: NewWorld,
  limits: Partial<Limits>,
  byteLimit: number | undefined,
): Promise<number> {
  const world = await newWorld({ limits });
  const peer = await world.client();
  const fields = Object.fromEntries(Object.keys(fieldsOf(20)).map((key) => [key, 'x'.repeat(10)]));
  await world.ask(peer, put('w1', 'soul', fields));
  const message = {
    '#': 'r1',
    get: { '#': 'soul', '.': { '*': 'k' }, ...(byteLimit === undefined ? {} : { '%': byteLimit }) },
  };
  const answers = (await world.ask(peer, message)).filter((answer) => answer['@'] === 'r1');
  return answers.reduce((count, answer) => count + Object.keys(answer.put?.['soul']?._['>'] ?? {}).length, 0);
}

describe('a limit', () => {
  const newWorld = meshWorlds();

  for (const [name, reach] of Object.entries(REACHED)) {
    it(`is reached, and others are served on: ${name}`, async () => {
      const worlds: MeshWorld[] = [];
      await reach(async (options) => {
        const world = await newWorld(options);
        worlds.push(world);
        return world;
      });
      for (const world of worlds) {
        const honest = await world.client('honest');
        expect(await verdict(world, honest, put('h', 'h', { h: 1 }))).to.equal('ok');
        expect(await verdict(world, honest, get('i', 'h', 'h'))).to.equal('found');
      }
    });
  }
});
