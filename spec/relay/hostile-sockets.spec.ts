/** Behaviour of a running relay towards those who break or abuse HTTP and the websocket protocol below its frames. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { deflateRawSync } from 'node:zlib';
import { expect } from 'chai';
import { WebSocket } from 'ws';
import { MemoryStorage } from '../../adapters/memory.ts';
import { createRelay, type Relay } from '../../relay/relay.ts';
import { freshName, graphOf, RawPeer } from '../support/raw-peer.ts';
import { deafPeer } from './deaf-peer.ts';
import { FakeTimers } from './fake-timers.ts';

const FRAME_BYTES = 200_000;
const REQUEST_MS = 300;
const HEARTBEAT_MS = 20_000;
const NO_MASK = [0, 0, 0, 0];
const FIN = 0x80;
const COMPRESSED = 0x40;
const TEXT = 1;
const MASKED = 0x80;

/** The first bytes of a masked frame that announces so many bytes. */
function announce(first: number, length: number): Buffer {
  const bytes = Buffer.alloc(14);
  bytes[0] = first;
  bytes[1] = MASKED | 127;
  bytes.writeBigUInt64BE(BigInt(length), 2);
  return bytes;
}

/** A masked frame whose mask changes nothing. */
function frame(first: number, payload: Buffer): Buffer {
  return Buffer.concat([announce(first, payload.length), payload]);
}

const BREACHES: readonly (readonly [name: string, bytes: Buffer, code: number])[] = [
  ['a frame without mask', Buffer.from([FIN | TEXT, 1, 0x41]), 1002],
  ['a reserved opcode', Buffer.from([FIN | 3, MASKED, ...NO_MASK]), 1002],
  ['a reserved control opcode', Buffer.from([FIN | 0xb, MASKED, ...NO_MASK]), 1002],
  ['reserved bits', Buffer.from([FIN | 0x30 | TEXT, MASKED, ...NO_MASK]), 1002],
  ['text that is no UTF-8', Buffer.from([FIN | TEXT, MASKED | 1, ...NO_MASK, 0xff]), 1007],
  ['a continuation of nothing', Buffer.from([FIN, MASKED, ...NO_MASK]), 1002],
  [
    'a text within a fragmented one',
    Buffer.from([TEXT, MASKED, ...NO_MASK, FIN | TEXT, MASKED, ...NO_MASK]),
    1002,
  ],
  ['a ping in fragments', Buffer.from([9, MASKED, ...NO_MASK]), 1002],
  [
    'a ping that is too long',
    Buffer.concat([Buffer.from([FIN | 9, MASKED | 126, 0, 126, ...NO_MASK])]),
    1002,
  ],
  ['a close of one byte', Buffer.from([FIN | 8, MASKED | 1, ...NO_MASK, 3]), 1002],
  [
    'a close with a code that nobody may send',
    Buffer.from([FIN | 8, MASKED | 2, ...NO_MASK, 0x03, 0xed]),
    1002,
  ],
  ['a length beyond all numbers', announce(FIN | TEXT, 2 ** 62), 1009],
  ['a length beyond the limit', announce(FIN | TEXT, FRAME_BYTES + 1), 1009],
  [
    'a compressed frame that nobody negotiated',
    frame(FIN | COMPRESSED | TEXT, deflateRawSync(Buffer.alloc(100_000_000))),
    1002,
  ],
  [
    'fragments that together pass the limit',
    Buffer.concat([TEXT, 0, 0].map((first) => frame(first, Buffer.alloc(FRAME_BYTES / 2, 0x41)))),
    1009,
  ],
  [
    'fragments in great number',
    Buffer.concat(Array.from({ length: 1100 }, (_, i) => frame(i === 0 ? TEXT : 0, Buffer.from('x')))),
    1008,
  ],
  [
    'empty fragments in great number',
    Buffer.concat(Array.from({ length: 1100 }, (_, i) => frame(i === 0 ? TEXT : 0, Buffer.alloc(0)))),
    1008,
  ],
];

const UPGRADE = [
  'GET /gun HTTP/1.1',
  'Host: relay',
  'Connection: Upgrade',
  'Upgrade: websocket',
  'Sec-WebSocket-Version: 13',
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
];

