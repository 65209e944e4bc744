/**
 * The process that runs the real gun, as client or as relay, and does what its parent asks over IPC.
 */
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import type { SeaFunction } from './sea-messages.ts';
import type {
  GunAck,
  GunChildOptions,
  GunCommand,
  GunNews,
  GunLex,
  GunOperations,
  GunPath,
  GunUserAnswer,
  UserCall,
} from './gun-messages.ts';

interface GunPeer {
  readonly url?: string;
  readonly wire?: { close(): void } | null;
}

interface Middleware {
  readonly to: { next(message: unknown): void };
}

interface Root {
  readonly opt: { readonly peers: Readonly<Record<string, GunPeer>> };
  readonly soul?: string;
  readonly get?: string;
  on(event: string, message: unknown): void;
}

interface GunUser {
  readonly _: { readonly sea?: unknown };
  create(alias: string, password: string, done: (answer: GunAck) => void): void;
  auth(alias: string, password: string, done: (answer: GunAck) => void): void;
  leave(): void;
  get(key: string): UserChain;
}

/** A chain below the user who is logged in. */
type UserChain = { get(key: string): UserChain } & Readonly<
  Record<UserCall, (argument: unknown, done?: (ack: GunAck) => void) => unknown>
>;

/** The parts of gun's chain that the operations use. */
interface Chain {
  readonly _: Root;
  get(step: unknown): Chain;
  put(value: unknown, done?: (ack: GunAck) => void, options?: object): Chain;
  user(pub?: string): GunUser;
  set(value: unknown, done?: (ack: GunAck) => void): Chain;
  unset(item: Chain): Chain;
  map(lex?: GunLex): Chain;
  on(listener: (data: unknown, key: string) => void): Chain;
  on(event: string, middleware: (this: Middleware, peer: GunPeer) => void): Chain;
  once(listener: (data: unknown) => void): Chain;
  opt(options: { readonly peers: readonly string[] }): Chain;
}

interface GunFunction {
  (options: object): Chain;
  state(): number;
}

interface Socket {
  on(event: 'message', listener: (text: string) => void): void;
  send(text: string): void;
}

const require = createRequire(import.meta.url);
const options = JSON.parse(process.argv[2] ?? '') as GunChildOptions;
const Gun = require(options.kind === 'browser' ? 'gun/gun.js' : 'gun') as GunFunction;
// Gun's own version of ws, as in the apps that install it.
const WebSocket = createRequire(require.resolve('gun/package.json'))('ws') as new (url: string) => Socket;
require('gun/lib/unset.js');
const SEA = (options.sea === true ? require('gun/sea.js') : {}) as Record<
  SeaFunction,
  (...args: readonly unknown[]) => Promise<unknown>
>;

const heard: string[] = [];
const said: string[] = [];
let online = true;

/** As an app that wants to stay connected whatever happens. */
const REDIAL_MS = 500;

class RecordedSocket extends WebSocket {
  constructor(url: string) {
    super(url);
    // An event listener would not do: ws drops those when gun assigns `onmessage`.
    this.on('message', (text) => heard.push(text));
  }

  override send(text: string): void {
    // Recorded only when sent: a socket that is not open yet throws, and gun says it again later.
    super.send(text);
    said.push(text);
  }
}

/** What a browser hands out while there is no network: it never opens, and says so on the next turn. */
class DeadSocket {
  onerror?: (event: object) => void;
  onclose?: (event: object) => void;

  constructor() {
    setImmediate(() => {
      this.onerror?.({});
      this.onclose?.({});
    });
  }

  send(): never {
    throw new Error('no network');
  }

  close(): void {
    // Nothing is open.
  }
}

/** Gun calls it with `new`; what it returns takes the place of the made object. */
function SwitchedSocket(url: string): object {
  return online ? new RecordedSocket(url) : new DeadSocket();
}

const server = options.kind === 'relay' ? createServer() : undefined;
const gun = Gun({
  peers: options.peers,
  file: options.file,
  multicast: false,
  stats: false,
  ...(options.kind === 'node' || options.axe === false ? { axe: false } : {}),
  ...(server ? { web: server } : { WebSocket: SwitchedSocket }),
});

function tell(news: GunNews): void {
  if (process.connected) process.send?.(news);
}

function walk(path: GunPath): Chain {
  return path.reduce((chain: Chain, step) => chain.get(step), gun);
}

