/** Crowds at a relay: connections by the thousand, with odd manners, and of them nothing is left in the end. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { expect } from 'chai';
import { WebSocket } from 'ws';
import { memoryOf } from '../bench/process-meter.ts';
import { freshName, graphOf, RawPeer } from '../support/raw-peer.ts';
import { startRelay, type ThicketProcess } from '../support/relay-process.ts';
import { temporaryFolders } from '../support/temporary-folder.ts';
import { isFull, scaled } from './scale.ts';

const ODD_ORIGINS = scaled(500, 4000);
const HOLDERS = scaled(100, 1000);
const WARM_UP = 20;
/** Connections that are opened at once. */
const AT_ONCE = 100;
const MIB = 1024 * 1024;
const MOST_GROWTH_MIB = 96;
const MEMORY_WAIT_MS = 10_000;

/** Origins that no browser sends, and one that browsers do. */
const ORIGINS: readonly string[] = [
  'null',
  '*',
  '__proto__',
  'constructor',
  'https://',
  'https://evil.example:99999',
  'javascript:alert(1)',
  `https://${'x'.repeat(8000)}.example`,
  'https://a.example, https://b.example',
  'https://app.example',
];

/** The first bytes of a masked text frame of a mebibyte. */
const ANNOUNCED = Buffer.from([0x81, 0xff, 0, 0, 0, 0, 0, 0x10, 0, 0, 0, 0, 0, 0]);

describe('a crowd at a relay', function () {
  this.timeout(isFull ? 120_000 : 30_000);
  const folder = temporaryFolders();
  let relay: ThicketProcess;

  beforeEach(async () => {
    relay = await startRelay({ data: await folder(), args: ['--log-lines', '100000'] });
    await checkOthers();
  });

  afterEach(async () => {
    expect(await relay.stop()).to.equal(0);
  });

  async function checkOthers(): Promise<void> {
    const [writer, reader] = await Promise.all([RawPeer.open(relay.url), RawPeer.open(relay.url)]);
    const soul = freshName('soul');
    expect(await writer.put(graphOf(soul, { k: 1 }))).to.include({ ok: true });
    expect(await reader.value(soul, 'k')).to.equal(1);
    await Promise.all([writer.close(), reader.close()]);
  }

  /** A number of the relay's metrics. */
  async function metric(name: string): Promise<number> {
    const text = await (await fetch(relay.url.replace(/gun$/, 'metrics'))).text();
    return Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(text)?.[1]);
  }

  async function allGone(): Promise<void> {
    while ((await metric('thicket_websockets')) > 0);
    expect(await metric('thicket_unfinished_bytes')).to.equal(0);
  }

  /** Opens connections with odd origins, not all at once. */
  async function opened(): Promise<WebSocket[]> {
    const sockets: WebSocket[] = [];
    while (sockets.length < ODD_ORIGINS) {
      const some = Array.from({ length: AT_ONCE }, async (_, at) => {
        const origin = `${ORIGINS[at % ORIGINS.length]}${at % 3 === 0 ? '' : sockets.length + at}`;
        const socket = new WebSocket(relay.url.replace('http', 'ws'), { origin, perMessageDeflate: false });
        await once(socket, 'open');
        return socket;
      });
      sockets.push(...(await Promise.all(some)));
    }
    return sockets;
  }

  /** A connection that has sent a message but for its last byte. */
  async function holder(): Promise<Socket> {
    const stream = connect(relay.port, '127.0.0.1').on('error', () => undefined);
    const createConnection = (): Socket => stream;
    const url = relay.url.replace('http', 'ws');
    const client = new WebSocket(url, { perMessageDeflate: false, createConnection });
    await once(
      client.on('error', () => undefined),
      'open',
    );
    stream.write(ANNOUNCED);
    await new Promise((resolve) => stream.write(Buffer.alloc(MIB - 1), resolve));
    return stream;
  }

  it(`of ${ODD_ORIGINS} with odd origins is taken, and nothing of it is kept`, async () => {
    const clients = await opened();
    await checkOthers();
    expect(await metric('thicket_websockets')).to.be.at.least(ODD_ORIGINS);
    const closing = clients.map((client) => once(client, 'close'));
    for (const client of clients) client.terminate();
    await Promise.all(closing);
    await allGone();
    await checkOthers();
  });

  it(`of ${HOLDERS} that never end a message of a mebibyte leaves the others their memory`, async () => {
    // A relay that has just started takes less than one that has work.
    for (let at = 0; at < WARM_UP; at += 1) (await holder()).destroy();
    await allGone();
    const beforeMib = memoryOf(relay.pid).nowMib;
    const holders: Socket[] = [];
    for (let at = 0; at < HOLDERS; at += 1) holders.push(await holder());
    await checkOthers();
    expect(await metric('thicket_unfinished_bytes')).to.be.within(16 * MIB, 32 * MIB);
    const growthMib = (): number => memoryOf(relay.pid).nowMib - beforeMib;
    const end = performance.now() + MEMORY_WAIT_MS;
    // What was cut off is garbage until it is collected.
    while (growthMib() > MOST_GROWTH_MIB && performance.now() < end) await checkOthers();
    if (process.env['VERBOSE'] !== undefined) console.log(`${growthMib()} MiB grown`);
    expect(growthMib()).to.be.at.most(MOST_GROWTH_MIB);
    expect(relay.output.all.some((line) => line.includes('"unfinished-cut"'))).to.equal(true);
    for (const stream of holders) stream.destroy();
    await allGone();
    await checkOthers();
  });
});
