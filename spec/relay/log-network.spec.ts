import { setImmediate } from 'node:timers/promises';
import { expect } from 'chai';
import { MemoryStorage } from '../../adapters/memory.ts';
import { limitsWith } from '../../lib/base/limits.ts';
import { Slices } from '../../lib/base/slices.ts';
import { inLaterTurn } from '../../lib/base/turns.ts';
import { Peer, type PeerRole } from '../../lib/mesh/peer.ts';
import { LogHandshake } from '../../lib/sync/log-handshake.ts';
import { frameToJson } from '../../lib/sync/log-frames.ts';
import { LogStore } from '../../lib/store/log-store.ts';
import { LogNetwork, type LogNetworkEvent, type LogNetworkParts } from '../../relay/log-network.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { bodyOf } from '../support/log-bytes.ts';
import { LogReplica } from '../support/log-replica.ts';
import { PairedWire, pairedWires } from '../support/paired-wire.ts';
import { RecordingLink } from '../support/recording-link.ts';
import { toHex } from '../../lib/base/byte-texts.ts';
import { KeyPair } from '../../lib/log/key-pair.ts';
import { handshakeOf, LogNode } from '../support/log-node.ts';
import { authorOf, logOf, operationAfter, TOPIC, verifyFast } from '../support/log-maker.ts';
import { logIdOf } from '../../lib/log/hash.ts';
import { createPair } from '../../lib/sea/keys.ts';
import { writeOf } from '../../lib/graph/write.ts';
import {
  GRAPH_TOPIC,
  graphLines,
  logLines,
  LogRelays,
  putsBy,
  synced,
  type LogRelay,
} from '../support/log-relays.ts';
import { freshId, graphOf, RawPeer } from '../support/raw-peer.ts';
import { TextNode } from '../support/text-node.ts';

/** A network alone, and what it said of the graph's peers. */
class SmallNetwork {
  readonly replica = new LogReplica();
  readonly events: LogNetworkEvent[] = [];
  readonly said: string[] = [];
  readonly dialled: string[] = [];
  readonly network: LogNetwork;
  readonly peers: Peer[] = [];

  constructor(number: number, changes: Partial<LogNetworkParts> = {}) {
    const store = new LogStore(new MemoryStorage());
    this.network = new LogNetwork({
      limits: limitsWith(),
      store,
      sync: this.replica,
      topic: TOPIC,
      network: 'specs',
      verify: verifyFast,
      slices: new Slices({ schedule: inLaterTurn }),
      startTimer: new FakeClock().startTimer,
      report: (event) => this.events.push(event),
      ...changes,
    });
    this.network.open(authorOf(number), {
      relays: this.peers,
      send: (_peer, text) => this.said.push(text),
      hasLogs: ({ name }) => this.dialled.push(name),
      drained: () => Promise.resolve(true),
      hold: () => undefined,
    });
  }

  /** A peer of the graph. */
  peer(role: PeerRole): Peer {
    const peer = new Peer(new RecordingLink('gun'), role, limitsWith());
    this.peers.push(peer);
    return peer;
  }
}

/** Joins two networks by a line that the first dials. */
async function join(
  first: SmallNetwork,
  second: SmallNetwork,
  from?: string,
): Promise<readonly [PairedWire, PairedWire]> {
  const wires = pairedWires(from);
  second.network.accept(wires[1], false);
  first.network.accept(wires[0], true);
  for (let turn = 0; turn < 30; turn += 1) await setImmediate();
  return wires;
}

