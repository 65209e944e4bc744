import { once } from 'node:events';
import { readdir, stat, truncate, writeFile } from 'node:fs/promises';
import { connect, createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { expect } from 'chai';
import { WebSocket } from 'ws';
import { LevelStorage } from '../../adapters/level.ts';
import { MemoryStorage } from '../../adapters/memory.ts';
import { stored } from '../../lib/api/stored-keeper.ts';
import { GraphError } from '../../lib/base/errors.ts';
import { writeOf } from '../../lib/graph/write.ts';
import type { EventLevel, LogEvent, Logger } from '../../relay/logger.ts';
import { createRelay, type Relay, type RelayParts, type RelaySettings } from '../../relay/relay.ts';
import { Inbox } from '../support/inbox.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { freshName, graphOf, RawPeer } from '../support/raw-peer.ts';
import { temporaryFolders } from '../support/temporary-folder.ts';
import { deafPeer } from './deaf-peer.ts';
import { TLS_CERT, TLS_KEY } from './tls-pair.ts';

const STOP_MS = 5000;

/** A logger that keeps what it is told. */
class LogRecorder implements Logger {
  readonly events = new Inbox<LogEvent & { readonly level: EventLevel }>('log');

  log(level: EventLevel, event: LogEvent): void {
    this.events.push({ ...event, level });
  }
}

/** A storage that opens when it is told to. */
class SlowStorage extends MemoryStorage {
  readonly #gate: Promise<void>;
  release: () => void = () => undefined;
  fail: (error: Error) => void = () => undefined;

  constructor() {
    super();
    this.#gate = new Promise((resolve, reject) => {
      this.release = resolve;
      this.fail = reject;
    });
    this.#gate.catch(() => undefined);
  }

  override async open(): Promise<void> {
    await this.#gate;
    await super.open();
  }
}

function codeOf(error: unknown): string {
  return error instanceof GraphError ? error.code : `no GraphError: ${String(error)}`;
}

function get(relay: Relay, path: string): Promise<Response> {
  return fetch(`http://127.0.0.1:${relay.port}${path}`);
}

