/**
 * The real gun in a process of its own, driven over IPC.
 */
import { fork, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type {
  GunAck,
  GunChildOptions,
  GunLex,
  GunNews,
  GunOperations,
  GunPath,
  GunUserAnswer,
  UserCall,
} from './gun-messages.ts';
import type { SeaFunction } from './sea-messages.ts';
import { endProcess } from './end-process.ts';
import { Inbox } from './inbox.ts';

const CHILD = fileURLToPath(new URL('gun-child.js', import.meta.url));

type Answer = Extract<GunNews, { news: 'answer' }>;
type LinkNews = Extract<GunNews, { url: string }>;

/** One call of a listener: the key it was called with, and the value without gun's metadata. */
export interface GunEvent {
  readonly key: string;
  readonly value: unknown;
}

/** The calls of one listener, `on` or `map().on`. */
export class GunListener extends Inbox<GunEvent> {
  /** Waits until the newest value satisfies the test. */
  async becomes(test: (value: unknown) => boolean, what = 'the newest value to match'): Promise<unknown> {
    return (await this.settles((event) => test(event.value), what)).value;
  }

  /** Waits until the newest value is this one. */
  async equals(value: unknown): Promise<void> {
    await this.becomes((newest) => newest === value, JSON.stringify(value));
  }

  /** The newest value of each key, as a map listener sees them. */
  get byKey(): Map<string, unknown> {
    return new Map(this.all.map((event) => [event.key, event.value]));
  }
}

/** A running gun. */
export class GunProcess {
  readonly #child: ChildProcess;
  readonly #name: string;
  readonly #answers: Inbox<Answer>;
  readonly #links: Inbox<LinkNews>;
  readonly #listeners: GunListener[] = [];
  readonly #ready: Promise<number>;
  #requests = 0;

  /** Starts the process; wait for `ready` before anything else. */
  constructor(options: GunChildOptions, name: string) {
    this.#name = name;
    this.#answers = new Inbox(`${name} answers`);
    this.#links = new Inbox(`${name} links`);
    const ready = new Inbox<Extract<GunNews, { news: 'ready' }>>(`${name} start`);
    this.#ready = ready.next(() => true).then(({ port }) => port);
    let complaints = '';
    this.#child = fork(CHILD, [JSON.stringify(options)], {
      serialization: 'advanced',
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      execArgv: [],
      env: { ...process.env, NODE_OPTIONS: '' },
    });
    this.#child.stderr?.on('data', (text: Buffer) => (complaints += text.toString().slice(0, 2000)));
    this.#child.on('message', (news: GunNews) => {
      if (news.news === 'ready') ready.push(news);
      else if (news.news === 'answer') this.#answers.push(news);
      else if (news.news === 'data')
        this.#listeners[news.listener]?.push({ key: news.key, value: news.value });
      else this.#links.push(news);
    });
    this.#child.once('exit', (code, signal) => {
      const reason = `the process ended with ${code ?? signal} ${complaints}`;
      for (const inbox of [ready, this.#answers, this.#links, ...this.#listeners]) inbox.close(reason);
    });
  }

  /** Resolves when gun runs, with the port of a gun relay or 0. */
  get ready(): Promise<number> {
    return this.#ready;
  }

  /** Resolves when gun's socket is open. */
  async connected(): Promise<void> {
    await this.#links.settles(({ news }) => news === 'up', 'an open link');
  }

  /** Resolves when gun knows that its socket is gone. */
  async disconnected(): Promise<void> {
    await this.#links.settles(({ news }) => news === 'down', 'the link to go down');
  }

  /** `put` with a callback, and a guest's certificate: the first ack. */
  put(path: GunPath, value: unknown, certificate?: string): Promise<GunAck> {
    return this.#ask('put', path, value, certificate);
  }

  /** Makes an account and logs in. */
  create(alias: string, password: string): Promise<GunUserAnswer> {
    return this.#ask('create', alias, password);
  }

  /** Logs in. */
  auth(alias: string, password: string): Promise<GunUserAnswer> {
    return this.#ask('auth', alias, password);
  }

  /** Calls a chain below the user who has logged in by {@link auth}. */
  asUser(call: UserCall, keys: readonly string[], argument: unknown): Promise<GunAck> {
    return this.#ask('asUser', call, keys, argument);
  }

  /** The answer of one of SEA's functions. */
  sea(name: SeaFunction, ...args: readonly unknown[]): Promise<unknown> {
    return this.#ask('sea', name, args);
  }

  /** `put` without a callback; resolves as soon as gun took the call. */
  write(path: GunPath, value: unknown): Promise<void> {
    return this.#ask('write', path, value);
  }

  /** `put` of a link to another chain. */
  link(path: GunPath, target: GunPath): Promise<GunAck> {
    return this.#ask('link', path, target);
  }

  /** `set`; resolves when acked, with the soul (or key) of the item. */
  set(path: GunPath, value: unknown): Promise<string> {
    return this.#ask('set', path, value);
  }

  /** `unset` of an item this process has loaded. */
  unset(path: GunPath, soul: string): Promise<void> {
    return this.#ask('unset', path, soul);
  }

  /** `once`. */
  once(path: GunPath): Promise<unknown> {
    return this.#ask('once', path);
  }

  /** `on`. */
  on(path: GunPath): Promise<GunListener> {
    return this.#listen(path, false);
  }

  /** `map().on`, or `map(lex).on`. */
  map(path: GunPath, lex?: GunLex): Promise<GunListener> {
    return this.#listen(path, lex ?? true);
  }

  /** A fresh state of gun's clock. */
  state(): Promise<number> {
    return this.#ask('state');
  }

  /** Drops the sockets and keeps them from opening again; resolves when they are gone. */
  async disconnect(): Promise<void> {
    await this.#ask('disconnect');
    await this.disconnected();
  }

  /** Lets sockets open again; resolves when one is open. */
  async connect(): Promise<void> {
    await this.#ask('connect');
    await this.connected();
  }

  /** Texts of the frames that came and went so far. */
  frames(): Promise<ReturnType<GunOperations['frames']>> {
    return this.#ask('frames');
  }

  /** Ends the process; by default without letting gun say anything more. Resolves with its exit code. */
  async end(signal: NodeJS.Signals = 'SIGKILL'): Promise<number | null> {
    return endProcess(this.#child, signal);
  }

  async #listen(path: GunPath, each: boolean | GunLex): Promise<GunListener> {
    const listener = new GunListener(`${this.#name} on ${JSON.stringify(path)}`);
    const number = this.#listeners.push(listener) - 1;
    await this.#ask('listen', path, number, each);
    return listener;
  }

  async #ask<Name extends keyof GunOperations>(
    name: Name,
    ...args: Parameters<GunOperations[Name]>
  ): Promise<Awaited<ReturnType<GunOperations[Name]>>> {
    const request = (this.#requests += 1);
    this.#child.send({ request, name, args });
    const answer = await this.#answers.next(
      (candidate) => candidate.request === request,
      `${name} ${JSON.stringify(args[0] ?? null)}`,
    );
    if (answer.error !== undefined) throw new Error(`${this.#name}: ${name}: ${answer.error}`);
    return answer.value as Awaited<ReturnType<GunOperations[Name]>>;
  }
}
