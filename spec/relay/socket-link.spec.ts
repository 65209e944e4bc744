import { once } from 'node:events';
import { connect as connectTo, type Socket } from 'node:net';
import { expect } from 'chai';
import { WebSocket } from 'ws';
import { describeLink, type LinkSubject } from '../../adapters/conformance/index.ts';
import { WebSocketLink } from '../../adapters/websocket-link.ts';
import type { Frame, LinkListener } from '../../lib/mesh/link.ts';
import type { SocketLink } from '../../relay/socket-link.ts';
import { encodeTextFrame, Fragments } from '../../relay/text-frame.ts';
import { Inbox } from '../support/inbox.ts';
import { deafPeer } from './deaf-peer.ts';
import { SocketServer } from './socket-server.ts';

const FRAME_BYTES = 3_000_000;
const CLOSE_TIMEOUT_MS = 300;

/** Both ends of one connection. */
interface Pair {
  readonly link: SocketLink;
  readonly client: WebSocket;
  /** The stream below the client, to break the protocol on. */
  readonly stream: Socket;
  /** Texts that the client received. */
  readonly received: Inbox<string>;
}

/** A listener that keeps what it is told. */
class Recorder implements LinkListener {
  readonly frames = new Inbox<string>('link frames');
  readonly closed: Promise<void>;
  closes = 0;
  #onClose: () => void = () => undefined;

