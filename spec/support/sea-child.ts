/**
 * The process that runs gun with its own SEA, without any network or storage, and does what its parent asks over IPC.
 */
import { createRequire } from 'node:module';
import { setTimeout as pause } from 'node:timers/promises';
import { valueOf, writeOf, type FieldWrite } from '../../lib/graph/write.ts';
import type { Value } from '../../lib/graph/value.ts';
import type { SeaAnswer, SeaCommand, SeaFunction, SeaKind, SeaNews, SeaOperations } from './sea-messages.ts';

type StoredNode = Readonly<Record<string, Value>> & {
  readonly _: { readonly '>': Readonly<Record<string, number>> };
};

interface GunUser {
  readonly is?: { readonly alias?: string };
  readonly _: { readonly sea?: unknown };
  create(alias: string, password: string, done: (answer: SeaAnswer) => void): void;
  auth(alias: string, password: string, done: (answer: SeaAnswer) => void, options?: object): void;
  leave(): void;
}

interface Chain {
  readonly _: {
    readonly graph: Readonly<Record<string, StoredNode>>;
    on(event: 'in', message: object): void;
  };
  user(): GunUser;
  get(step: string): Chain;
  put(value: unknown, done: (answer: SeaAnswer) => void, options?: object): void;
}

interface Message {
  readonly '#': string;
}

interface Root {
  on(event: 'in', message: object): void;
  on(
    event: 'get' | 'put',
    middleware: (this: { to: { next(message: Message): void } }, message: Message) => void,
  ): void;
}

interface GunFunction {
  (options: object): Chain;
  on(event: 'create', listener: (this: { to: { next(root: Root): void } }, root: Root) => void): void;
}

/** How often gun is asked whether it took a write, in all and how long apart. */
const LOOKS = 60;
const LOOK_MS = 5;

const require = createRequire(import.meta.url);
const kind = process.argv[2] as SeaKind;
if (kind === 'node') require('gun/lib/yson.js');
const Gun = require('gun/gun.js') as GunFunction;
const SEA = require('gun/sea.js') as Record<SeaFunction, (...args: readonly unknown[]) => Promise<unknown>>;

// A store that keeps nothing: gun waits for the answers of one.
Gun.on('create', function store(root) {
  this.to.next(root);
  for (const event of ['get', 'put'] as const) {
    root.on(event, function answer(message) {
      this.to.next(message);
      const found = event === 'get' ? { put: undefined } : { ok: 1 };
      setTimeout(() => root.on('in', { '@': message['#'], ...found }), 1);
    });
  }
});

const gun = Gun({ localStorage: false, peers: [] });
let messages = 0;

function stored(soul: string): FieldWrite[] {
  const node = gun._.graph[soul];
  const states = node?._['>'] ?? {};
  return Object.entries(states).map(([key, state]) => writeOf(soul, key, state, node![key]!));
}

function holds(write: FieldWrite): boolean {
  return stored(write.soul).some(
    ({ key, state, json }) => key === write.key && state === write.state && json === write.json,
  );
}

async function isTaken(write: FieldWrite): Promise<boolean> {
  const { soul, key, state } = write;
  messages += 1;
  const node = { _: { '#': soul, '>': { [key]: state } }, [key]: valueOf(write) };
  // Gun gives numbers behind the id to what it makes of a message, so the own number stands in front.
  gun._.on('in', { '#': `${messages}offer`, put: { [soul]: node } });
  for (let look = 0; look < LOOKS; look += 1) {
    if (holds(write)) return true;
    await pause(LOOK_MS);
  }
  return false;
}

function whoIsIn(answer: SeaAnswer): SeaAnswer {
  if (answer.err !== undefined) return { err: answer.err };
  const user = gun.user();
  return { alias: user.is?.alias ?? '', pair: JSON.parse(JSON.stringify(user._.sea)) };
}

function told(start: (done: (answer: SeaAnswer) => void) => void): Promise<SeaAnswer> {
  return new Promise((resolve) => {
    start(resolve);
  });
}

const operations: SeaOperations = {
  call: (name, args) => SEA[name](...args),
  async offer(writes) {
    const taken: FieldWrite[] = [];
    for (const write of writes) if (await isTaken(write)) taken.push(write);
    return taken;
  },
  dump: stored,
  create: async (alias, password) => whoIsIn(await told((done) => gun.user().create(alias, password, done))),
  async auth(alias, password, change) {
    gun.user().leave();
    const answer = await told((done) => gun.user().auth(alias, password, done, change ? { change } : {}));
    return change === undefined ? whoIsIn(answer) : {};
  },
  async put(owner, path, value, certificate) {
    const place = path.reduce((chain, step) => chain.get(step), gun.get(`~${owner}`));
    const options = certificate === undefined ? {} : { opt: { cert: certificate } };
    const { err } = await told((done) => place.put(value, done, options));
    return err === undefined ? {} : { err };
  },
};

async function obey({ request, name, args }: SeaCommand): Promise<void> {
  const tell = (news: Omit<SeaNews, 'request'>): void => {
    if (process.connected) process.send?.({ request, ...news });
  };
  try {
    tell({ value: await Reflect.apply(operations[name], operations, args) });
  } catch (error) {
    tell({ error: String(error) });
  }
}

process.on('message', (command: SeaCommand) => void obey(command));
// The parent is gone; a process of a spec must not outlive it.
process.on('disconnect', () => process.exit(0));
