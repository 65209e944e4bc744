/** Behaviour of a running relay towards strangers: who gets in, how much they may send, what operators see. */
import { once } from 'node:events';
import { request, type IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';
import { expect } from 'chai';
import { WebSocket } from 'ws';
import { MemoryStorage } from '../../adapters/memory.ts';
import { createRelay, type Relay, type RelayParts, type RelaySettings } from '../../relay/relay.ts';
import { FaultyStorage } from '../support/faulty-storage.ts';
import { freshName, graphOf, RawPeer } from '../support/raw-peer.ts';
import { FakeTimers } from './fake-timers.ts';

/** Tries to connect; gives the peer, or the status of the refusal. */
async function knock(
  relay: Relay,
  headers: Record<string, string> = {},
  query = '',
): Promise<WebSocket | number> {
  const socket = new WebSocket(`ws://127.0.0.1:${relay.port}/gun${query}`, {
    headers,
    perMessageDeflate: false,
  });
  return new Promise((resolve, reject) => {
    socket.once('open', () => resolve(socket));
    socket.once('error', reject);
    socket.once('unexpected-response', (asking, response: IncomingMessage) => {
      asking.destroy();
      resolve(response.statusCode ?? 0);
    });
  });
}

async function statuses(relay: Relay, count: number): Promise<number[]> {
  const answers = await Promise.all(Array.from({ length: count }, () => knock(relay)));
  return answers.map((answer) => (typeof answer === 'number' ? answer : 101)).toSorted((a, b) => a - b);
}

function meet(relay: Relay, query = ''): Promise<RawPeer> {
  return RawPeer.open(`ws://127.0.0.1:${relay.port}/gun${query}`);
}

async function get(
  port: number,
  path: string,
  headers: Record<string, string> = {},
): Promise<[number, string]> {
  const asking = request({ host: '127.0.0.1', port, path, headers, agent: false }).end();
  const [response] = (await once(asking, 'response')) as [IncomingMessage];
  return [response.statusCode ?? 0, await text(response)];
}

describe('relay and strangers', () => {
  const relays: Relay[] = [];

  afterEach(async () => {
    await Promise.all(relays.splice(0).map((relay) => relay.close()));
  });

  /** A relay to which even this machine is a stranger. */
  async function start(changes: RelaySettings = {}, parts: RelayParts = {}): Promise<Relay> {
    const common = { port: 0, host: '127.0.0.1', logLevel: 'silent', exempt: [] } as const;
    const relay = createRelay({ ...common, ...changes }, { storage: new MemoryStorage(), ...parts });
    relays.push(relay);
    await relay.listen();
    await relay.ready();
    return relay;
  }

  it('takes so many connections in all, and again when one leaves', async () => {
    const relay = await start({ connections: 3 });
    const first = await knock(relay);
    expect(await statuses(relay, 4)).to.deep.equal([101, 101, 503, 503]);
    (first as WebSocket).close();
    await once(first as WebSocket, 'close');
    let again = await knock(relay);
    while (again === 503) again = await knock(relay);
    expect(again).to.be.instanceOf(WebSocket);
  });

  it('takes so many from one address at once and in a second', async () => {
    const crowded = await start({ addressConnections: 2 });
    expect(await statuses(crowded, 4)).to.deep.equal([101, 101, 429, 429]);
    const { now } = new FakeTimers();
    const busy = await start({ addressArrivalsBurst: 2 }, { now });
    expect(await statuses(busy, 4)).to.deep.equal([101, 101, 429, 429]);
  });

  it('has no such limits for this machine by default', async () => {
    const relay = await start({ addressConnections: 1, addressArrivalsBurst: 1, exempt: ['127.0.0.1'] });
    expect(await statuses(relay, 20)).to.deep.equal(Array.from({ length: 20 }, () => 101));
  });

  it('believes a trusted proxy alone about addresses', async () => {
    const behind = await start({ addressConnections: 1, trustProxy: ['127.0.0.1'] });
    expect(await knock(behind, { 'x-forwarded-for': '192.0.2.7' })).to.be.instanceOf(WebSocket);
    expect(await knock(behind, { 'x-forwarded-for': '192.0.2.7' })).to.equal(429);
    expect(await knock(behind, { 'x-forwarded-for': '192.0.2.7, 192.0.2.8' })).to.be.instanceOf(WebSocket);
    const plain = await start({ addressConnections: 1 });
    expect(await knock(plain, { 'x-forwarded-for': '192.0.2.7' })).to.be.instanceOf(WebSocket);
    expect(await knock(plain, { 'x-forwarded-for': '192.0.2.8' })).to.equal(429);
  });

  it('takes pages of the listed origins', async () => {
    const relay = await start({ origins: ['https://app.example'], missingOrigin: 'refuse' });
    expect(await knock(relay, { origin: 'https://app.example' })).to.be.instanceOf(WebSocket);
    expect(await knock(relay, { origin: 'https://evil.example' })).to.equal(403);
    expect(await knock(relay)).to.equal(403);
  });

  it('takes those who have a token by header, query or cookie', async () => {
    const relay = await start({ readToken: 'open-sesame' });
    expect(await knock(relay)).to.equal(401);
    expect(await knock(relay, { authorization: 'Bearer wrong-wrong' })).to.equal(401);
    expect(await knock(relay, { authorization: 'Bearer open-sesame' })).to.be.instanceOf(WebSocket);
    expect(await knock(relay, { cookie: 'token=open-sesame' })).to.be.instanceOf(WebSocket);
    expect(await knock(relay, {}, '?token=open-sesame')).to.be.instanceOf(WebSocket);
  });

  it('stores nothing of those who may only read, and serves them what others write', async () => {
    const relay = await start({ readToken: 'readers-token', writeToken: 'writers-token' });
    const [reader, writer] = [
      await meet(relay, '?token=readers-token'),
      await meet(relay, '?token=writers-token'),
    ];
    const soul = freshName('soul');
    await reader.get({ '#': soul });
    const refusal = await reader.put(graphOf(soul, { a: 1 }, 5));
    expect(refusal.err).to.equal('this relay takes writes with a token only');
    expect(await writer.value(soul, 'a')).to.equal(undefined);
    expect(await writer.put(graphOf(soul, { a: 2 }, 6))).to.include({ ok: true });
    expect((await reader.pushed(soul)).put?.[soul]).to.include({ a: 2 });
  });

  it('reads a peer that is too fast more slowly, loses nothing, and serves others meanwhile', async () => {
    const timers = new FakeTimers();
    const relay = await start({ peerMessages: 1000, peerMessagesBurst: 200 }, timers);
    const [fast, calm] = [await meet(relay), await meet(relay)];
    const soul = freshName('soul');
    const ids = Array.from({ length: 2000 }, (_, i) => `fast${i}`);
    for (const id of ids) fast.send({ '#': id, get: { '#': soul } });
    expect(await calm.put(graphOf(soul, { a: 1 }, 5))).to.include({ ok: true });
    await calm.caughtUp();
    const isAnswered = (id: string): boolean => fast.repliesTo(id).length > 0;
    expect(isAnswered(ids.at(-1)!)).to.equal(false);
    while (!isAnswered(ids.at(-1)!)) {
      timers.pass(100);
      await calm.caughtUp();
    }
    expect(timers.now()).to.be.at.least(500);
    expect(ids.every(isAnswered)).to.equal(true);
  });

  it('closes a peer with 1013 that sends far more at once than it may', async () => {
    const relay = await start({ peerMessages: 1, peerMessagesBurst: 10 });
    const [flood, calm] = [await meet(relay), await meet(relay)];
    for (let i = 0; i < 1000; i += 1) flood.send({ '#': `flood${i}`, get: { '#': 'x' } });
    expect(await flood.closed).to.equal(1013);
    expect(await calm.put(graphOf(freshName('soul'), { a: 1 }, 5))).to.include({ ok: true });
  });

  it('shows operators what is going on', async () => {
    const relay = await start({ connections: 2, exempt: ['127.0.0.1'], legacy: 'graph' });
    const peer = await meet(relay);
    await peer.put(graphOf(freshName('soul'), { a: 1 }, 5));
    await peer.get({ '#': freshName('soul') });
    await meet(relay);
    expect(await knock(relay)).to.equal(503);
    peer.sendText('{"');
    await peer.caughtUp();
    const [status, metrics] = await get(relay.port, '/metrics');
    expect(status).to.equal(200);
    for (const line of [
      'thicket_websockets 2',
      'thicket_connections_half_open 0',
      'thicket_websockets_total 2',
      'thicket_upgrades_refused_total{reason="full"} 1',
      'thicket_messages_total{kind="put",verdict="accepted"} 1',
      'thicket_refused_total{reason="json"} 1',
      'thicket_put_ack_seconds_count 1',
      'thicket_commit_changes_sum 1',
      'thicket_peers{role="client"} 2',
    ]) {
      expect(metrics.split('\n'), metrics).to.include(line);
    }
    expect(metrics)
      .to.match(/^thicket_received_bytes_total [1-9]/m)
      .and.to.match(/^thicket_sent_bytes_total [1-9]/m);
    expect(metrics)
      .to.match(/^process_cpu_seconds_total /m)
      .and.to.match(/^nodejs_eventloop_lag_p99_seconds /m);
    expect((await get(relay.port, '/metrics', { 'x-forwarded-for': '192.0.2.7' }))[0]).to.equal(403);
  });

  it('shows it on a port of their own when they have one', async () => {
    const relay = await start({ adminPort: 0 });
    expect((await get(relay.adminPort, '/metrics'))[0]).to.equal(200);
    expect((await get(relay.port, '/metrics'))[0]).to.equal(404);
  });

  it('says what it takes, as JSON', async () => {
    const relay = await start({ connections: 7, writeToken: 'open-sesame', limits: { idLength: 99 } });
    const [, body] = await get(relay.port, '/gun', { accept: 'application/json' });
    expect(JSON.parse(body)).to.deep.include({ access: { read: 'all', write: 'token' } });
    expect(JSON.parse(body)).to.have.property('limits').that.includes({ connections: 7, idLength: 99 });
    expect(body).to.not.contain('open-sesame');
  });

  it('is not ready while its storage takes no writes, and ready again by itself', async () => {
    let now = 0;
    const storage = new FaultyStorage(new MemoryStorage());
    const relay = await start({}, { storage, now: () => now });
    const peer = await meet(relay);
    expect((await get(relay.port, '/ready'))[0]).to.equal(200);
    storage.fails = (operation) => operation === 'commit';
    expect((await peer.put(graphOf(freshName('soul'), { a: 1 }, 5))).err).to.contain('storage failed');
    const [status, body] = await get(relay.port, '/ready');
    expect([status, JSON.parse(body)]).to.deep.equal([
      503,
      { status: 'not ready', reason: 'the storage takes no writes' },
    ]);
    expect((await get(relay.port, '/health'))[0]).to.equal(200);
    storage.fails = () => false;
    now = 1000;
    expect((await get(relay.port, '/ready'))[0]).to.equal(200);
  });
});