/** A copy without gun's metadata, because gun goes on changing the object it hands out. */
function plain(data: unknown): unknown {
  if (typeof data !== 'object' || data === null || !('_' in data)) return data;
  return Object.fromEntries(Object.entries(data).filter(([key]) => key !== '_'));
}

function acked(start: (done: (ack: GunAck) => void) => void): Promise<GunAck> {
  return new Promise((resolve) => {
    start((ack) => resolve(ack.err === undefined ? { ok: ack.ok } : { err: ack.err }));
  });
}

/** The reason as an ack; gun has no ack for calls that reject. */
async function rejectionOf(promise: Promise<unknown>): Promise<GunAck> {
  try {
    return { ok: await promise };
  } catch (error) {
    return { err: String(error) };
  }
}

function keysAfter({ err }: GunAck): GunUserAnswer {
  return err === undefined ? { pair: JSON.parse(JSON.stringify(gun.user()._.sea)) } : { err };
}

const operations: GunOperations = {
  put: (path, value, certificate) =>
    acked((done) =>
      walk(path).put(value, done, certificate === undefined ? undefined : { opt: { cert: certificate } }),
    ),
  create: async (alias, password) =>
    keysAfter(await acked((done) => gun.user().create(alias, password, done))),
  async auth(alias, password) {
    gun.user().leave();
    return keysAfter(await acked((done) => gun.user().auth(alias, password, done)));
  },
  asUser(call, [first = '', ...keys], argument) {
    const place = keys.reduce((chain, key) => chain.get(key), gun.user().get(first));
    const isAboutUser = call === 'grant' || call === 'trust';
    let failing: Promise<GunAck> | undefined;
    const ack = acked((done) => {
      const called = place[call](isAboutUser ? gun.user(String(argument)) : argument, done);
      if (called instanceof Promise) failing = rejectionOf(called);
    });
    return failing ?? ack;
  },
  sea: (name, args) => SEA[name](...args),
  write: (path, value) => void walk(path).put(value),
  link: (path, target) => acked((done) => walk(path).put(walk(target), done)),
  async set(path, value) {
    let item: Chain | undefined;
    await acked((done) => (item = walk(path).set(value, done)));
    return item?._.soul ?? item?._.get ?? '';
  },
  unset: (path, soul) => void walk(path).unset(gun.get(soul)),
  once: (path) => new Promise((resolve) => walk(path).once((data) => resolve(plain(data)))),
  listen(path, listener, each) {
    const chain = each === false ? walk(path) : walk(path).map(...(each === true ? [] : [each]));
    chain.on((data, key) => tell({ news: 'data', listener, key, value: plain(data) }));
  },
  state: () => Gun.state(),
  disconnect() {
    online = false;
    for (const peer of Object.values(gun._.opt.peers)) peer.wire?.close();
  },
  connect() {
    online = true;
    gun.opt({ peers: options.peers });
    gun._.on('out', { dam: 'hi' });
  },
  frames: () => ({ heard, said }),
};

/** Gun's events are a chain of middleware: whoever listens has to hand the message on. */
function report(event: 'hi' | 'bye', news: 'up' | 'down'): void {
  gun.on(event, function handOn(peer) {
    this.to.next(peer);
    if (peer.url !== undefined) tell({ news, url: peer.url });
    if (news === 'down') setTimeout(dialAgain, REDIAL_MS);
  });
}

/** Gun dials once more by itself two seconds after a link closed, and forgets its peer when that fails. */
function dialAgain(): void {
  const isForgotten = options.peers.some((url) => !Object.hasOwn(gun._.opt.peers, url));
  if (online && server === undefined && isForgotten) operations.connect();
}

async function obey({ request, name, args }: GunCommand): Promise<void> {
  try {
    const value = await Reflect.apply(operations[name], operations, args);
    tell({ news: 'answer', request, value });
  } catch (error) {
    tell({ news: 'answer', request, error: String(error) });
  }
}

report('hi', 'up');
report('bye', 'down');
process.on('message', (command: GunCommand) => void obey(command));
// The parent is gone; a process of a spec must not outlive it.
process.on('disconnect', () => process.exit(0));

if (server) {
  server.listen(options.port ?? 0, '127.0.0.1', () => {
    tell({ news: 'ready', port: (server.address() as AddressInfo).port });
  });
} else {
  tell({ news: 'ready', port: 0 });
}
