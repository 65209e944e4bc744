/** Behaviour of relays that are each other's peers, as they are when nobody says anything of logs. */
import { setImmediate } from 'node:timers/promises';
import { expect } from 'chai';
import type { MemoryStorage } from '../../adapters/memory.ts';
import { decodeDelta } from '../../lib/store/delta-codec.ts';
import { LogStore } from '../../lib/store/log-store.ts';
import { pagesOf } from '../../lib/store/replay.ts';
import { CountingProxy } from '../support/counting-proxy.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { authorOf } from '../support/log-maker.ts';
import { LogNode } from '../support/log-node.ts';
import {
  GRAPH_TOPIC,
  graphLines,
  logLines,
  LogRelays,
  putsBy,
  storageOfEnds,
  synced,
  type LogRelay,
} from '../support/log-relays.ts';
import { freshId, freshName, graphOf, type RawPeer } from '../support/raw-peer.ts';
import { KeyPair } from '../../lib/log/key-pair.ts';

const WRITES = 100;
const BURST = 64;
/** Logs of which relays say only by hashes where they end. */
const MANY = 2000;
/** Longer than the time in which writes are gathered into one operation, in milliseconds. */
const QUIET_MS = 1000;
const STATE = 5;

/** Entries that all operations of a store say, those said twice counted twice. */
async function entriesIn(storage: MemoryStorage): Promise<number> {
  const store = new LogStore(storage);
  let entries = 0;
  for (const name of await store.heads()) {
    for await (const page of pagesOf(store, 'canonical', name)) {
      for (const { body } of page) {
        const delta = decodeDelta(body!);
        if (delta.ok) entries += delta.value?.writes.length ?? 0;
      }
    }
  }
  return entries;
}

/** Waits until all relays have signed what they should and hold the same logs and graph. */
async function settle(relays: readonly LogRelay[]): Promise<void> {
  for (;;) {
    for (const { relay } of relays) await relay.witnessed();
    const states = await Promise.all(
      relays.map(async ({ storage }) =>
        [...(await logLines(storage)), ...(await graphLines(storage))].join(),
      ),
    );
    if (new Set(states).size === 1) return;
    await setImmediate();
  }
}

/** Waits until a client was told so many properties of a soul; each is told once. */
async function told(client: RawPeer, soul: string, count: number): Promise<void> {
  const keys = (): string[] =>
    client.putsOf(soul).flatMap(({ put }) => Object.keys(put?.[soul]?._['>'] ?? {}));
  await client.messages.until(() => (keys().length >= count ? true : undefined), `${count} of ${soul}`);
  expect(keys(), 'told twice').to.have.lengthOf(new Set(keys()).size);
}

async function write(client: RawPeer, soul: string, count: number): Promise<void> {
  for (let at = 0; at < count; at += 1)
    expect(await client.put(graphOf(soul, { [`k${at}`]: at }, STATE))).to.include({ ok: true });
}

