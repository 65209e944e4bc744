/** Behaviour of a relay whose folder was put back from an old copy, while other nodes have more of its own log. */
import { cp } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { LevelStorage } from '../../adapters/level.ts';
import { SealedStorage } from '../../adapters/sealed-storage.ts';
import { toHex } from '../../lib/base/byte-texts.ts';
import { logIdOf } from '../../lib/log/hash.ts';
import { KeyPair } from '../../lib/log/key-pair.ts';
import { placeKey } from '../../lib/store/log-keys.ts';
import { LogStore } from '../../lib/store/log-store.ts';
import type { Storage } from '../../lib/store/storage.ts';
import { createRelay, type RelaySettings } from '../../relay/relay.ts';
import { nodeSigner } from '../../relay/node-ed25519.ts';
import { Inbox } from '../support/inbox.ts';
import { authorOf, logOf } from '../support/log-maker.ts';
import { LogNode } from '../support/log-node.ts';
import { GRAPH_TOPIC, graphLines, logLines, LogRelays, type LogRelay } from '../support/log-relays.ts';
import { graphOf, RawPeer } from '../support/raw-peer.ts';
import type { LogEvent } from '../../relay/logger.ts';
import { TELLS_BIRTHS } from '../support/birth-times.ts';
import { temporaryFolders } from '../support/temporary-folder.ts';

async function forksIn(storage: Storage): Promise<number> {
  const heads = await new LogStore(storage).heads();
  return heads.filter(({ head }) => head.side !== undefined).length;
}

async function write({ url, relay }: Pick<LogRelay, 'url' | 'relay'>, key: string): Promise<void> {
  const client = await RawPeer.open(url);
  expect(await client.put(graphOf('mark', { [key]: key }))).to.deep.include({ ok: true });
  await relay.witnessed();
  await client.close();
}

/** A relay with a folder of its own. */
type FolderRelay = Omit<LogRelay, 'storage'>;

async function startOn(settings: RelaySettings): Promise<FolderRelay> {
  const events = new Inbox<LogEvent>('events');
  const relay = createRelay(
    { port: 0, host: '127.0.0.1', logLevel: 'silent', ...settings },
    { logger: { log: (_level, event) => events.push(event) } },
  );
  await relay.listen();
  await relay.ready();
  return { relay, events, url: `http://127.0.0.1:${relay.port}/gun` };
}