describe('relay.log-network alone', () => {
  it('uses one of several lines to a node: that of the smaller key, and of those the latest', async () => {
    for (const [one, other] of [
      [1, 2],
      [2, 1],
    ] as const) {
      const [a, b] = [new SmallNetwork(one), new SmallNetwork(other)];
      const byA = await join(a, b);
      const byB = await join(b, a);
      expect([a.network.lineCount, b.network.lineCount]).to.deep.equal([1, 1]);
      const isSmaller = toHex(authorOf(one).publicKey) < toHex(authorOf(other).publicKey);
      const [kept, dropped] = isSmaller ? [byA, byB] : [byB, byA];
      expect([kept[0].closedWith, kept[1].closedWith]).to.deep.equal([undefined, undefined]);
      expect(dropped[0].closedWith ?? dropped[1].closedWith).to.deep.equal([
        1001,
        'another line to this node',
      ]);
      const latest = isSmaller ? await join(a, b) : await join(b, a);
      expect([latest[0].closedWith, latest[1].closedWith]).to.deep.equal([undefined, undefined]);
      expect([a.network.lineCount, b.network.lineCount]).to.deep.equal([1, 1]);
    }
  });

  it('takes no more lines in than it may, and none before it is open or after its end', async () => {
    const a = new SmallNetwork(1, { limits: limitsWith({ inboundRelays: 1 }) });
    const [b, c] = [new SmallNetwork(2), new SmallNetwork(3)];
    await join(b, a);
    const [, refused] = await join(c, a);
    expect(refused.closedWith).to.deep.equal([1013, 'too many relays']);
    const dialled = await join(a, c);
    expect(dialled[0].closedWith).to.equal(undefined);
    a.network.close(1001, 'bye');
    expect(dialled[0].closedWith).to.deep.equal([1001, 'bye']);
    const [late] = await join(a, b);
    expect(late.closedWith).to.deep.equal([1001, 'no logs here now']);
    expect(a.network.lineCount).to.equal(0);
  });

  it('lets nobody have all places from one address', async () => {
    const a = new SmallNetwork(1, { limits: limitsWith({ inboundRelays: 3 }) });
    const many: (readonly [PairedWire, PairedWire])[] = [];
    for (let at = 0; at < 4; at += 1)
      many.push(await join(new SmallNetwork(2 + at), a, `198.51.100.7:${at}`));
    const [mine] = await join(new SmallNetwork(20), a, '203.0.113.5:1');
    expect(mine.closedWith).to.equal(undefined);
    expect(many.map(([, here]) => here.closedWith)).to.deep.equal([
      undefined,
      undefined,
      [1013, 'too many relays'],
      [1013, 'too many relays'],
    ]);
    expect(a.network.lineCount).to.equal(3);
    const [, second] = await join(new SmallNetwork(21), a, '203.0.113.5:2');
    expect(second.closedWith).to.deep.equal([1013, 'too many relays']);
  });

  it('remembers of lines that came in no more logs together than it may', async () => {
    const a = new SmallNetwork(1, { limits: limitsWith({ sessionLogs: 3 }) });
    const others = Array.from({ length: 11 }, (_, at) => new SmallNetwork(10 + at));
    const closed: unknown[] = [];
    for (const other of others) {
      for (const author of [2, 3, 4]) other.replica.add(logOf(authorOf(author), 1));
      const [wire, here] = await join(other, a);
      closed.push(here.closedWith ?? wire.closedWith);
    }
    expect(closed.slice(0, 10)).to.deep.equal(Array.from({ length: 10 }, () => undefined));
    expect(closed[10]).to.deep.equal([1008, 'logs']);
    const dialled = new SmallNetwork(50);
    dialled.replica.add(logOf(authorOf(2), 1));
    const [wire] = await join(a, dialled);
    expect(wire.closedWith).to.equal(undefined);
  });

  it('ends the line of who sends texts', async () => {
    const a = new SmallNetwork(1);
    const [wire, other] = pairedWires();
    a.network.accept(wire, false);
    other.say(undefined);
    await setImmediate();
    expect(wire.closedWith).to.deep.equal([1002, 'a text on a line of binary frames']);
  });

  it('spares the links of a node puts as long as its line is synchronised', async () => {
    const [a, b] = [new SmallNetwork(1), new SmallNetwork(2)];
    const [link, stranger] = [a.peer('client'), a.peer('relay')];
    b.network.greet(link);
    const greeting = JSON.parse(b.said[0]!) as { dam: string; f: unknown };
    expect(greeting.dam).to.equal('log');
    a.network.hear(link, greeting.f);
    expect([link.isSynced, link.nodeKey]).to.deep.equal([false, toHex(authorOf(2).publicKey)]);
    // Who greets is greeted, so that the other side knows as well.
    expect(JSON.parse(a.said[0]!)).to.have.nested.property('f[0]', 0);
    const [wire] = await join(b, a);
    expect([link.isSynced, stranger.isSynced]).to.deep.equal([true, false]);
    const second = a.peer('client');
    a.network.hear(second, greeting.f);
    expect(second.isSynced).to.equal(true);
    wire.close(1001, 'gone');
    await setImmediate();
    expect([link.isSynced, second.isSynced]).to.deep.equal([false, false]);
  });

  it('dials the logs of relays that say they have some, and ignores what is no greeting', () => {
    const [a, b] = [new SmallNetwork(1), new SmallNetwork(2)];
    const relay = a.peer('relay');
    for (const json of [undefined, null, 'x', [], [0], [10, 1, 2], { f: 1 }, [0, 1, 'x', 'y', 'z', {}]])
      a.network.hear(relay, json);
    expect([a.dialled, a.said, relay.nodeKey]).to.deep.equal([[], [], undefined]);
    b.network.greet(relay);
    const { f } = JSON.parse(b.said[0]!) as { f: unknown };
    a.network.hear(relay, f);
    a.network.hear(relay, f);
    expect([a.dialled, a.said]).to.deep.equal([['gun'], []]);
  });

  it('lets those who may only read bring nothing on the links that they have anyhow', () => {
    const a = new SmallNetwork(1);
    const greeting = frameToJson(new LogHandshake(handshakeOf(authorOf(9), 'specs')).start());
    for (const mayWrite of [false, true]) {
      const link = new RecordingLink('gun');
      a.network.hear(new Peer(link, 'client', limitsWith(), undefined, mayWrite), greeting);
      expect(a.said.length > 0).to.equal(mayWrite);
    }
  });

  it('passes new operations on, also when there are too many to tell of at once', async () => {
    const store = new LogStore(new MemoryStorage());
    const a = new SmallNetwork(1, { store });
    const b = new SmallNetwork(2);
    const [wire] = await join(a, b);
    const log = logOf(authorOf(5), 5000);
    a.replica.add(log);
    store.announce(log.map((operation) => ({ operation, placement: 'append' })));
    const heldBy = ({ replica }: SmallNetwork): number =>
      replica.logs.values().next().value?.canonical.length ?? 0;
    for (let turn = 0; heldBy(b) < 5000 && turn < 20_000; turn += 1) await setImmediate();
    expect(b.replica.lines().join()).to.equal(a.replica.lines().join());
    expect(wire.sent.filter(({ type }) => type === 'live')).to.have.lengthOf(5000);
  });
});

