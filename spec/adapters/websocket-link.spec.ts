import { expect } from 'chai';
import { EventEmitter, once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { WebSocket, WebSocketServer } from 'ws';
import { describeLink } from '../../adapters/conformance/index.ts';
import {
  Dialler,
  WebSocketLink,
  type DiallerOptions,
  type Timers,
  type WebSocketClass,
  type WebSocketLike,
} from '../../adapters/websocket-link.ts';
import { GraphError } from '../../lib/base/errors.ts';
import { CLOSE, type Link } from '../../lib/mesh/link.ts';

/** A server on a free port; `next` gives what connects to it. */
class Server {
  readonly #server: WebSocketServer;
  readonly #sockets: WebSocket[] = [];
  readonly #wanted: ((socket: WebSocket) => void)[] = [];
  /** How many of the next handshakes to refuse. */
  refusals = 0;

  constructor() {
    const server = new WebSocketServer({
      port: 0,
      host: '127.0.0.1',
      verifyClient: () => {
        this.refusals -= 1;
        return this.refusals < 0;
      },
    });
    this.#server = server;
    server.on('connection', (socket) => {
      const taker = this.#wanted.shift();
      if (taker === undefined) this.#sockets.push(socket);
      else taker(socket);
    });
  }

  static async listen(): Promise<Server> {
    const server = new Server();
    await once(server.#server, 'listening');
    return server;
  }

  get url(): string {
    return `ws://127.0.0.1:${(this.#server.address() as AddressInfo).port}/gun`;
  }

  /** The next socket that connects, or did already. */
  next(): Promise<WebSocket> {
    const socket = this.#sockets.shift();
    return socket === undefined
      ? new Promise((resolve) => this.#wanted.push(resolve))
      : Promise.resolve(socket);
  }

  cutOff(): void {
    for (const client of this.#server.clients) client.terminate();
  }

  async close(): Promise<void> {
    this.cutOff();
    const closed = once(this.#server, 'close');
    this.#server.close();
    await closed;
  }
}

async function socketPair(): Promise<{ near: WebSocket; far: WebSocket; server: Server }> {
  const server = await Server.listen();
  const near = new WebSocket(server.url, { perMessageDeflate: false });
  const [far] = await Promise.all([server.next(), once(near, 'open')]);
  return { near, far, server };
}

describeLink({ describe, it }, 'WebSocketLink', async () => {
  const { near, far, server } = await socketPair();
  return {
    near: new WebSocketLink(near, 'far'),
    far: new WebSocketLink(far, 'near'),
    remove: () => server.close(),
  };
});

/** A socket that a spec plays the other side of. */
class FakeSocket implements WebSocketLike {
  static readonly made: FakeSocket[] = [];
  readonly url: string;
  readonly sent: string[] = [];
  readonly closes: [code: number | undefined, reason: string | undefined][] = [];
  readyState = 0;
  bufferedAmount = 0;
  readonly #listeners: [type: string, listener: (event: { readonly data: unknown }) => void][] = [];

  constructor(url = '') {
    this.url = url;
    FakeSocket.made.push(this);
  }

  send(text: string): void {
    this.sent.push(text);
  }

  close(code?: number, reason?: string): void {
    if (code !== undefined && code !== 1000 && (code < 3000 || code > 4999))
      throw new Error('InvalidAccessError');
    this.closes.push([code, reason]);
    this.readyState = 2;
  }

  addEventListener(type: string, listener: (event: { readonly data: unknown }) => void): void {
    this.#listeners.push([type, listener]);
  }

  emit(type: 'open' | 'close' | 'error' | 'message', data?: unknown): void {
    if (type === 'open') this.readyState = 1;
    if (type === 'close') this.readyState = 3;
    for (const [wanted, listener] of this.#listeners) if (wanted === type) listener({ data });
  }
}

function openFake(): FakeSocket {
  const socket = new FakeSocket();
  socket.readyState = 1;
  return socket;
}

describe('WebSocketLink', () => {
  it('ignores binary frames', async () => {
    const { near, far, server } = await socketPair();
    const link = new WebSocketLink(near, 'far');
    const texts: string[] = [];
    const done = new Promise<void>((resolve) => {
      link.listen({
        frame: (text) => {
          texts.push(text);
          if (text === 'end') resolve();
        },
        close: () => undefined,
      });
    });
    far.send(Buffer.from('{"binary":true}'));
    far.send('end');
    await done;
    link.close(CLOSE.goingAway, 'done');
    await server.close();
    expect(texts).to.deep.equal(['end']);
  });

  it('sends close code and reason, cut to what fits', async () => {
    const { near, far, server } = await socketPair();
    const closed = once(far, 'close') as Promise<[number, Buffer]>;
    new WebSocketLink(near, 'far').close(CLOSE.overloaded, `12${'\u{1f600}'.repeat(40)}`);
    const [code, reason] = await closed;
    await server.close();
    expect(code).to.equal(1013);
    expect(reason.toString()).to.equal(`12${'\u{1f600}'.repeat(30)}`);
  });

  it('moves close codes into the range that browsers allow', () => {
    const socket = openFake();
    new WebSocketLink(socket, 'far').close(CLOSE.refused, 'no');
    expect(socket.closes).to.deep.equal([[4008, 'no']]);
  });

  it('is gone at once when it is closed, even if the other side never says goodbye', () => {
    const socket = openFake();
    const events: string[] = [];
    const link = new WebSocketLink(socket, 'far', () => events.push('gone'));
    link.listen({ frame: (text) => events.push(text), close: () => events.push('close') });
    link.close(CLOSE.goingAway, 'bye');
    socket.emit('message', 'too late');
    link.send({ text: 'too late' });
    socket.emit('close');
    expect(events).to.deep.equal(['gone', 'close']);
    expect(socket.sent).to.deep.equal([]);
  });

  it('sends nothing into a socket that is closing', () => {
    const socket = openFake();
    const link = new WebSocketLink(socket, 'far');
    link.send({ text: '1' });
    socket.readyState = 2;
    link.send({ text: '2' });
    expect(socket.sent).to.deep.equal(['1']);
  });

  it('stops and goes on with its socket where that can be done, and does nothing where it cannot', () => {
    const calls: string[] = [];
    const socket = Object.assign(openFake(), {
      pause: () => calls.push('pause'),
      resume: () => calls.push('resume'),
    });
    const link = new WebSocketLink(socket, 'far');
    link.pause();
    link.resume();
    expect(calls).to.deep.equal(['pause', 'resume']);
    const plain = new WebSocketLink(openFake(), 'far');
    plain.pause();
    plain.resume();
  });

  it('reports the bytes that its socket holds', () => {
    const socket = openFake();
    socket.bufferedAmount = 77;
    expect(new WebSocketLink(socket, 'far').queuedBytes).to.equal(77);
  });

  it('closes instead of keeping more than 8 Mi characters for a listener that does not come', () => {
    const socket = openFake();
    const link = new WebSocketLink(socket, 'far');
    const mebi = 'x'.repeat(1024 * 1024);
    for (let i = 0; i < 8; i += 1) socket.emit('message', mebi);
    expect(socket.closes).to.deep.equal([]);
    socket.emit('message', 'x');
    expect(socket.closes).to.deep.equal([[4013, 'nobody listens']]);
    let closes = 0;
    link.listen({ frame: () => undefined, close: () => void (closes += 1) });
    expect(closes).to.equal(1);
  });
});

/** Timers that a spec fires by hand. */
class FakeTimers implements Timers {
  readonly waits: { readonly delayMs: number; readonly run: () => void }[] = [];

  setTimeout(run: () => void, delayMs: number): unknown {
    const wait = { delayMs, run };
    this.waits.push(wait);
    return wait;
  }

  clearTimeout(timer: unknown): void {
    const place = this.waits.findIndex((wait) => wait === timer);
    if (place >= 0) this.waits.splice(place, 1);
  }

  get delays(): number[] {
    return this.waits.map(({ delayMs }) => delayMs);
  }

  fire(): void {
    this.waits.shift()!.run();
  }
}

interface Trial {
  readonly timers: FakeTimers;
  readonly links: Link[];
  readonly dialler: Dialler;
  readonly sockets: FakeSocket[];
}

/** A dialler over fake sockets and timers, without jitter unless the options say so. */
function trial(options: Partial<DiallerOptions> = {}): Trial {
  const timers = new FakeTimers();
  const links: Link[] = [];
  const sockets: FakeSocket[] = [];
  const dialler = new Dialler({
    url: 'ws://peer/gun',
    onLink: (link) => links.push(link),
    WebSocket: class extends FakeSocket {
      constructor(url: string) {
        super(url);
        sockets.push(this);
      }
    },
    timers,
    random: () => 1 - Number.EPSILON,
    ...options,
  });
  return { timers, links, dialler, sockets };
}

function optionFault(options: Partial<DiallerOptions>): unknown {
  try {
    trial(options);
  } catch (error) {
    expect(error).to.be.instanceOf(GraphError);
    return (error as GraphError).code;
  }
  return undefined;
}

describe('Dialler', () => {
  it('dials websockets for http and https, and keeps path and query', () => {
    const cases = [
      ['http://peer:8765/gun', 'ws://peer:8765/gun'],
      ['HTTPS://peer/gun?token=1#part', 'wss://peer/gun?token=1'],
      ['ws://peer/gun', 'ws://peer/gun'],
      ['wss://peer/other', 'wss://peer/other'],
    ];
    for (const [url, dialled] of cases) {
      const { dialler, sockets } = trial({ url: url! });
      dialler.start();
      expect(sockets.map((socket) => socket.url)).to.deep.equal([dialled]);
      dialler.close();
    }
  });

  it('refuses a URL that cannot be dialled', () => {
    for (const url of ['', 'peer', '/gun', 'ftp://peer/', 'file:///gun', 'ws://']) {
      expect(optionFault({ url }), url).to.equal('OPTION_INVALID');
    }
  });

  it('needs a WebSocket class when the host has none', () => {
    const host = globalThis as { WebSocket?: unknown };
    const descriptor = Object.getOwnPropertyDescriptor(globalThis, 'WebSocket');
    const options: DiallerOptions = {
      url: 'ws://peer/gun',
      onLink: () => undefined,
      timers: new FakeTimers(),
    };
    let fault: unknown;
    const before = FakeSocket.made.length;
    try {
      delete host.WebSocket;
      try {
        new Dialler(options).close();
      } catch (error) {
        fault = error;
      }
      host.WebSocket = FakeSocket;
      const dialler = new Dialler(options);
      dialler.start();
      dialler.close();
    } finally {
      delete host.WebSocket;
      if (descriptor !== undefined) Object.defineProperty(globalThis, 'WebSocket', descriptor);
    }
    expect((fault as GraphError).code).to.equal('OPTION_INVALID');
    expect(FakeSocket.made.length).to.equal(before + 1);
  });

  it('dials once when started, and again only after a loss', () => {
    const { dialler, sockets, links, timers } = trial();
    expect(sockets).to.have.lengthOf(0);
    dialler.start();
    dialler.start();
    sockets[0]!.emit('open');
    expect([sockets.length, links.length]).to.deep.equal([1, 1]);
    sockets[0]!.emit('close');
    expect(timers.delays.map(Math.round)).to.deep.equal([500]);
    timers.fire();
    sockets[1]!.emit('open');
    expect([sockets.length, links.length]).to.deep.equal([2, 2]);
    dialler.close();
  });

  it('names its links without credentials and query', () => {
    const { dialler, sockets, links } = trial({ url: 'wss://user:secret@peer:99/gun?token=secret' });
    dialler.start();
    sockets[0]!.emit('open');
    expect(links.map((link) => link.name)).to.deep.equal(['wss://peer:99/gun']);
    dialler.close();
  });

  it('doubles its wait with each failure up to the longest one', () => {
    const { dialler, sockets, timers } = trial({ firstDelayMs: 100, maxDelayMs: 1000 });
    dialler.start();
    const waits: number[] = [];
    for (let i = 0; i < 2000; i += 1) {
      sockets[i]!.emit('error');
      sockets[i]!.emit('close');
      waits.push(Math.round(timers.delays[0]!));
      expect(timers.waits).to.have.lengthOf(1);
      timers.fire();
    }
    dialler.close();
    expect(waits.slice(0, 6)).to.deep.equal([100, 200, 400, 800, 1000, 1000]);
    expect(waits.at(-1)).to.equal(1000);
  });

  it('makes the second half of each wait random', () => {
    const waits = [0, 0.5, 0.999].map((random) => {
      const { dialler, sockets, timers } = trial({ random: () => random, firstDelayMs: 1000 });
      dialler.start();
      sockets[0]!.emit('close');
      const [delay] = timers.delays;
      dialler.close();
      return delay;
    });
    expect(waits).to.deep.equal([500, 750, 999.5]);
  });

  it('waits briefly again after a connection that stayed open for a while', () => {
    const { dialler, sockets, timers } = trial({ stableMs: 5000 });
    const loseNext = (): number => {
      timers.fire();
      sockets.at(-1)!.emit('open');
      expect(timers.delays).to.deep.equal([5000]);
      sockets.at(-1)!.emit('close');
      return Math.round(timers.delays[0]!);
    };
    dialler.start();
    sockets[0]!.emit('close');
    expect([loseNext(), loseNext(), loseNext()]).to.deep.equal([1000, 2000, 4000]);
    timers.fire();
    sockets.at(-1)!.emit('open');
    timers.fire();
    sockets.at(-1)!.emit('close');
    expect(Math.round(timers.delays[0]!)).to.equal(500);
    dialler.close();
  });

  it('gives up a connection that does not open in time, and ignores what it does later', () => {
    const { dialler, sockets, links, timers } = trial({ openTimeoutMs: 7000 });
    dialler.start();
    expect(timers.delays).to.deep.equal([7000]);
    timers.fire();
    const [late] = sockets;
    expect(late!.closes).to.have.lengthOf(1);
    expect(timers.delays.map(Math.round)).to.deep.equal([500]);
    late!.emit('open');
    late!.emit('close');
    expect(links).to.have.lengthOf(0);
    expect(late!.closes).to.have.lengthOf(2);
    expect(timers.waits).to.have.lengthOf(1);
    timers.fire();
    expect(sockets).to.have.lengthOf(2);
    dialler.close();
  });

  it('dials again when its owner closes the link, without waiting for the goodbye of the other side', () => {
    const { dialler, sockets, links, timers } = trial();
    dialler.start();
    sockets[0]!.emit('open');
    links[0]!.close(CLOSE.overloaded, 'too slow');
    expect(timers.delays.map(Math.round)).to.deep.equal([500]);
    sockets[0]!.emit('close');
    expect(timers.waits).to.have.lengthOf(1);
    dialler.close();
  });

  it('dials again when the class refuses to make a socket', () => {
    const refusing: WebSocketClass = class extends FakeSocket {
      constructor(url: string) {
        super(url);
        throw new Error('SecurityError');
      }
    };
    const { dialler, timers } = trial({ WebSocket: refusing });
    dialler.start();
    timers.fire();
    expect(timers.delays.map(Math.round)).to.deep.equal([1000]);
    dialler.close();
  });

  it('does nothing any more once it is closed, whatever state it was in', () => {
    const idle = trial();
    idle.dialler.close();
    idle.dialler.start();
    expect(idle.sockets).to.have.lengthOf(0);

    const dialling = trial();
    dialling.dialler.start();
    dialling.dialler.close();
    dialling.sockets[0]!.emit('open');
    dialling.sockets[0]!.emit('close');
    expect(dialling.sockets[0]!.closes.length).to.be.above(0);
    expect([dialling.links.length, dialling.timers.waits.length]).to.deep.equal([0, 0]);

    const open = trial();
    open.dialler.start();
    open.sockets[0]!.emit('open');
    open.dialler.close();
    open.dialler.close();
    expect(open.sockets[0]!.closes).to.deep.equal([[4001, 'closing']]);
    expect(open.timers.waits).to.have.lengthOf(0);

    const waiting = trial();
    waiting.dialler.start();
    waiting.sockets[0]!.emit('close');
    waiting.dialler.close();
    expect([waiting.sockets.length, waiting.timers.waits.length]).to.deep.equal([1, 0]);
  });

  it('comes back to a server that cut it off and refused it at first', async () => {
    const server = await Server.listen();
    const opened = new EventEmitter();
    const dialler = new Dialler({
      url: server.url.replace('ws:', 'http:'),
      WebSocket,
      firstDelayMs: 5,
      maxDelayMs: 20,
      onLink: (link) => opened.emit('link', link),
    });
    const firstLink = once(opened, 'link') as Promise<[Link]>;
    dialler.start();
    const [[first]] = await Promise.all([firstLink, server.next()]);
    const gone = new Promise<void>((resolve) => {
      first.listen({ frame: () => undefined, close: resolve });
    });
    const secondLink = once(opened, 'link') as Promise<[Link]>;
    server.refusals = 2;
    server.cutOff();
    await gone;
    const [[second], socket] = await Promise.all([secondLink, server.next()]);
    expect(server.refusals).to.equal(-1);
    second.send({ text: 'hello again' });
    const [text] = (await once(socket, 'message')) as [Buffer];
    const closed = once(socket, 'close') as Promise<[number]>;
    dialler.close();
    const [code] = await closed;
    await server.close();
    expect(text.toString()).to.equal('hello again');
    expect(code).to.equal(1001);
  });
});