describe('relays that are peers', function () {
  this.timeout(20_000);
  const relays = new LogRelays();
  const proxies: CountingProxy[] = [];
  afterEach(async () => {
    await relays.end();
    await Promise.all(proxies.splice(0).map((proxy) => proxy.close()));
  });

  /** Two relays, the second of which dials the first. */
  async function two(clock?: FakeClock): Promise<[LogRelay, LogRelay]> {
    const parts = clock === undefined ? {} : { clock: clock.clock };
    const first = await relays.start({}, parts);
    const second = await relays.start({ peers: [first.url] }, parts);
    await Promise.all([synced(first), synced(second)]);
    return [first, second];
  }

  it('tell each other everything once, say it in one operation each, and are quiet then', async () => {
    const both = await two();
    const clients = await Promise.all(both.map((relay) => relays.client(relay)));
    const listeners = await Promise.all(both.map((relay) => relays.client(relay)));
    for (const listener of listeners) for (const soul of ['0', '1']) await listener.get({ '#': soul });
    await Promise.all(clients.map((client, at) => write(client, String(at), WRITES)));
    for (const listener of listeners) for (const soul of ['0', '1']) await told(listener, soul, WRITES);
    await settle(both);
    expect(await entriesIn(both[0].storage)).to.equal(2 * WRITES);
    const operations = await logLines(both[0].storage);
    expect(operations.length).to.be.at.most(2 * WRITES);
    await settle(both);
    expect(await logLines(both[1].storage)).to.deep.equal(operations);
  });

  it('bring a lone write across without waiting for others, whichever of the two it is written at', async () => {
    const clock = new FakeClock();
    const both = await two(clock);
    const [ann, bob] = await Promise.all(both.map((relay) => relays.client(relay)));
    let operations = 0;
    for (let round = 0; round < 5; round += 1) {
      for (const [from, to, { storage }] of [
        [ann!, bob!, both[0]],
        [bob!, ann!, both[1]],
      ] as const) {
        const soul = freshName('lone');
        await to.get({ '#': soul });
        clock.advance(QUIET_MS);
        expect(await from.put(graphOf(soul, { k: round }, STATE))).to.include({ ok: true });
        // It is signed by the commit that stores it, so nothing waits; no clock goes on here.
        operations += 1;
        expect(await logLines(storage)).to.have.lengthOf(operations);
        expect((await to.pushed(soul)).put).to.have.nested.property(`${soul}.k`, round);
      }
    }
  });

  it('bring the writes of others across while one writes without end', async () => {
    const [first, second] = await two();
    const [greedy, quiet] = [await relays.client(first), await relays.client(first)];
    const reader = await relays.client(second);
    await reader.get({ '#': 'quiet' });
    const over = new AbortController();
    const flood = (async (): Promise<void> => {
      for (let at = 0; !over.signal.aborted; at += BURST) {
        const puts = Array.from({ length: BURST }, (_, number) => ({
          '#': freshId(),
          put: graphOf(`greedy ${at + number}`, { k: number }, STATE),
        }));
        for (const put of puts) greedy.send(put);
        for (const put of puts) await greedy.reply(put['#']);
        greedy.messages.all.length = 0;
      }
    })();
    for (let at = 0; at < 10; at += 1) {
      await quiet.put(graphOf('quiet', { [`k${at}`]: at }, STATE));
      await told(reader, 'quiet', at + 1);
    }
    over.abort();
    await flood;
    await settle([first, second]);
  });

  it('that get the same write at the same moment may both sign it, agree, and are quiet then', async () => {
    const both = await two();
    const clients = await Promise.all(both.map((relay) => relays.client(relay)));
    await Promise.all(clients.map((client) => write(client, 'same', WRITES)));
    await settle(both);
    expect(await entriesIn(both[0].storage)).to.be.within(WRITES, 2 * WRITES);
    const operations = await logLines(both[0].storage);
    // Once more: it is known, and signed by nobody.
    await Promise.all(clients.map((client) => write(client, 'same', WRITES)));
    await settle(both);
    expect(await logLines(both[0].storage)).to.deep.equal(operations);
  });

  it('say less than a kilobyte to each other when they meet again and are equal', async () => {
    const first = await relays.start();
    const key = KeyPair.random();
    const proxy = await CountingProxy.open(first.relay.port);
    proxies.push(proxy);
    const second = await relays.start({ peers: [proxy.url] }, { key });
    await synced(second);
    await Promise.all(
      [first, second].map(async (relay, at) => write(await relays.client(relay), String(at), WRITES)),
    );
    await settle([first, second]);
    const { storage } = second;
    await second.relay.close();
    const before = proxy.bytesOn('/log');
    expect(before).to.be.above(1000);
    await synced(await relays.start({ peers: [proxy.url] }, { storage, key }));
    expect(proxy.bytesOn('/log') - before).to.be.within(1, 1000);
  });

  it('say less than a kilobyte also when they hold the logs of many authors', async () => {
    const first = await relays.start();
    const node = await LogNode.meet(first.relay.port, authorOf(77));
    await node.join(GRAPH_TOPIC);
    node.give(Array.from({ length: 40 }, (_, at) => putsBy(at + 1, 2)).flat());
    expect(await synced(first)).to.have.property('taken', 80);
    await node.close();
    const proxy = await CountingProxy.open(first.relay.port);
    proxies.push(proxy);
    const key = KeyPair.random();
    const second = await relays.start({ peers: [proxy.url] }, { key });
    expect(await synced(second)).to.have.property('taken', 80);
    const { storage } = second;
    await second.relay.close();
    const before = proxy.bytesOn('/log');
    await synced(await relays.start({ peers: [proxy.url] }, { storage, key }));
    expect(proxy.bytesOn('/log') - before).to.be.within(1, 1000);
  });

  it('show each other few of many logs when one of them went on', async () => {
    const [key, keyOfFirst] = [KeyPair.random(), KeyPair.random()];
    const first = await relays.start({}, { storage: await storageOfEnds(MANY), key: keyOfFirst });
    const proxy = await CountingProxy.open(first.relay.port);
    proxies.push(proxy);
    const second = await relays.start({ peers: [proxy.url] }, { storage: await storageOfEnds(MANY), key });
    await synced(second);
    await Promise.all(
      [first, second].map(async (relay, at) => write(await relays.client(relay), String(at), 2)),
    );
    await settle([first, second]);
    const { storage } = second;
    await second.relay.close();
    await write(await relays.client(first), 'meanwhile', 1);
    await first.relay.witnessed();
    const before = proxy.bytesOn('/log');
    const again = await relays.start({ peers: [proxy.url] }, { storage, key });
    expect(await synced(again)).to.have.property('taken', 1);
    const bytes = proxy.bytesOn('/log') - before;
    console.log(`      ${bytes} bytes for one of ${MANY} logs`);
    // Twice the hashes, and twice some logs of one of 256 parts; all logs are 105 bytes each, from each side.
    expect(bytes).to.be.within(2 * 8192, 2 * 8192 + 5000);
    await settle([first, again]);
  });

  it('that sign with one key find that out, and only one of them goes on: no fork, and puts cross as ever', async () => {
    const key = KeyPair.random();
    const first = await relays.start({}, { key });
    const second = await relays.start({ peers: [first.url] }, { key });
    for (const { events } of [first, second]) {
      const { todo } = await events.next(({ kind }) => kind === 'log-key-shared', 'word of the other one');
      expect(todo).to.contain('delete its log-key');
    }
    const [ann, bob] = await Promise.all([first, second].map((relay) => relays.client(relay)));
    await ann!.get({ '#': 'bob' });
    await bob!.get({ '#': 'ann' });
    await Promise.all([write(ann!, 'ann', 10), write(bob!, 'bob', 10)]);
    await Promise.all([told(ann!, 'bob', 10), told(bob!, 'ann', 10)]);
    await first.relay.witnessed();
    expect(await entriesIn(first.storage)).to.equal(20);
    expect(await logLines(second.storage)).to.deep.equal([]);
    await second.relay.close();
    // With a key of its own it signs what waited, and takes in what the other one has signed.
    const again = await relays.start({ peers: [first.url] }, { storage: second.storage });
    await synced(again);
    await settle([first, again]);
    expect(await entriesIn(again.storage)).to.be.within(20, 40);
    const lines = await logLines(again.storage);
    expect(lines.filter((line) => line.includes(' side '))).to.deep.equal([]);
  });

  it('that dial themselves are no two relays', async () => {
    const key = KeyPair.random();
    const proxy = await CountingProxy.open(0);
    proxies.push(proxy);
    const relay = await relays.start({ peers: [proxy.url] }, { key });
    proxy.to = relay.relay.port;
    await proxy.closedOn('/log');
    await write(await relays.client(relay), 'alone', 3);
    await relay.relay.witnessed();
    expect(await entriesIn(relay.storage)).to.equal(3);
    expect(relay.events.all.map(({ kind }) => kind)).to.not.include('log-key-shared');
  });

  it('of which one keeps no logs tell each other by puts, and what comes so is signed once', async () => {
    const plain = await relays.start({ legacy: 'graph' });
    const signing = await relays.start({ peers: [plain.url] });
    const [ann, bob] = await Promise.all([plain, signing].map((relay) => relays.client(relay)));
    const [atPlain, atSigning] = await Promise.all([plain, signing].map((relay) => relays.client(relay)));
    for (const soul of ['ann', 'bob', 'linked']) {
      await atPlain!.get({ '#': soul });
      await atSigning!.get({ '#': soul });
    }
    await write(bob!, 'linked', 1);
    await told(atPlain!, 'linked', 1);
    await Promise.all([write(ann!, 'ann', WRITES), write(bob!, 'bob', WRITES)]);
    for (const soul of ['ann', 'bob']) {
      await told(atPlain!, soul, WRITES);
      await told(atSigning!, soul, WRITES);
    }
    await signing.relay.witnessed();
    expect(await entriesIn(signing.storage)).to.equal(2 * WRITES + 1);
    expect(await logLines(plain.storage)).to.deep.equal([]);
    expect(await graphLines(plain.storage)).to.deep.equal(await graphLines(signing.storage));
  });

  for (const legacy of ['witness', 'graph'] as const) {
    it(`in a ring with one that has --legacy ${legacy} settle, each saying a write once at most`, async () => {
      const first = await relays.start();
      const second = await relays.start({ peers: [first.url] });
      await Promise.all([synced(first), synced(second)]);
      const third = await relays.start({ legacy, peers: [first.url, second.url] });
      const ring = [first, second, third];
      const clients = await Promise.all(ring.map((relay) => relays.client(relay)));
      const listeners = await Promise.all(ring.map((relay) => relays.client(relay)));
      for (const listener of listeners) for (const at of ring.keys()) await listener.get({ '#': String(at) });
      // The lines of the third one are up when it says something new.
      await write(clients[2]!, '2', 1);
      for (const listener of listeners) await told(listener, '2', 1);
      await Promise.all(clients.map((client, at) => write(client, String(at), WRITES)));
      for (const listener of listeners)
        for (const at of ring.keys()) await told(listener, String(at), WRITES);
      const signing = legacy === 'graph' ? [first, second] : ring;
      await settle(signing);
      const [graph] = await Promise.all(ring.map(({ storage }) => graphLines(storage)));
      for (const { storage } of ring) expect(await graphLines(storage)).to.deep.equal(graph);
      expect(await entriesIn(first.storage)).to.be.within(3 * WRITES, signing.length * 3 * WRITES);
      const operations = await logLines(first.storage);
      await settle(signing);
      expect(await logLines(second.storage)).to.deep.equal(operations);
    });
  }
});