describe('a restored relay', function () {
  this.timeout(20_000);
  const relays = new LogRelays();
  const folder = temporaryFolders();
  afterEach(() => relays.end());

  it('begins its log anew by a snapshot when somebody lacks what a repair took out of it, so that all follow', async () => {
    const first = await relays.start();
    for (const key of ['one', 'two', 'three', 'four']) await write(first, key);
    const [name] = await new LogStore(first.storage).heads();
    await first.storage.commit([[placeKey('canonical', name!.author, name!.log, 1), undefined]]);
    const second = await relays.start({ peers: [first.url] });
    await second.events.next(({ kind }) => kind === 'log-synced', 'a synchronised line');
    await first.events.next(({ kind }) => kind === 'snapshot', 'a snapshot');
    const reader = await relays.client(second);
    await reader.get({ '#': 'mark' });
    await write(first, 'five');
    const told = (): unknown[] => reader.messages.all.map(({ put }) => put?.['mark']?.['five']);
    await reader.messages.until(() => told().includes('five') || undefined, 'what was written later');
    expect(await logLines(second.storage)).to.include.members(await logLines(first.storage));
    expect(await graphLines(second.storage)).to.deep.equal(await graphLines(first.storage));
  });

  it('takes its own operations back from a peer first, and publishes behind them, without a fork', async () => {
    const place = await folder();
    const [data, copy, logKey] = [join(place, 'data'), join(place, 'copy'), join(place, 'key')];
    const peer = await relays.start();
    const start = (location: string): Promise<FolderRelay> =>
      startOn({ data: location, logKey, peers: [peer.url] });
    const first = await start(data);
    await first.events.next(({ kind }) => kind === 'log-synced', 'a synchronised line');
    await write(first, 'old');
    await first.relay.close();
    await cp(data, copy, { recursive: true });
    const second = await start(data);
    await second.events.next(({ kind }) => kind === 'log-synced', 'a synchronised line');
    for (const key of ['lost1', 'lost2']) await write(second, key);
    while ((await graphLines(peer.storage)).length < 3) await new Promise((next) => setImmediate(next));
    await second.relay.close();

    const restored = await start(copy);
    // Written before the peer is asked.
    await write(restored, 'new');
    await restored.events.next(({ kind }) => kind === 'log-own-recovered', 'its own operations');
    while ((await graphLines(peer.storage)).length < 4) await new Promise((next) => setImmediate(next));
    await restored.relay.witnessed();
    expect(await forksIn(peer.storage)).to.equal(0);
    expect((await logLines(peer.storage)).filter((line) => line.includes(' canonical '))).to.have.lengthOf(4);
    await restored.relay.close();
  });

  it('signs with a key of its own when its whole folder is a copy, beside the original, without a fork', async () => {
    const place = await folder();
    const [blue, green] = [join(place, 'blue'), join(place, 'green')];
    const first = await startOn({ data: blue });
    await write(first, 'old');
    await first.relay.close();
    await cp(blue, green, { recursive: true, preserveTimestamps: true });
    const original = await startOn({ data: blue });
    const copy = await startOn({ data: green, peers: [original.url] });
    const told = copy.events.all.map(({ kind }) => kind).filter((kind) => kind.startsWith('log-key'));
    if (TELLS_BIRTHS) expect(told).to.deep.equal(['log-key-copied', 'log-key-made']);
    await copy.events.next(({ kind }) => kind === 'log-synced' || kind === 'log-key-shared');
    await Promise.all([write(original, 'blue'), write(copy, 'green')]);
    const [reader, other] = await Promise.all([original, copy].map(({ url }) => RawPeer.open(url)));
    while ((await reader!.value('mark', 'green')) !== 'green')
      await new Promise((next) => setImmediate(next));
    while ((await other!.value('mark', 'blue')) !== 'blue') await new Promise((next) => setImmediate(next));
    await Promise.all([reader!.close(), other!.close()]);
    for (const { relay } of [copy, original]) await relay.close();
    for (const data of [blue, green]) {
      const storage = new SealedStorage(new LevelStorage({ location: data, durability: 'os' }));
      await storage.open();
      expect(await forksIn(storage)).to.equal(0);
      if (TELLS_BIRTHS) expect(await new LogStore(storage).heads()).to.have.lengthOf(2);
      await storage.close();
    }
  });

  it('publishes nothing while a node shows more than it has, and goes on when that was not true', async () => {
    const key = KeyPair.random();
    const relay = await relays.start({}, { key });
    await write(relay, 'a');
    const { publicKey } = nodeSigner(key);
    const node = await LogNode.meet(relay.relay.port);
    await node.session(GRAPH_TOPIC);
    const tips = new Map([
      [toHex(publicKey), new Map([[toHex(logIdOf(GRAPH_TOPIC)), { height: 7, id: new Uint8Array(32) }]])],
    ]);
    node.send({ type: 'have', session: 0, tips, more: false });
    await relay.events.next(({ kind }) => kind === 'log-own-behind', 'a claim');
    const client = await relays.client(relay);
    await client.put(graphOf('mark', { b: 'b' }));
    await relay.events.next(
      ({ kind, reason }) =>
        kind === 'witness-failed' && String(reason).includes('another node has more of this log'),
      'a refusal to publish',
    );
    expect(await logLines(relay.storage)).to.have.lengthOf(1);
    node.send({ type: 'done', session: 0 });
    await relay.events.next(({ kind }) => kind === 'log-own-unproven', 'a claim that was not kept');
    await relay.relay.witnessed();
    expect(await logLines(relay.storage)).to.have.lengthOf(2);
    await node.close();
  });

  it('publishes nothing when a line is cut amid its own operations, until another one has brought the rest', async () => {
    const key = KeyPair.random();
    const relay = await relays.start({}, { key });
    const own = logOf(nodeSigner(key), 5, () => undefined, { logId: logIdOf(GRAPH_TOPIC) });
    const log = toHex(logIdOf(GRAPH_TOPIC));
    const { sequence: height, id } = own.at(-1)!.header;
    const tips = new Map([[key.id, new Map([[log, { height, id }]])]]);
    const show = async (author: number): Promise<LogNode> => {
      const node = await LogNode.meet(relay.relay.port, authorOf(author));
      await node.session(GRAPH_TOPIC);
      node.send({ type: 'have', session: 0, tips, more: false });
      return node;
    };
    const first = await show(1);
    for (const { header } of own.slice(0, 2))
      first.send({ type: 'operation', session: 0, header: header.bytes, body: undefined });
    while ((await logLines(relay.storage)).length < 2) await new Promise((next) => setImmediate(next));
    first.send({ type: 'close', session: 0 });
    await relay.events.next(({ kind }) => kind === 'log-session-ended', 'the end of a session');
    await first.close();

    const client = await relays.client(relay);
    await client.put(graphOf('mark', { b: 'b' }));
    await relay.events.next(({ kind }) => kind === 'witness-failed', 'a refusal to publish');
    expect(await logLines(relay.storage)).to.have.lengthOf(2);
    const second = await show(2);
    second.give(own.slice(2));
    await relay.events.next(({ kind }) => kind === 'log-own-recovered', 'its own operations');
    await relay.relay.witnessed();
    expect((await logLines(relay.storage)).filter((line) => line.includes(' canonical '))).to.have.lengthOf(
      6,
    );
    expect(await forksIn(relay.storage)).to.equal(0);
    await second.close();
  });
});