describe('relay and hostile sockets', () => {
  let relay: Relay;
  let timers: FakeTimers;
  const sockets = new Set<Socket>();

  beforeEach(async () => {
    timers = new FakeTimers();
    const options = { port: 0, host: '127.0.0.1', logLevel: 'silent', requestMs: REQUEST_MS } as const;
    relay = createRelay(
      { ...options, limits: { frameBytes: FRAME_BYTES } },
      { storage: new MemoryStorage(), repeat: timers.repeat },
    );
    await relay.listen();
  });

  afterEach(async () => {
    for (const socket of sockets) socket.destroy();
    sockets.clear();
    await relay.close();
  });

  /** A connection by hand; what is written may come too late. */
  function dial(): Socket {
    const socket = connect(relay.port, '127.0.0.1').on('error', () => undefined);
    sockets.add(socket);
    return socket;
  }

  /** A websocket, and the stream below it to break the protocol on. */
  async function join(): Promise<{ client: WebSocket; stream: Socket }> {
    const stream = dial();
    const client = new WebSocket(`ws://127.0.0.1:${relay.port}/gun`, {
      perMessageDeflate: false,
      createConnection: () => stream,
    });
    client.on('error', () => undefined);
    await once(client, 'open');
    return { client, stream };
  }

  async function checkOthers(): Promise<void> {
    const url = `ws://127.0.0.1:${relay.port}/gun`;
    const [writer, reader] = await Promise.all([RawPeer.open(url), RawPeer.open(url)]);
    const soul = freshName('soul');
    await reader.get({ '#': soul });
    expect(await writer.put(graphOf(soul, { a: 1 }, 5))).to.include({ ok: true });
    expect((await reader.pushed(soul)).put?.[soul]).to.include({ a: 1 });
    await Promise.all([writer.close(), reader.close()]);
  }

  for (const [name, bytes, expected] of BREACHES) {
    it(`closes ${name} with ${expected} and serves others`, async () => {
      const { client, stream } = await join();
      const closing = once(client, 'close') as Promise<[number]>;
      stream.write(bytes);
      const [code] = await closing;
      expect(code).to.equal(expected);
      await checkOthers();
    });
  }

  it('serves others while a message is never finished', async () => {
    const { stream } = await join();
    for (const first of [TEXT, ...Array.from({ length: 1000 }, () => 0)]) {
      stream.write(frame(first, Buffer.alloc(100, 0x41)));
    }
    stream.write(announce(0, 50_000));
    await checkOthers();
    expect(relay.peerCount).to.be.at.least(1);
  });

  it('serves others during a flood of pings whose answers nobody reads', async () => {
    const { client, stream } = await join();
    client.pause();
    const ping = frame(FIN | 9, Buffer.alloc(125));
    stream.write(Buffer.concat(Array.from({ length: 20_000 }, () => ping)));
    await checkOthers();
    expect(relay.peerCount).to.be.at.least(1);
  });

  it('cuts off peers that never answer pings', async () => {
    const deaf = await deafPeer(relay.port);
    sockets.add(deaf);
    while (relay.peerCount < 1) await new Promise((resolve) => setImmediate(resolve));
    timers.pass(4 * HEARTBEAT_MS);
    while (relay.peerCount > 0) await new Promise((resolve) => setImmediate(resolve));
    await checkOthers();
  });

  it('drops sockets that stay silent or drip their upgrade, and serves others meanwhile', async () => {
    const silent = Array.from({ length: 20 }, dial);
    const dripping = Array.from({ length: 20 }, dial);
    for (const socket of dripping) socket.write(`${UPGRADE.join('\r\n')}\r\nX-Slow: `);
    const ends = Promise.all([...silent, ...dripping].map((socket) => text(socket).catch(() => '')));
    await checkOthers();
    for (const end of await ends) expect(end === '' || end.startsWith('HTTP/1.1 408')).to.equal(true);
  });

  it('drops an upgrade that drips for ever', async () => {
    const socket = dial();
    const answer = text(socket).catch(() => '');
    await once(socket, 'connect');
    socket.write(`${UPGRADE.join('\r\n')}\r\n`);
    const drip = setInterval(() => socket.write('X: y\r\n'), REQUEST_MS / 10);
    expect(await answer).to.match(/^(HTTP\/1\.1 408 |$)/);
    clearInterval(drip);
    await checkOthers();
  });

  it('refuses floods of headers', async () => {
    const many = Array.from({ length: 1500 }, (_, i) => `X-${i}: 1234567890`);
    for (const headers of [many, [`X-Long: ${'x'.repeat(20_000)}`]]) {
      const socket = dial();
      socket.write(`${[...UPGRADE, ...headers].join('\r\n')}\r\n\r\n`);
      expect(await text(socket)).to.match(/^HTTP\/1\.1 431 /);
    }
    await checkOthers();
  });

  it('answers wrong methods, paths and protocols at once', async () => {
    const requests: [string, RegExp][] = [
      ['POST /gun HTTP/1.1\r\nHost: relay\r\nConnection: close\r\n\r\n', /^HTTP\/1\.1 404 /],
      ['GET /../../etc/passwd HTTP/1.1\r\nHost: relay\r\nConnection: close\r\n\r\n', /^HTTP\/1\.1 404 /],
      ['BREW /gun HTTP/1.1\r\nHost: relay\r\n\r\n', /^HTTP\/1\.1 400 /],
      ['nonsense\r\n\r\n', /^HTTP\/1\.1 400 /],
      ['\u0016\u0003\u0001\u0000\u0005hello', /^HTTP\/1\.1 400 /],
      [`${UPGRADE.join('\r\n').replace('/gun', '/elsewhere')}\r\n\r\n`, /^HTTP\/1\.1 404 /],
      [`${UPGRADE.join('\r\n').replace('/gun', '/log')}\r\n\r\n`, /^HTTP\/1\.1 400 /],
      [`${UPGRADE.join('\r\n').replace('GET', 'POST')}\r\n\r\n`, /^HTTP\/1\.1 405 /],
      [`${UPGRADE.join('\r\n').replace('13', '99')}\r\n\r\n`, /^HTTP\/1\.1 400 /],
      ['CONNECT relay:80 HTTP/1.1\r\nHost: relay\r\n\r\n', /^$/],
    ];
    for (const [asked, expected] of requests) {
      const socket = dial();
      socket.write(asked);
      expect(await text(socket).catch(() => ''), asked).to.match(expected);
    }
    await checkOthers();
  });

  it('cuts off who never ends a message when all together hold too much of them, and serves the others', async () => {
    await relay.close();
    relay = createRelay(
      { port: 0, host: '127.0.0.1', logLevel: 'silent', unfinishedBytes: 4 * FRAME_BYTES },
      { storage: new MemoryStorage(), repeat: timers.repeat },
    );
    await relay.listen();
    const joined = [];
    for (let at = 0; at < 10; at += 1) {
      const { stream } = await join();
      stream.write(announce(FIN | TEXT, FRAME_BYTES));
      stream.write(Buffer.alloc(FRAME_BYTES - 1));
      joined.push(stream);
    }
    for (const stream of joined.slice(0, 6)) if (!stream.closed) await once(stream, 'close');
    await checkOthers();
    expect(joined.slice(7).map((stream) => stream.closed)).to.deep.equal([false, false, false]);
  });
});