  constructor() {
    this.closed = new Promise((resolve) => (this.#onClose = resolve));
  }

  frame(text: string): void {
    this.frames.push(text);
  }

  close(): void {
    this.closes += 1;
    this.#onClose();
  }
}

/** Pings the relay's side and waits for its pong, so that everything sent before has been read there. */
async function answered(client: WebSocket): Promise<void> {
  const pong = once(client, 'pong');
  client.ping();
  await pong;
}

async function turn(): Promise<void> {
  await new Promise<void>((resolve) => {
    setImmediate(resolve);
  });
}

/** First byte and length of unmasked frames that stand one after another. */
function framesIn(bytes: Buffer): [head: number, length: number][] {
  const frames: [number, number][] = [];
  for (let at = 0; at < bytes.length;) {
    const short = bytes[at + 1]!;
    const lead = short < 126 ? 2 : short === 126 ? 4 : 10;
    const length =
      short < 126
        ? short
        : short === 126
          ? bytes.readUInt16BE(at + 2)
          : Number(bytes.readBigUInt64BE(at + 2));
    frames.push([bytes[at]!, length]);
    at += lead + length;
  }
  return frames;
}

describe('relay socket link', () => {
  let server: SocketServer;

  beforeEach(async () => {
    server = await SocketServer.start({
      limits: { frameBytes: FRAME_BYTES },
      closeTimeoutMs: CLOSE_TIMEOUT_MS,
    });
  });

  afterEach(() => server.close());

  async function connect(): Promise<Pair> {
    const stream = connectTo(server.port, '127.0.0.1');
    const client = server.own(
      new WebSocket(`ws://127.0.0.1:${server.port}/gun`, {
        perMessageDeflate: false,
        createConnection: () => stream,
      }),
    );
    const received = new Inbox<string>('client frames');
    client.on('message', (data: Buffer, isBinary) => received.push(isBinary ? 'binary' : data.toString()));
    await once(client, 'open');
    return { client, stream, received, link: await server.links.next(() => true) };
  }

  /** Resolves when every link is gone. */
  async function emptied(): Promise<void> {
    while (server.upgrade.linkCount > 0) await turn();
  }

  it('delivers text frames in order and ignores binary ones', async () => {
    const { link, client } = await connect();
    const recorder = new Recorder();
    link.listen(recorder);
    client.send('one');
    client.send(Buffer.from('{"binary":1}'), { binary: true });
    client.send('zwei — 😀');
    await recorder.frames.next((text) => text.startsWith('zwei'));
    expect(recorder.frames.all).to.deep.equal(['one', 'zwei — 😀']);
  });

  it('keeps what came before anybody listened', async () => {
    const { link, client } = await connect();
    client.send('early');
    client.send('bird');
    // Two turns of another connection: time enough for these to be read, if anybody read them.
    const other = await connect();
    other.link.listen(new Recorder());
    for (let i = 0; i < 2; i += 1) await answered(other.client);
    const recorder = new Recorder();
    link.listen(recorder);
    await recorder.frames.next((text) => text === 'bird');
    expect(recorder.frames.all).to.deep.equal(['early', 'bird']);
  });

  it('tells a late listener that the link is gone', async () => {
    const { link } = await connect();
    link.terminate();
    const recorder = new Recorder();
    link.listen(recorder);
    await recorder.closed;
    expect(recorder.closes).to.equal(1);
  });

  it('sends frames of every length form, whole and in order', async () => {
    const { link, received } = await connect();
    link.listen(new Recorder());
    const texts = [0, 1, 125, 126, 65_535, 65_536, 200_000].map((length) => 'x'.repeat(length));
    texts.push('ü'.repeat(63), '😀'.repeat(20_000), 'end');
    for (const text of texts) link.send({ text });
    await received.next((text) => text === 'end');
    expect(received.all).to.deep.equal(texts);
  });

  it('encodes a frame once for all its receivers', async () => {
    const pairs = [await connect(), await connect(), await connect()];
    const frame: Frame = { text: '{"#":"shared"}' };
    const encodings = new Set<unknown>();
    for (const { link } of pairs) {
      link.listen(new Recorder());
      link.send(frame);
      encodings.add(frame.encoded);
    }
    for (const { received } of pairs) await received.next((text) => text === frame.text);
    expect(encodings.size).to.equal(1);
    expect(Buffer.compare(frame.encoded as Buffer, encodeTextFrame(frame.text))).to.equal(0);
  });

  it('counts what waits for the other side, and nothing else', async () => {
    const { link, client, received } = await connect();
    link.listen(new Recorder());
    expect(link.queuedBytes).to.equal(0);
    client.pause();
    const text = 'x'.repeat(90_000);
    for (let i = 0; i < 200; i += 1) link.send({ text });
    expect(link.queuedBytes).to.be.greaterThan(10_000_000);
    client.resume();
    for (let i = 0; i < 200; i += 1) await received.next((other) => other === text);
    expect(link.queuedBytes).to.equal(0);
  });

  it('closes with the code and reason, tells its listener once, and drops what is sent afterwards', async () => {
    const { link, client, received } = await connect();
    const recorder = new Recorder();
    link.listen(recorder);
    link.send({ text: 'last' });
    const closing = once(client, 'close') as Promise<[number, Buffer]>;
    link.close(1001, 'r'.repeat(130));
    link.close(1008, 'again');
    link.send({ text: 'too late' });
    const [code, reason] = await closing;
    expect([code, reason.toString()]).to.deep.equal([1001, 'r'.repeat(123)]);
    expect(received.all).to.deep.equal(['last']);
    await recorder.closed;
    link.send({ text: 'later still' });
    expect(recorder.closes).to.equal(1);
  });

  it('cuts a close reason between characters', async () => {
    const { link, client } = await connect();
    link.listen(new Recorder());
    const closing = once(client, 'close') as Promise<[number, Buffer]>;
    link.close(1008, '😀'.repeat(40));
    const [, reason] = await closing;
    expect(reason.length).to.be.at.most(123);
    expect('😀'.repeat(40).startsWith(reason.toString())).to.equal(true);
  });

  it('delivers nothing after it was closed', async () => {
    const { link, client } = await connect();
    const recorder = new Recorder();
    link.listen(recorder);
    link.close(1001, '');
    client.send('into the void');
    await recorder.closed;
    expect(recorder.frames.all).to.deep.equal([]);
  });

  it('tells its listener when the other side closes or vanishes', async () => {
    const polite = await connect();
    const vanishing = await connect();
    const recorders = [polite, vanishing].map(({ link }) => {
      const recorder = new Recorder();
      link.listen(recorder);
      return recorder;
    });
    polite.client.close();
    vanishing.stream.destroy();
    await Promise.all(recorders.map(({ closed }) => closed));
    expect(server.upgrade.linkCount).to.equal(0);
  });

  it('closes a frame over the limit with 1009 and takes one of just the limit', async () => {
    const { link, client } = await connect();
    const recorder = new Recorder();
    link.listen(recorder);
    client.send('x'.repeat(FRAME_BYTES));
    await recorder.frames.next((text) => text.length === FRAME_BYTES);
    const closing = once(client, 'close');
    client.send('x'.repeat(FRAME_BYTES + 1));
    const [code] = (await closing) as [number];
    expect(code).to.equal(1009);
    await recorder.closed;
  });

  it('closes what breaks the websocket protocol', async () => {
    const cases: [string, Buffer, number][] = [
      ['a frame without mask', Buffer.from([0x81, 0x01, 0x41]), 1002],
      ['a reserved opcode', Buffer.from([0x83, 0x80, 0, 0, 0, 0]), 1002],
      ['text that is no UTF-8', Buffer.from([0x81, 0x81, 0, 0, 0, 0, 0xff]), 1007],
      ['a continuation of nothing', Buffer.from([0x80, 0x80, 0, 0, 0, 0]), 1002],
    ];
    for (const [name, bytes, expected] of cases) {
      const { link, client, stream } = await connect();
      const recorder = new Recorder();
      link.listen(recorder);
      const closing = once(client, 'close');
      stream.write(bytes);
      const [code] = (await closing) as [number];
      expect(code, name).to.equal(expected);
      await recorder.closed;
      expect(recorder.frames.all, name).to.deep.equal([]);
    }
  });

  it('closes a message in more than 1024 fragments', async () => {
    const { link, client } = await connect();
    link.listen(new Recorder());
    const closing = once(client, 'close');
    for (let i = 0; i < 1100; i += 1) client.send('x', { fin: false });
    const [code] = (await closing) as [number];
    expect(code).to.equal(1008);
  });

  it("sends Gun's heartbeat and a ping with every beat", async () => {
    const { link, client, received } = await connect();
    link.listen(new Recorder());
    const ping = once(client, 'ping');
    server.beat();
    await Promise.all([ping, received.next((text) => text === '[]')]);
    expect(received.all).to.deep.equal(['[]']);
  });

  it('keeps a side that answers pings', async () => {
    const { link, client, received } = await connect();
    link.listen(new Recorder());
    for (let i = 0; i < 6; i += 1) {
      server.beat();
      await received.next((text) => text === '[]');
      await answered(client);
    }
    expect(client.readyState).to.equal(WebSocket.OPEN);
  });

  it('answers pings as long as the other side reads, and counts them with all else that is no text', async () => {
    const { link, client, received } = await connect();
    link.listen(new Recorder());
    await answered(client);
    client.pong();
    client.send(Buffer.from([1]), { binary: true });
    client.send('text');
    await answered(client);
    expect(link.noise).to.equal(4);
    expect(link.bytesRead).to.be.greaterThan(4 * 6);
    client.pause();
    for (let i = 0; i < 200; i += 1) link.send({ text: 'x'.repeat(90_000) });
    const waiting = link.queuedBytes;
    for (let i = 0; i < 100; i += 1) client.ping('x'.repeat(125));
    const other = await connect();
    other.link.listen(new Recorder());
    while (link.noise < 104) await answered(other.client);
    expect(link.queuedBytes).to.be.at.most(waiting);
    client.resume();
    for (let i = 0; i < 200; i += 1) await received.next((text) => text.length === 90_000);
  });

  it('cuts off a side that leaves two pings without any sign of life', async () => {
    const { link, client, received } = await connect();
    const recorder = new Recorder();
    link.listen(recorder);
    client.pause();
    for (let i = 0; i < 2; i += 1) server.beat();
    client.resume();
    for (let i = 0; i < 2; i += 1) await received.next((text) => text === '[]');
    await answered(client);
    client.pause();
    for (let i = 0; i < 3; i += 1) server.beat();
    await recorder.closed;
    expect(server.upgrade.linkCount).to.equal(0);
  });

  it('waits for no sign of life while it does not read itself', async () => {
    const { link, client, received } = await connect();
    const recorder = new Recorder();
    link.listen(recorder);
    link.pause();
    client.pause();
    for (let i = 0; i < 6; i += 1) server.beat();
    client.resume();
    for (let i = 0; i < 6; i += 1) await received.next((text) => text === '[]');
    expect(recorder.closes).to.equal(0);
    link.resume();
    client.send('still here');
    await recorder.frames.next((text) => text === 'still here');
  });

  it('closes while it is paused, with code and reason', async () => {
    const { link, client } = await connect();
    const recorder = new Recorder();
    link.listen(recorder);
    link.pause();
    client.send('unread');
    const closing = once(client, 'close') as Promise<[number, Buffer]>;
    link.close(1013, 'enough');
    const [code] = await closing;
    expect(code).to.equal(1013);
    await recorder.closed;
    expect(recorder.frames.all).to.deep.equal([]);
    await emptied();
  });

  describe('with long texts', () => {
    const CJK = '語'.repeat(900_000);
    const MIXED = `${'x'.repeat(65_535)}😀`.repeat(20);

    it('sends them in fragments, whole and in order with what follows', async () => {
      const { link, received, stream } = await connect();
      link.listen(new Recorder());
      let bytes = 0;
      stream.on('data', (chunk: Buffer) => (bytes += chunk.length));
      for (const text of ['first', CJK, 'between', MIXED, 'end']) link.send({ text });
      await received.next((text) => text === 'end');
      expect(received.all.map((text) => text.length)).to.deep.equal([5, 900_000, 7, MIXED.length, 3]);
      expect(received.all[1] === CJK && received.all[3] === MIXED).to.equal(true);
      // Fourteen fragments and twenty-one, ten bytes each beside the text.
      expect(bytes - Buffer.byteLength(CJK) - Buffer.byteLength(MIXED)).to.be.within(300, 400);
      expect(link.queuedBytes).to.equal(0);
    });

    it('writes fragments as the protocol has them', async () => {
      const { link, stream, client } = await connect();
      link.listen(new Recorder());
      client.terminate();
      expect(stream.destroyed).to.equal(true);
      const raw = await deafPeer(server.port);
      const deaf = await server.links.next(() => true);
      deaf.listen(new Recorder());
      const chunks: Buffer[] = [];
      deaf.send({ text: 'x'.repeat(150_000) });
      deaf.send({ text: 'end' });
      raw.on('data', (chunk: Buffer) => chunks.push(chunk));
      raw.resume();
      while (!Buffer.concat(chunks).includes('end')) await once(raw, 'data');
      raw.destroy();
      expect(framesIn(Buffer.concat(chunks))).to.deep.equal([
        [0x01, 65_536],
        [0x00, 65_536],
        [0x80, 150_000 - 2 * 65_536],
        [0x81, 3],
      ]);
    });

    it('encodes them once for all receivers', async () => {
      const pairs = await Promise.all(Array.from({ length: 5 }, () => connect()));
      const frame: Frame = { text: CJK };
      for (const { link } of pairs) {
        link.listen(new Recorder());
        link.send(frame);
      }
      for (const { received } of pairs) await received.next((text) => text === CJK);
      expect((frame.encoded as Fragments).made).to.equal(14);
    });

    it('pings between their fragments, and sends no other text there', async () => {
      const { link, client, received } = await connect();
      link.listen(new Recorder());
      let pings = 0;
      client.on('ping', () => (pings += 1));
      client.pause();
      for (let i = 0; i < 8; i += 1) link.send({ text: CJK });
      for (let i = 0; i < 2; i += 1) {
        await turn();
        server.beat();
      }
      client.resume();
      await received.until(() => received.all.length === 8 || undefined, 'eight texts');
      expect(received.all.every((text) => text === CJK)).to.equal(true);
      expect(pings).to.equal(2);
    });

    it('delivers them before it closes', async () => {
      const { link, client, received } = await connect();
      const recorder = new Recorder();
      link.listen(recorder);
      for (const text of [CJK, 'last']) link.send({ text });
      const closing = once(client, 'close') as Promise<[number, Buffer]>;
      link.close(1001, 'bye');
      expect(recorder.closes).to.equal(1);
      link.send({ text: 'too late' });
      const [code, reason] = await closing;
      expect([code, reason.toString()]).to.deep.equal([1001, 'bye']);
      expect(received.all.map((text) => text.length)).to.deep.equal([900_000, 4]);
    });

    it('is cut off in the end when the other side does not take them', async () => {
      const { link, client, stream } = await connect();
      link.listen(new Recorder());
      client.pause();
      for (let i = 0; i < 20; i += 1) link.send({ text: CJK });
      expect(link.queuedBytes).to.be.above(17_000_000);
      link.close(1013, 'output limit');
      await emptied();
      stream.destroy();
    });

    it('gives up on them when the other side goes', async () => {
      const { link, client } = await connect();
      const recorder = new Recorder();
      link.listen(recorder);
      client.pause();
      for (let i = 0; i < 20; i += 1) link.send({ text: CJK });
      client.terminate();
      await recorder.closed;
      await turn();
      await turn();
      expect(server.slices.size).to.equal(0);
    });

    it('decodes them over several turns, in order with what follows, and reads no further meanwhile', async () => {
      const { link, client } = await connect();
      const recorder = new Recorder();
      link.listen(recorder);
      const texts = ['first', CJK, 'between', MIXED, 'end'];
      for (const text of texts) client.send(text);
      await recorder.frames.next((text) => text === 'end');
      expect(recorder.frames.all.map((text) => text.length)).to.deep.equal([5, 900_000, 7, MIXED.length, 3]);
      expect(recorder.frames.all[1] === CJK && recorder.frames.all[3] === MIXED).to.equal(true);
    });

    it('delivers one that came just before the end', async () => {
      const { link, client } = await connect();
      const recorder = new Recorder();
      link.listen(recorder);
      client.send(CJK);
      client.send('last');
      client.close();
      await recorder.closed;
      expect(recorder.frames.all.map((text) => text.length)).to.deep.equal([900_000, 4]);
    });

    it('delivers nothing of one that was being decoded when it was closed', async () => {
      const { link, client } = await connect();
      const recorder = new Recorder();
      link.listen(recorder);
      client.send('first');
      client.send(CJK);
      await recorder.frames.next((text) => text === 'first');
      while (server.slices.size === 0) await turn();
      link.close(1001, '');
      await emptied();
      expect(recorder.frames.all).to.deep.equal(['first']);
    });
  });

  it('waits for nobody to answer while nobody listens', async () => {
    const { client, received } = await connect();
    client.pause();
    for (let i = 0; i < 6; i += 1) server.beat();
    client.resume();
    for (let i = 0; i < 6; i += 1) await received.next((text) => text === '[]');
    expect(server.upgrade.linkCount).to.equal(1);
  });
});

/** A relay's side and a dialler's side of one connection, over a server of their own. */
async function joined(): Promise<{
  accepted: SocketLink;
  dialled: WebSocketLink;
  remove: () => Promise<void>;
}> {
  const server = await SocketServer.start({ limits: { frameBytes: 8_000_000 } });
  const url = `ws://127.0.0.1:${server.port}/gun`;
  const socket = new WebSocket(url, { perMessageDeflate: false });
  const dialled = new WebSocketLink(socket, url);
  await once(socket, 'open');
  return { accepted: await server.links.next(() => true), dialled, remove: () => server.close() };
}

describeLink({ describe, it }, 'SocketLink', async (): Promise<LinkSubject> => {
  const { accepted, dialled, remove } = await joined();
  return { near: accepted, far: dialled, remove };
});

describeLink({ describe, it }, 'what a SocketLink is joined to', async (): Promise<LinkSubject> => {
  const { accepted, dialled, remove } = await joined();
  return { near: dialled, far: accepted, remove };
});
