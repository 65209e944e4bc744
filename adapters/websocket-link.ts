/** Link over the standard WebSocket class, and the dialler that keeps one alive. */
import { GraphError } from '../lib/base/errors.ts';
import {
  CLOSE,
  fitReason,
  type Dialling,
  type Frame,
  type Link,
  type LinkListener,
  type PeerAddress,
} from '../lib/mesh/link.ts';

/** What a link uses of a websocket; that of browsers, of Node and of the package `ws` fit. */
export interface WebSocketLike {
  readonly readyState: number;
  readonly bufferedAmount: number;
  send(text: string): void;
  /** Of the package `ws` only. */
  pause?(): void;
  resume?(): void;
  /** Of the package `ws` only: the connection below, which keeps a process alive or does not. */
  readonly _socket?: Holdable | null;
  close(code?: number, reason?: string): void;
  addEventListener(type: 'open' | 'close' | 'error', listener: () => void): void;
  addEventListener(type: 'message', listener: (event: { readonly data: unknown }) => void): void;
}

/** A class whose objects dial the URL they are made with. */
export type WebSocketClass = new (url: string) => WebSocketLike;

/** What Node lets keep its process alive: connections and timers. */
interface Holdable {
  ref?(): unknown;
  unref?(): unknown;
}

/** Timers as a host gives them; tests replace them. */
export interface Timers {
  setTimeout(run: () => void, delayMs: number): unknown;
  clearTimeout(timer: unknown): void;
}

const OPEN = 1;
/** Standard sockets refuse to send codes below 3000; this is added for them. */
const APPLICATION_CODES = 3000;
/** Characters that may wait for a listener; beyond, the link is closed with 1013. */
const WAITING_CHARACTERS = 8 * 1024 * 1024;

/** The link of one open websocket. Frames are texts; binary ones are ignored (gun-wire section 2). */
export class WebSocketLink implements Link {
  readonly name: string;
  readonly #socket: WebSocketLike;
  readonly #onGone: () => void;
  #listener: LinkListener | undefined;
  #waiting: string[] = [];
  #waitingCharacters = 0;
  #isGone = false;