describe('relay.log-network', () => {
  const relays = new LogRelays();
  afterEach(() => relays.end());

  /** Two relays, the second of which dials the first. */
  async function two(): Promise<[LogRelay, LogRelay]> {
    const first = await relays.start();
    const second = await relays.start({ peers: [first.url] });
    await Promise.all([synced(first), synced(second)]);
    return [first, second];
  }

  it('proves its key, and takes in what a node has that it lacks', async () => {
    const key = KeyPair.random();
    const target = await relays.start({}, { key });
    const node = await LogNode.meet(target.relay.port);
    const [hello] = node.frames.all;
    expect(hello).to.deep.include({ type: 'hello', nodeKey: key.publicKey });
    const { tips } = await node.join(GRAPH_TOPIC);
    expect(tips.size).to.equal(0);
    node.give(putsBy(5, 20));
    await node.frame('done');
    expect((await synced(target)).taken).to.equal(20);
    expect(await logLines(target.storage)).to.have.lengthOf(20);
    expect(await graphLines(target.storage)).to.have.lengthOf(20);
    const reader = await relays.client(target);
    expect(await reader.value('by5', 'k7')).to.equal('5 7');
    await node.close();
  });

  it('tells clients at once what operations change that come from others', async () => {
    const target = await relays.start();
    const reader = await relays.client(target);
    await reader.get({ '#': 'by5' });
    const node = await LogNode.meet(target.relay.port);
    await node.join(GRAPH_TOPIC);
    node.give([]);
    await node.frame('done');
    const [first] = putsBy(5, 1);
    node.send({ type: 'live', session: 0, header: first!.header.bytes, body: first!.body });
    expect((await reader.pushed('by5')).put).to.have.nested.property('by5.k0', '5 0');
    await node.close();
  });

  it('makes two relays equal, and keeps them so, without saying anything twice', async () => {
    const [first, second] = await two();
    const [ann, bob] = [await relays.client(first), await relays.client(second)];
    await bob.get({ '#': 'ann' });
    await ann.get({ '#': 'bob' });
    // On a link of texts between them nothing of it goes.
    const relay = await RawPeer.open(first.url);
    relay.send({ '#': 'h', '@': 'x', dam: '?', relay: true, pid: 'plain' });
    await relay.next(({ dam }) => dam === 'hi');
    for (let at = 0; at < 5; at += 1) {
      await ann.put(graphOf('ann', { [`k${at}`]: at }, 5));
      await bob.put(graphOf('bob', { [`k${at}`]: at }, 5));
    }
    for (const [reader, soul] of [
      [bob, 'ann'],
      [ann, 'bob'],
    ] as const) {
      await reader.messages.until(
        () => (keysTold(reader, soul).size === 5 ? true : undefined),
        `all of ${soul}`,
      );
    }
    // Relays without logs are told by puts.
    await relay.messages.until(() => (keysTold(relay, 'bob').size === 5 ? true : undefined), 'puts of bob');
    expect(await graphLines(first.storage)).to.deep.equal(await graphLines(second.storage));
    expect(await logLines(first.storage)).to.deep.equal(await logLines(second.storage));
    await relay.close();
  });

  it('synchronises with browsers on the link that they have anyhow, frame by frame as JSON', async () => {
    const target = await relays.start();
    const writer = await relays.client(target);
    await writer.put(graphOf('before', { k: 1 }, 5));
    await target.events.next(({ kind }) => kind === 'witnessed');
    const browser = await relays.client(target);
    const node = new TextNode(browser);
    await node.begin(GRAPH_TOPIC);
    node.say({ type: 'have', session: 0, tips: new Map(), more: false });
    expect(await node.hear('operation')).to.have.property('body');
    const [mine] = putsBy(5, 1);
    node.say({ type: 'operation', session: 0, header: mine!.header.bytes, body: mine!.body });
    const large = 'x'.repeat(1_000_000);
    const [big] = logOf(authorOf(6), 1, () => bodyOf([writeOf('by6', 'k0', 1, large)]), {
      logId: logIdOf(GRAPH_TOPIC),
    });
    node.say({ type: 'operation', session: 0, header: big!.header.bytes, body: big!.body });
    node.say({ type: 'done', session: 0 });
    await node.hear('done');
    await synced(target);
    expect(await writer.value('by5', 'k0')).to.equal('5 0');
    expect(await writer.value('by6', 'k0')).to.equal(large);
    await writer.put(graphOf('large', { k: 'y'.repeat(300_000) }, 5));
    expect(((await node.hear('live')) as { body?: Uint8Array }).body!.length).to.be.above(300_000);
    await writer.put(graphOf('after', { k: 1 }, 5));
    expect(await node.hear('live')).to.have.property('body');
    // What is wrong ends the synchronisation, and not the link.
    browser.send({ '#': freshId(), dam: 'log', f: ['nothing'] });
    expect(await browser.value('before', 'k')).to.equal(1);
  });

  it('says by a put what no operation can hold', async () => {
    const [first, second] = await two();
    const [ann, bob] = [await relays.client(first), await relays.client(second)];
    await bob.get({ '#': 'odd' });
    await ann.put(graphOf('odd', { k: '\ud800' }, 5));
    expect((await bob.pushed('odd')).put).to.have.nested.property('odd.k', '\ud800');
  });

  it('catches up after a line was down', async () => {
    const [first, second] = await two();
    const ann = await relays.client(first);
    const { storage } = second;
    await second.relay.close();
    for (let at = 0; at < 30; at += 1) await ann.put(graphOf('away', { [`k${at}`]: at }, 5));
    const again = await relays.start({ peers: [first.url] }, { storage });
    const bob = await relays.client(again);
    await bob.get({ '#': 'away' });
    await bob.messages.until(() => (keysTold(bob, 'away').size === 30 ? true : undefined), 'all of it');
    expect(await graphLines(storage)).to.deep.equal(await graphLines(first.storage));
  });

  it('answers reads over links of texts as before', async () => {
    const first = await relays.start({ legacy: 'graph' });
    const ann = await relays.client(first);
    await ann.put(graphOf('before', { k: 1 }, 5));
    const { storage } = first;
    await first.relay.close();
    // What was stored before logs were kept is in no operation.
    const [one, other] = await (async () => {
      const witness = await relays.start({}, { storage });
      const reader = await relays.start({ peers: [witness.url] });
      await synced(reader);
      return [witness, reader] as const;
    })();
    expect(await logLines(one.storage)).to.deep.equal([]);
    const bob = await relays.client(other);
    expect(await bob.value('before', 'k')).to.equal(1);
  });

  it('keeps operations whose writes nobody may make, and does not make them', async () => {
    const target = await relays.start({ limits: { nameLength: 100 } });
    const node = await LogNode.meet(target.relay.port);
    await node.join(GRAPH_TOPIC);
    const { pub } = await createPair();
    const own = `@${toHex(authorOf(5).publicKey)}/x`;
    const body = bodyOf([
      writeOf(`~${pub.slice(0, 43)}.${pub.slice(0, 43)}`, 'alias', 5, 'forged'),
      writeOf(own.slice(0, 40), 'k', 5, 'short enough'),
      writeOf('x'.repeat(101), 'k', 5, 'too long'),
      writeOf('fine', 'k', 5, 'fine'),
    ]);
    node.give([operationAfter(authorOf(5), undefined, body, { logId: logIdOf(GRAPH_TOPIC) })]);
    await node.frame('done');
    await synced(target);
    expect(await logLines(target.storage)).to.have.lengthOf(1);
    expect(await graphLines(target.storage)).to.deep.equal([
      JSON.stringify([own.slice(0, 40), 'k', 5, '"short enough"']),
      JSON.stringify(['fine', 'k', 5, '"fine"']),
    ]);
    await node.close();
  });
});

function keysTold(reader: RawPeer, soul: string): Set<string> {
  const keys = reader.putsOf(soul).flatMap(({ put }) => Object.keys(put?.[soul] ?? {}));
  return new Set(keys.filter((key) => key !== '_'));
}