describe('relay', () => {
  const folder = temporaryFolders();
  const relays: Relay[] = [];
  const peers: RawPeer[] = [];

  afterEach(async () => {
    await Promise.all(relays.splice(0).map((relay) => relay.close()));
    await Promise.all(peers.splice(0).map((peer) => peer.closed));
  });

  async function settings(changes: RelaySettings = {}): Promise<RelaySettings> {
    return { port: 0, host: '127.0.0.1', logLevel: 'silent', data: join(await folder(), 'data'), ...changes };
  }

  function make(options: RelaySettings, parts: RelayParts = {}): Relay {
    const relay = createRelay(options, parts);
    relays.push(relay);
    return relay;
  }

  async function start(changes: RelaySettings = {}, parts: RelayParts = {}): Promise<Relay> {
    const relay = make(await settings(changes), parts);
    await relay.listen();
    await relay.ready();
    return relay;
  }

  async function meet(relay: Relay): Promise<RawPeer> {
    const peer = await RawPeer.open(`ws://127.0.0.1:${relay.port}/gun`);
    peers.push(peer);
    return peer;
  }

  it('greets, acknowledges a put and answers a get on /gun', async () => {
    const relay = await start();
    const peer = await meet(relay);
    const hello = await peer.next(({ dam }) => dam === '?');
    expect(hello.pid).to.match(/^[0-9A-Za-z]{9}$/);
    const soul = freshName('soul');
    expect(await peer.put(graphOf(soul, { name: 'Mark' }, 5))).to.include({ ok: true });
    expect(await (await meet(relay)).value(soul, 'name')).to.equal('Mark');
    expect(relay.peerCount).to.equal(2);
  });

  it('serves its pages and checks on the same port', async () => {
    const relay = await start();
    for (const path of ['/', '/gun', '/health', '/ready']) {
      const response = await get(relay, path);
      expect(response.status, path).to.equal(200);
      await response.text();
    }
    const script = await get(relay, '/gun.js');
    expect(script.status).to.equal(200);
    expect((await script.text()).length).to.be.greaterThan(50_000);
  });

  /** Cuts the last commit of a folder short, and starts a relay on it. */
  async function damaged(options: RelaySettings): Promise<{ relay: Relay; logger: LogRecorder }> {
    const log = (await readdir(options.data!)).find((name) => name.endsWith('.log'))!;
    await truncate(join(options.data!, log), (await stat(join(options.data!, log))).size - 10);
    const logger = new LogRecorder();
    const relay = make(options, { logger });
    await relay.listen();
    await relay.ready();
    return { relay, logger };
  }

  it('serves a damaged store read-only, and says so to everybody who asks', async () => {
    // Nothing is committed but what is put, so that the commits can be counted.
    const options = await settings({ legacy: 'graph' });
    const first = make(options);
    await first.listen();
    const soul = freshName('soul');
    await (await meet(first)).put(graphOf(soul, { a: 1 }, 5));
    await (await meet(first)).put(graphOf(freshName('soul'), { a: 1 }, 5));
    await first.close();
    const { relay: second, logger } = await damaged(options);
    const peer = await meet(second);
    expect(await peer.value(soul, 'a')).to.equal(1);
    for (let put = 0; put < 3; put += 1) {
      expect((await peer.put(graphOf(soul, { a: 2 }, 6))).err).to.equal('the store is damaged and read-only');
    }
    expect(await peer.value(soul, 'a')).to.equal(1);
    const response = await get(second, '/ready');
    expect(response.status).to.equal(503);
    expect(await response.json()).to.deep.equal({
      status: 'not ready',
      reason: 'the store is damaged and read-only',
    });
    expect((await get(second, '/health')).status).to.equal(200);
    const told = logger.events.all.filter(({ level }) => level === 'error' || level === 'warn');
    expect(told.map(({ kind }) => kind)).to.deep.equal(['store-damaged']);
    expect(told[0]!['reason']).to.equal('the last 1 of 2 commits are gone');
    expect(told[0]!['todo']).to.contain('thicket repair --data');
  });

  it('says once of a damaged store that nothing can be signed, however much waits', async () => {
    const options = await settings();
    // As no time goes by, all but the first put wait to be signed.
    const first = make(options, { clock: new FakeClock().clock });
    await first.listen();
    const soul = freshName('soul');
    for (let at = 0; at < 5; at += 1) await (await meet(first)).put(graphOf(soul, { [`k${at}`]: at }, 5));
    await first.close();
    const { relay: second, logger } = await damaged(options);
    for (let attempt = 0; attempt < 3; attempt += 1) await second.witnessed();
    expect(await (await meet(second)).value(soul, 'k0')).to.equal(0);
    const told = logger.events.all.filter(({ level }) => level === 'error' || level === 'warn');
    expect(told.map(({ kind }) => kind)).to.deep.equal(['store-damaged', 'witness-failed']);
    expect(told[1]!['reason']).to.equal('the store is damaged and read-only');
  });

  it('keeps what it acknowledged for the next relay on the same folder', async () => {
    const options = await settings();
    const first = make(options);
    await first.listen();
    const soul = freshName('soul');
    const peer = await meet(first);
    await peer.put(graphOf(soul, { a: 1, b: 'two' }, 5));
    await first.close();
    const second = make(options);
    await second.listen();
    const { put } = await (await meet(second)).get({ '#': soul });
    expect(put?.[soul]).to.deep.equal({ _: { '#': soul, '>': { a: 5, b: 5 } }, a: 1, b: 'two' });
  });

  it('refuses a folder that another relay holds', async () => {
    const options = await settings();
    await make(options).listen();
    const error = await make(options)
      .listen()
      .catch((reason: unknown) => reason);
    expect(codeOf(error)).to.equal('STORAGE_LOCKED');
  });

  it('refuses a folder that cannot be read', async () => {
    const data = join(await folder(), 'file');
    await writeFile(data, 'no folder');
    const error = await make(await settings({ data }))
      .listen()
      .catch((reason: unknown) => reason);
    expect(codeOf(error)).to.equal('STORAGE_UNREADABLE');
  });

  it('refuses the folder of an app, and any other storage of one', async () => {
    const data = join(await folder(), 'app');
    const kept = new MemoryStorage();
    for (const storage of [new LevelStorage({ location: data }), kept]) {
      const app = stored(storage);
      await app.open();
      await app.commit([writeOf('s', 'k', 5, 1)], true);
      await app.close();
    }
    for (const relay of [make(await settings({ data })), make(await settings(), { storage: kept })]) {
      const error = await relay.listen().catch((reason: unknown) => reason);
      expect(codeOf(error)).to.equal('STORAGE_UNREADABLE');
    }
    const again = stored(new LevelStorage({ location: data }));
    await again.open();
    expect((await again.read('s', 'k')).get('k')?.json).to.equal('1');
    await again.close();
  });

  it('refuses a port that is in use, and lets go of its folder', async () => {
    const occupant = createServer().listen(0, '127.0.0.1');
    await once(occupant, 'listening');
    const { port } = occupant.address() as AddressInfo;
    const options = await settings();
    const error = await make({ ...options, port })
      .listen()
      .catch((reason: unknown) => reason);
    expect(codeOf(error)).to.equal('RELAY_LISTEN_FAILED');
    occupant.close();
    const storage = new LevelStorage({ location: options.data! });
    await storage.open();
    await storage.close();
  });

  it('refuses settings that make no sense', () => {
    expect(() => createRelay({ peers: ['nonsense'] })).to.throw(
      GraphError,
      'must be a http, https, ws or wss URL',
    );
    expect(() => createRelay({ httpsKey: 'key.pem' })).to.throw(GraphError, 'give both or none');
  });

  describe('with a store that opens slowly', () => {
    it('listens within a second, says it is not ready, and serves whoever waited', async () => {
      const storage = new SlowStorage();
      const relay = make(await settings(), { storage });
      const started = performance.now();
      await relay.listen();
      expect(performance.now() - started).to.be.lessThan(1000);
      const peer = await meet(relay);
      const soul = freshName('soul');
      const acknowledged = peer.put(graphOf(soul, { early: true }, 5));
      expect((await get(relay, '/health')).status).to.equal(200);
      expect((await get(relay, '/ready')).status).to.equal(503);
      expect(peer.frames.all).to.deep.equal([]);
      storage.release();
      await relay.ready();
      expect(await acknowledged).to.include({ ok: true });
      expect((await get(relay, '/ready')).status).to.equal(200);
    });

    it('tells the error of a store that fails after all', async () => {
      const storage = new SlowStorage();
      const log = new LogRecorder();
      const relay = make(await settings(), { storage, logger: log });
      await relay.listen();
      const peer = await meet(relay);
      storage.fail(new GraphError('STORAGE_UNREADABLE', 'too damaged'));
      const error = await relay.ready().catch((reason: unknown) => reason);
      expect(codeOf(error)).to.equal('STORAGE_UNREADABLE');
      expect(log.events.all.at(-1)).to.include({ level: 'error', kind: 'store-failed' });
      expect((await get(relay, '/ready')).status).to.equal(503);
      expect((await get(relay, '/health')).status).to.equal(503);
      await relay.close();
      expect(await peer.closed).to.equal(1001);
    });

    it('fails to listen when the store fails at once', async () => {
      const storage = new SlowStorage();
      storage.fail(new GraphError('STORAGE_LOCKED'));
      const error = await make(await settings(), { storage })
        .listen()
        .catch((reason: unknown) => reason);
      expect(codeOf(error)).to.equal('STORAGE_LOCKED');
    });

    it('says goodbye to those who waited when it is stopped before', async () => {
      const storage = new SlowStorage();
      const relay = make(await settings(), { storage });
      await relay.listen();
      const peer = await meet(relay);
      const closing = relay.close();
      expect(await peer.closed).to.equal(1001);
      storage.release();
      await closing;
    });
  });

  describe('when it is closed', () => {
    it('answers what is in flight and closes every peer with 1001', async () => {
      const data = join(await folder(), 'data');
      const relay = await start({ data });
      const [writer, other] = [await meet(relay), await meet(relay)];
      const soul = freshName('soul');
      const answers = Array.from({ length: 50 }, (_, i) => writer.put(graphOf(soul, { [`k${i}`]: i }, 5)));
      const settling = Promise.allSettled(answers);
      await answers[0];
      await relay.close();
      expect(await Promise.all([writer.closed, other.closed])).to.deep.equal([1001, 1001]);
      const acknowledged = (await settling).filter((result) => result.status === 'fulfilled').length;
      const again = await start({ data });
      const { put } = await (await meet(again)).get({ '#': soul });
      expect(Object.keys(put?.[soul] ?? {}).length - 1).to.be.at.least(acknowledged);
    });

    it('is closed once, whoever asks, and frees its port', async () => {
      const relay = await start();
      const { port } = relay;
      await Promise.all([relay.close(), relay.close()]);
      await relay.close();
      const next = createServer().listen(port, '127.0.0.1');
      await once(next, 'listening');
      next.close();
    });

    it('does not listen again', async () => {
      const relay = await start();
      await relay.close();
      const error = await relay.listen().catch((reason: unknown) => reason);
      expect(codeOf(error)).to.equal('LIFECYCLE_CLOSED');
    });

    it('can be closed before it ever listened', async () => {
      const relay = make(await settings());
      await relay.close();
      expect(relay.port).to.equal(0);
      expect(codeOf(await relay.ready().catch((reason: unknown) => reason))).to.equal('STORAGE_NOT_OPEN');
    });

    it('waits for nobody who stays deaf or hangs on a request', async () => {
      const relay = await start();
      const deaf = await deafPeer(relay.port);
      const hanging = connect(relay.port, '127.0.0.1');
      hanging.on('error', () => undefined);
      hanging.write('POST / HTTP/1.1\r\nHost: relay\r\nContent-Length: 100\r\n\r\nx');
      await once(hanging, 'connect');
      const started = performance.now();
      await relay.close();
      expect(performance.now() - started).to.be.lessThan(STOP_MS);
      deaf.destroy();
      hanging.destroy();
    });

    it('goes through all steps when one of them fails, and tells the failure', async () => {
      const storage = new MemoryStorage();
      const relay = await start({}, { storage });
      const peer = await meet(relay);
      const { port } = relay;
      storage.close = () => Promise.reject(new GraphError('STORAGE_FAILED'));
      expect(codeOf(await relay.close().catch((reason: unknown) => reason))).to.equal('STORAGE_FAILED');
      expect(await peer.closed).to.equal(1001);
      const late = connect(port, '127.0.0.1');
      const [error] = (await once(late, 'error')) as [NodeJS.ErrnoException];
      expect(error.code).to.equal('ECONNREFUSED');
    });

    it('closes with `await using`', async () => {
      let port = 0;
      {
        await using relay = make(await settings());
        ({ port } = await relay.listen());
      }
      const late = connect(port, '127.0.0.1');
      const [error] = (await once(late, 'error')) as [NodeJS.ErrnoException];
      expect(error.code).to.equal('ECONNREFUSED');
    });
  });

  describe('with strangers', () => {
    it('closes a frame over its limit with 1009 and goes on', async () => {
      const relay = await start({ limits: { frameBytes: 2048 } });
      const [rude, calm] = [await meet(relay), await meet(relay)];
      rude.sendText(`{"#":"big","get":{"#":"${'x'.repeat(3000)}"}}`);
      expect(await rude.closed).to.equal(1009);
      expect(await calm.put(graphOf(freshName('soul'), { a: 1 }, 5))).to.include({ ok: true });
    });

    it('closes a peer that never reads with 1013 instead of growing', async () => {
      const log = new LogRecorder();
      const relay = await start({ limits: { outputBytes: 200_000 } }, { logger: log });
      const soul = freshName('soul');
      const sleeper = new WebSocket(`ws://127.0.0.1:${relay.port}/gun`, { perMessageDeflate: false });
      await once(sleeper, 'open');
      sleeper.send(JSON.stringify({ '#': 'sleeper01', get: { '#': soul } }));
      const writer = await meet(relay);
      await writer.caughtUp();
      sleeper.pause();
      const cut = log.events.next(({ kind }) => kind === 'peer-cut');
      const value = 'x'.repeat(100_000);
      const isCut = (): boolean => log.events.all.some(({ kind }) => kind === 'peer-cut');
      for (let state = 1; !isCut() && state < 500; state += 1) {
        expect(await writer.put(graphOf(soul, { text: `${value}${state}` }, state))).to.include({ ok: true });
      }
      await cut;
      const closing = once(sleeper, 'close');
      sleeper.on('message', () => undefined);
      sleeper.resume();
      const [code] = (await closing) as [number];
      expect(code).to.equal(1013);
      expect(relay.peerCount).to.equal(1);
    });

    it('never writes a value, soul or key to its log', async () => {
      const log = new LogRecorder();
      const relay = await start({ logLevel: 'debug' }, { logger: log });
      const peer = await meet(relay);
      await peer.put(graphOf('secret-soul', { 'secret-key': 'secret-value' }, 5));
      await peer.get({ '#': 'secret-soul' });
      await relay.close();
      const lines = JSON.stringify(log.events.all);
      expect(lines).to.contain('peer-open').and.to.contain('stopped');
      expect(lines).to.not.contain('secret');
    });
  });

  describe('with peers', () => {
    it('passes writes on in both directions', async () => {
      const first = await start();
      const second = await start({ peers: [`http://127.0.0.1:${first.port}`] });
      const [here, there] = [await meet(first), await meet(second)];
      const soul = freshName('soul');
      for (const peer of [here, there]) await peer.get({ '#': soul });
      await here.put(graphOf(soul, { from: 'here' }, 5));
      expect((await there.pushed(soul)).put?.[soul]).to.include({ from: 'here' });
      await there.put(graphOf(soul, { from: 'there' }, 6));
      expect((await here.pushed(soul)).put?.[soul]).to.include({ from: 'there' });
    });

    it('dials again when a peer comes back', async () => {
      const log = new LogRecorder();
      const options = await settings();
      const first = make(options);
      const { port } = await first.listen();
      const second = await start({ peers: [`ws://127.0.0.1:${port}/gun`] }, { logger: log });
      await log.events.next(({ kind }) => kind === 'peer-open');
      await first.close();
      await log.events.next(({ kind }) => kind === 'peer-close');
      const again = make({ ...options, port });
      await again.listen();
      await log.events.next(({ kind }) => kind === 'peer-open');
      const soul = freshName('soul');
      const peer = await meet(again);
      await peer.get({ '#': soul });
      await (await meet(second)).put(graphOf(soul, { back: true }, 5));
      expect((await peer.pushed(soul)).put?.[soul]).to.include({ back: true });
    });

    it('stops while a peer cannot be reached', async () => {
      const relay = await start({ peers: ['ws://127.0.0.1:9/gun'] });
      const started = performance.now();
      await relay.close();
      expect(performance.now() - started).to.be.lessThan(STOP_MS);
    });
  });

  it('serves wss and https with a key and a certificate', async () => {
    const path = await folder();
    const [httpsKey, httpsCert] = [join(path, 'key.pem'), join(path, 'cert.pem')];
    await Promise.all([writeFile(httpsKey, TLS_KEY), writeFile(httpsCert, TLS_CERT)]);
    const relay = await start({ httpsKey, httpsCert });
    const socket = new WebSocket(`wss://127.0.0.1:${relay.port}/gun`, { ca: TLS_CERT });
    const frames = new Inbox<string>('tls frames');
    socket.on('message', (data: Buffer) => frames.push(data.toString()));
    await once(socket, 'open');
    socket.send(JSON.stringify({ '#': 'tls000001', put: graphOf(freshName('soul'), { a: 1 }, 5) }));
    await frames.next((frame) => frame.includes('"@":"tls000001"') && frame.includes('"ok":true'));
    const closing = once(socket, 'close');
    await relay.close();
    expect((await closing)[0]).to.equal(1001);
  });
});