  /**
   * @param socket open, and nobody else's
   * @param name of the other side, for logs
   * @param onGone told once when the link is gone, before its listener
   */
  constructor(socket: WebSocketLike, name: string, onGone: () => void = () => undefined) {
    this.#socket = socket;
    this.name = name;
    this.#onGone = onGone;
    socket.addEventListener('message', ({ data }) => {
      if (typeof data === 'string') this.#receive(data);
    });
    socket.addEventListener('close', () => this.#end());
    // Without a listener `ws` would throw; `close` follows every error.
    socket.addEventListener('error', () => undefined);
  }

  get queuedBytes(): number {
    return this.#socket.bufferedAmount;
  }

  listen(listener: LinkListener): void {
    this.#listener = listener;
    for (const text of this.#waiting.splice(0)) listener.frame(text);
    if (this.#isGone) listener.close();
  }

  pause(): void {
    this.#socket.pause?.();
  }

  resume(): void {
    this.#socket.resume?.();
  }

  hold(isHeld: boolean): void {
    const { _socket: connection } = this.#socket;
    holdOpen(connection, isHeld);
  }

  send(frame: Frame): void {
    if (!this.#isGone && this.#socket.readyState === OPEN) this.#socket.send(frame.text);
  }

  /** Ends the link at once for its listener, whether or not the other side takes part in the goodbye. */
  close(code: number, reason: string): void {
    if (this.#isGone) return;
    // A side that is not read cannot answer the closing handshake.
    this.#socket.resume?.();
    closeSocket(this.#socket, code, fitReason(reason));
    this.#end();
  }

  #receive(text: string): void {
    if (this.#isGone) return;
    if (this.#listener !== undefined) {
      this.#listener.frame(text);
      return;
    }
    this.#waitingCharacters += text.length;
    if (this.#waitingCharacters > WAITING_CHARACTERS) this.close(CLOSE.overloaded, 'nobody listens');
    else this.#waiting.push(text);
  }

  #end(): void {
    if (this.#isGone) return;
    this.#isGone = true;
    this.#onGone();
    this.#listener?.close();
  }
}

/** Browsers' timers are numbers, which have neither method. */
function holdOpen(resource: unknown, isHeld: boolean): void {
  const holdable = resource as Holdable | null | undefined;
  if (isHeld) holdable?.ref?.();
  else holdable?.unref?.();
}

/** Browsers let pages send 1000 and 3000-4999 only: there 1008 becomes 4008. */
function closeSocket(socket: WebSocketLike, code: number, reason: string): void {
  try {
    socket.close(code, reason);
  } catch {
    socket.close(code + APPLICATION_CODES, reason);
  }
}

/** What becomes of a websocket that was dialled. */
export interface Dialled {
  close(code: number, reason: string): void;
  /** Says whether it keeps the process alive. */
  hold?(isHeld: boolean): void;
}

/** Whom to dial, and how patiently. */
export interface SocketDiallerOptions<Socket extends WebSocketLike = WebSocketLike> {
  /** Where the peer listens: http, https, ws or wss; http is dialled as ws, https as wss. */
  readonly url: string;
  /**
   * Takes each connection that opened.
   *
   * @param name of the other side, for logs
   * @param onGone to be told when what was made of it is gone
   */
  readonly onSocket: (socket: Socket, name: string, onGone: () => void) => Dialled;
  /** Told of each attempt that came to nothing. */
  readonly onFailure?: () => void;
  /** The class to dial with. Default: the host's own, which Node has from version 22 on. */
  readonly WebSocket?: new (url: string) => Socket;
  /** Longest wait before the second attempt, in milliseconds; it doubles with each failure. Default 500. */
  readonly firstDelayMs?: number;
  /** Longest wait between two attempts, in milliseconds. Default 30 000. */
  readonly maxDelayMs?: number;
  /** How long a connection may take to open, in milliseconds. Default 10 000. */
  readonly openTimeoutMs?: number;
  /** A connection that stayed open this long makes the next wait a short one, in milliseconds. Default 5000. */
  readonly stableMs?: number;
  /** From 0 up to but without 1, for the jitter of the waits. Default `Math.random`. */
  readonly random?: () => number;
  readonly timers?: Timers;
}

/** The same for links of text frames. */
export interface DiallerOptions extends Omit<SocketDiallerOptions, 'onSocket'> {
  /** Takes each link. */
  readonly onLink: (link: Link) => void;
}

type Patience = Required<
  Pick<SocketDiallerOptions, 'firstDelayMs' | 'maxDelayMs' | 'openTimeoutMs' | 'stableMs' | 'random'>
>;

const DEFAULTS: Patience = {
  firstDelayMs: 500,
  maxDelayMs: 30_000,
  openTimeoutMs: 10_000,
  stableMs: 5000,
  random: Math.random,
};

/**
 * Keeps a connection to one URL alive: dials, and dials again for ever, with waits that double and jitter.
 *
 * Of each wait the second half is random, so that the clients of a relay do not come back all at once.
 */
export class SocketDialler<Socket extends WebSocketLike = WebSocketLike> implements Dialling {
  readonly #options: SocketDiallerOptions<Socket> & Patience;
  readonly #url: URL;
  readonly #WebSocket: new (url: string) => Socket;
  readonly #timers: Timers;
  #status: 'idle' | 'running' | 'closed' = 'idle';
  #failures = 0;
  /** The one pending wait: for an opening, for stability, or for the next attempt. */
  #timer: unknown;
  #socket: Socket | undefined;
  #link: Dialled | undefined;
  #isHeld = true;

  /** @throws GraphError OPTION_INVALID for a URL that cannot be dialled, or when the host has no WebSocket */
  constructor(options: SocketDiallerOptions<Socket>) {
    const WebSocket =
      options.WebSocket ??
      ((globalThis as { WebSocket?: WebSocketClass }).WebSocket as (new (url: string) => Socket) | undefined);
    if (WebSocket === undefined) throw new GraphError('OPTION_INVALID', 'no WebSocket class here');
    this.#WebSocket = WebSocket;
    this.#url = dialledUrl(options.url);
    this.#timers = options.timers ?? globalThis;
    this.#options = { ...DEFAULTS, ...options };
  }

  /** Dials at once; does nothing when started before. */
  start(): void {
    if (this.#status !== 'idle') return;
    this.#status = 'running';
    this.#dial();
  }

  /** Dials no more, and ends the link or the attempt under way. Idempotent. */
  close(): void {
    if (this.#status === 'closed') return;
    this.#status = 'closed';
    this.#stopWaiting();
    const socket = this.#socket;
    this.#socket = undefined;
    if (this.#link === undefined) socket?.close();
    else this.#link.close(CLOSE.goingAway, 'closing');
  }

  hold(isHeld: boolean): void {
    this.#isHeld = isHeld;
    holdOpen(this.#timer, isHeld);
    this.#link?.hold?.(isHeld);
  }

  #dial(): void {
    let socket: Socket;
    try {
      socket = new this.#WebSocket(this.#url.href);
    } catch {
      // A page may be forbidden to dial now and allowed later, for example by its security policy.
      this.#retry();
      this.#options.onFailure?.();
      return;
    }
    this.#socket = socket;
    this.#wait(this.#options.openTimeoutMs, () => {
      this.#lose(socket);
      socket.close();
    });
    socket.addEventListener('open', () => this.#welcome(socket));
    socket.addEventListener('close', () => this.#lose(socket));
    socket.addEventListener('error', () => undefined);
  }

  #welcome(socket: Socket): void {
    if (this.#socket !== socket) {
      socket.close();
      return;
    }
    this.#wait(this.#options.stableMs, () => {
      this.#failures = 0;
    });
    const link = this.#options.onSocket(socket, nameOf(this.#url), () => this.#lose(socket));
    if (!this.#isHeld) link.hold?.(false);
    // Whoever took it may have ended it at once.
    if (this.#socket === socket) this.#link = link;
  }

  #lose(socket: Socket): void {
    if (this.#socket !== socket) return;
    const isFailure = this.#link === undefined;
    this.#socket = undefined;
    this.#link = undefined;
    this.#retry();
    if (isFailure) this.#options.onFailure?.();
  }

  #retry(): void {
    const { firstDelayMs, maxDelayMs, random } = this.#options;
    const longestMs = Math.min(maxDelayMs, firstDelayMs * 2 ** this.#failures);
    this.#failures += 1;
    this.#wait(longestMs * (0.5 + random() / 2), () => this.#dial());
  }

  #wait(delayMs: number, run: () => void): void {
    this.#stopWaiting();
    this.#timer = this.#timers.setTimeout(run, delayMs);
    if (!this.#isHeld) holdOpen(this.#timer, false);
  }

  #stopWaiting(): void {
    this.#timers.clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}

/** {@link SocketDialler} for links of text frames. */
export class Dialler extends SocketDialler {
  /** @throws GraphError OPTION_INVALID for a URL that cannot be dialled, or when the host has no WebSocket */
  constructor({ onLink, ...options }: DiallerOptions) {
    super({
      ...options,
      onSocket: (socket, name, onGone) => {
        const link = new WebSocketLink(socket, name, onGone);
        onLink(link);
        return link;
      },
    });
  }
}

/** What may be said about how a peer is dialled. */
export type WebSocketOptions = Omit<DiallerOptions, 'url' | 'onLink' | 'onFailure'>;

/**
 * A peer behind a websocket, for the `peers` of a graph.
 *
 * @param url where it listens: http, https, ws or wss
 * @throws GraphError OPTION_INVALID for a URL that cannot be dialled, or when the host has no WebSocket
 */
export function websocket(url: string, options: WebSocketOptions = {}): PeerAddress {
  // Made in vain, to refuse at once what could not be dialled later.
  const address = { ...options, url };
  void new Dialler({ ...address, onLink: () => undefined });
  return {
    name: nameOf(dialledUrl(url)),
    dial(events) {
      const dialler = new Dialler({
        ...address,
        onLink: (link) => events.link(link),
        onFailure: () => events.failed(),
      });
      dialler.start();
      return dialler;
    },
  };
}

function dialledUrl(text: string): URL {
  const dialled = text.replace(/^http/i, 'ws');
  const url = URL.canParse(dialled) ? new URL(dialled) : undefined;
  if (url === undefined || (url.protocol !== 'ws:' && url.protocol !== 'wss:')) {
    throw new GraphError('OPTION_INVALID', 'a peer URL begins with http or ws');
  }
  url.hash = '';
  return url;
}

/** The URL without what may be secret: credentials and query. */
function nameOf({ protocol, host, pathname }: URL): string {
  return `${protocol}//${host}${pathname}`;
}
