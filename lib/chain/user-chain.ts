import type { PublicUser, UserSession } from '../api/user.ts';
import type { KeyPair } from '../sea/index.ts';
import type { Anything } from './anything.ts';
import { Chain } from './chain.ts';
import type { ChainPlace } from './context.ts';
import type { ChainRoot } from './root.ts';
import { MadeSource, nodeSource } from './sources.ts';

/** What the methods of a user call back with. */
export interface UserAck {
  /** 0 when it was done. */
  readonly ok?: number;
  /** Why not, in SEA's words. */
  readonly err?: string;
  readonly pub?: string;
  readonly soul?: string;
  readonly get?: string;
  /** The keys of who logged in. */
  readonly sea?: KeyPair;
  readonly put?: PublicUser;
}

/** Called when a user was made, logged in or refused. */
export type UserCallback = (ack: UserAck) => void;

/** What `auth` may be told beside its callback. */
export interface AuthOptions {
  /** The new password. */
  readonly change?: string;
}

/** Where a browser keeps the keys of who is logged in, until the tab is closed. */
const KEPT = 'pair';
const IS_KEPT = 'recall';
const NOBODY = new MadeSource('nobody');

/** The chain of who uses the graph: `gun.user()`. Logged in, it is the own space, where writes are signed. */
export class UserChain extends Chain {
  readonly #root: ChainRoot<Chain>;

  /** Use `gun.user()`. */
  constructor(root: ChainRoot<Chain>) {
    super(root, { above: root.$ });
    this.#root = root;
  }

  /** Who is logged in. */
  get is(): PublicUser | undefined {
    return this.#session.is;
  }

  /** The keys of who is logged in. */
  pair(): KeyPair | undefined {
    return this.#session.keys;
  }

  /** Makes an account, with new keys or those that are given, and logs in; gun's clients can log in to it as well. */
  create(alias: string, password: string, callback?: UserCallback, options?: object): this;
  create(pair: KeyPair, callback?: UserCallback): this;
  create(...given: unknown[]): this {
    const { texts, pair, callback } = argumentsIn(given);
    const [alias = '', password = ''] = texts;
    const run = async (): Promise<PublicUser> =>
      pair !== undefined && texts.length === 0
        ? this.#session.recall(pair)
        : this.#session.create(alias, password, pair);
    return this.#enter(run, callback);
  }

  /** Logs in with alias and password, or with keys; `change` gives the account another password. */
  auth(alias: string, password: string, callback?: UserCallback, options?: AuthOptions): this;
  auth(pair: KeyPair, callback?: UserCallback, options?: AuthOptions): this;
  auth(...given: unknown[]): this {
    const { texts, pair, callback, options } = argumentsIn(given);
    const run = async (): Promise<PublicUser> => {
      const [alias = '', password = ''] = texts;
      const user = await (pair === undefined
        ? this.#session.auth(alias, password)
        : this.#session.recall(pair));
      if (typeof options.change === 'string') await this.#session.changePassword(options.change);
      return user;
    };
    return this.#enter(run, callback);
  }

  /** Logs out; the keys are forgotten. */
  leave(): this {
    this.#session.leave();
    sessionStorageHere()?.removeItem(KEPT);
    return this;
  }

  /** Logs in whoever was in this tab of a browser before, and keeps the keys of who logs in, until it is closed. */
  recall(options: { readonly sessionStorage?: boolean } = {}, callback?: UserCallback): this {
    const storage = options.sessionStorage === true ? sessionStorageHere() : undefined;
    if (storage === undefined) return this;
    storage.setItem(IS_KEPT, 'true');
    const pair = parsePair(storage.getItem(KEPT));
    if (pair !== undefined) this.#enter(() => this.#session.recall(pair), callback);
    return this;
  }

  get #session(): UserSession {
    return this.#root.session;
  }

  /** The account of who is logged in; without anybody nothing, which cannot be written. */
  protected override get at(): ChainPlace {
    const above = this.#root.$;
    const pub = this.is?.pub;
    if (pub === undefined) return { above, source: NOBODY };
    const soul = `~${pub}`;
    return { above, source: nodeSource(soul), place: { soul, keys: [] }, key: soul };
  }

  #enter(run: () => Promise<PublicUser>, callback: UserCallback | undefined): this {
    const tell = async (): Promise<void> => {
      let user: PublicUser;
      try {
        user = await run();
      } catch (error) {
        return callback?.({ err: (error as Error).message.replace(/^[A-Z_]+: /, '') });
      }
      const soul = `~${user.pub}`;
      const keys = this.#session.keys;
      const ack: UserAck = {
        ok: 0,
        pub: user.pub,
        soul,
        get: soul,
        put: user,
        ...(keys === undefined ? {} : { sea: keys }),
      };
      const storage = sessionStorageHere();
      if (storage?.getItem(IS_KEPT) === 'true') storage.setItem(KEPT, JSON.stringify(keys));
      this.#root.$._.on('auth', ack);
      callback?.(ack);
    };
    tell().catch((error: unknown) => this.#root.core.fail(error));
    return this;
  }
}

/** The chain of everything: `Gun()`. */
export class RootChain<T = Anything> extends Chain<T> {
  readonly #root: ChainRoot<Chain>;
  #user: UserChain | undefined;

  /** Use `Gun()`. */
  constructor(root: ChainRoot<Chain>) {
    super(root);
    this.#root = root;
  }

  /** Who uses the graph; with a public key, the space of that user. */
  user(): UserChain;
  user(pub: string): Chain;
  user(pub?: string): Chain | UserChain {
    if (pub !== undefined) return this.#root.$.get(`~${pub}`);
    this.#user ??= new UserChain(this.#root);
    return this.#user;
  }
}

/** Sorts what Gun takes in any order. */
function argumentsIn(given: readonly unknown[]): {
  texts: string[];
  pair: KeyPair | undefined;
  callback: UserCallback | undefined;
  options: AuthOptions;
} {
  const objects = given.filter((each) => typeof each === 'object' && each !== null);
  return {
    texts: given.filter((each) => typeof each === 'string'),
    pair: objects.find((each) => 'priv' in each) as KeyPair | undefined,
    callback: given.find((each) => typeof each === 'function') as UserCallback | undefined,
    options: objects.find((each) => !('priv' in each)) ?? {},
  };
}

function sessionStorageHere(): Storage | undefined {
  try {
    return (globalThis as { sessionStorage?: Storage }).sessionStorage;
  } catch {
    // A page that may not have it.
    return undefined;
  }
}

function parsePair(text: string | null): KeyPair | undefined {
  try {
    const pair = JSON.parse(text ?? 'null') as KeyPair | null;
    return typeof pair?.priv === 'string' ? pair : undefined;
  } catch {
    return undefined;
  }
}
