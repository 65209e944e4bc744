import { once } from 'node:events';
import { expect } from 'chai';
import { WebSocket } from 'ws';
import { decodeFrame, LOG_SUBPROTOCOL, MOST_FRAME_BYTES, type LogFrame } from '../../lib/sync/log-frames.ts';
import type { LogSocket } from '../../relay/log-socket.ts';
import { Inbox } from '../support/inbox.ts';
import { SocketServer } from './socket-server.ts';

const OUTPUT_BYTES = 4_000_000;
const LARGE: LogFrame = {
  type: 'operation',
  session: 1,
  header: new Uint8Array(100).fill(1),
  body: new Uint8Array(500_000),
};

describe('relay log socket', () => {
  let server: SocketServer;

  beforeEach(async () => {
    server = await SocketServer.start({ limits: { outputBytes: OUTPUT_BYTES }, closeTimeoutMs: 50 });
  });

  afterEach(() => server.close());

  /** A client, and the line it made here with what came over it. */
  async function connect(): Promise<{
    readonly client: WebSocket;
    readonly line: LogSocket;
    readonly heard: Inbox<Uint8Array | 'text' | 'closed'>;
    readonly told: Inbox<LogFrame>;
    readonly closed: Promise<number>;
  }> {
    const client = server.own(
      new WebSocket(`ws://127.0.0.1:${server.port}/log`, [LOG_SUBPROTOCOL], { perMessageDeflate: false }),
    );
    const told = new Inbox<LogFrame>('told');
    client.on('message', (data: Buffer) => {
      const frame = decodeFrame(data);
      if (frame.ok) told.push(frame.value);
    });
    client.on('error', () => undefined);
    const closed = new Promise<number>((resolve) => {
      client.on('close', resolve);
    });
    const [line] = await Promise.all([server.lines.next(() => true), once(client, 'open')]);
    const heard = new Inbox<Uint8Array | 'text' | 'closed'>('heard');
    line.listen({
      frame: (bytes) => heard.push(bytes === undefined ? 'text' : Uint8Array.from(bytes)),
      close: () => heard.push('closed'),
    });
    return { client, line, heard, told, closed };
  }

  it('carries binary frames both ways, and says when a text comes', async () => {
    const { client, line, heard, told } = await connect();
    client.send(Uint8Array.of(1, 2));
    client.send('text');
    expect([await heard.next(() => true), await heard.next(() => true)]).to.deep.equal([
      Uint8Array.of(1, 2),
      'text',
    ]);
    void line.send({ type: 'done', session: 3 });
    expect(await told.next(() => true)).to.deep.equal({ type: 'done', session: 3 });
    expect(line.bytesRead).to.be.above(10);
  });

  it('reads nothing while it is paused', async () => {
    const { client, line, heard } = await connect();
    line.pause();
    client.send(Uint8Array.of(1));
    client.ping();
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
    expect(heard.all).to.deep.equal([]);
    line.resume();
    await heard.next(() => true);
  });

  it('has who sends wait while the other side does not read, until it does', async () => {
    const { client, line, told } = await connect();
    client.pause();
    let waits: Promise<void> | void = undefined;
    let sent = 0;
    for (; waits === undefined && sent < 50; sent += 1) waits = line.send(LARGE);
    expect(waits).to.be.instanceOf(Promise);
    client.resume();
    await waits;
    await told.until(() => (told.all.length === sent ? true : undefined), 'everything');
    expect(line.queuedBytes).to.equal(0);
    expect(line.send({ type: 'done', session: 3 })).to.equal(undefined);
  });

  it('closes with 1013 who does not read what one does not wait with', async () => {
    const { client, line, heard } = await connect();
    client.pause();
    for (let sent = 0; sent < 100; sent += 1) void line.send(LARGE);
    expect(await heard.next(() => true)).to.equal('closed');
    expect(line.queuedBytes).to.be.below(OUTPUT_BYTES + 1_000_000);
  });

  it('lets go whoever waits when it ends', async () => {
    const { client, line, heard } = await connect();
    client.pause();
    let waits: Promise<void> | void = undefined;
    while (waits === undefined) waits = line.send(LARGE);
    client.terminate();
    await waits;
    expect(await heard.next(() => true)).to.equal('closed');
    expect(line.send(LARGE)).to.equal(undefined);
  });

  it('closes with the code it is given, and with 1009 who sends too large a frame', async () => {
    const first = await connect();
    first.line.close(1008, 'no '.repeat(100));
    expect([await first.closed, await first.heard.next(() => true)]).to.deep.equal([1008, 'closed']);
    const second = await connect();
    second.client.send(new Uint8Array(MOST_FRAME_BYTES + 1));
    expect([await second.closed, await second.heard.next(() => true)]).to.deep.equal([1009, 'closed']);
  });

  it('pings, answers pings, and gives up on a side that stays silent', async () => {
    const { client, line, heard } = await connect();
    const pinged = once(client, 'ping');
    server.beat();
    await pinged;
    client.ping('x');
    expect(String((await once(client, 'pong'))[0])).to.equal('x');
    expect(line.noise).to.be.above(0);
    client.pause();
    for (let beats = 0; beats < 4; beats += 1) server.beat();
    expect(await heard.next((item) => item === 'closed')).to.equal('closed');
  });

  it('tells a listener that comes late that it is gone', async () => {
    const { client, line } = await connect();
    client.terminate();
    await new Promise<void>((resolve) => {
      line.listen({ frame: () => undefined, close: resolve });
    });
    const late = await new Promise<string>((resolve) => {
      line.listen({ frame: () => undefined, close: () => resolve('gone') });
    });
    expect(late).to.equal('gone');
  });
});
