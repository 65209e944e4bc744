/**
 * The messages between a spec and the process that runs gun for it.
 */

import type { SeaFunction } from './sea-messages.ts';

/**
 * How gun runs: as in a page (core only, nothing kept), as in a Node app without or with gun's interest routing
 * (`axe`, with which an app says its puts only to peers that asked), or as gun's own relay.
 */
export type GunKind = 'browser' | 'node' | 'node-axe' | 'relay';

/** A LEX query as apps write it. */
export type GunLex = Readonly<Record<string, unknown>>;

/** One step of a chain: a soul or key, or a LEX query. */
export type GunStep = string | GunLex;

/** Steps from the root of the graph, as in `gun.get(a).get(b)`. */
export type GunPath = readonly GunStep[];

/** What the process is started with, as JSON in its first argument. */
export interface GunChildOptions {
  readonly kind: GunKind;
  /** URLs of the relays to dial. */
  readonly peers: readonly string[];
  /** Folder that all kinds but `browser` keep their data in. */
  readonly file?: string;
  /** True for a client with users: gun's own SEA. */
  readonly sea?: boolean;
  /** Port of a `relay`; 0 or absent for any. */
  readonly port?: number;
}

/** What gun gives the callback of a put. */
export interface GunAck {
  readonly ok?: unknown;
  readonly err?: string;
}

/** What gun gives the callback of a user's call, with the user's keys. */
export interface GunUserAnswer {
  readonly err?: string;
  readonly pair?: unknown;
}

/** What chains of a user can do. */
export type UserCall = 'put' | 'secret' | 'grant' | 'trust';

/** What a process can be asked to do; each answers when gun's own callback came, or at once without one. */
export interface GunOperations {
  /** `put` with a callback, and a guest's certificate; answers with the first ack. */
  put(path: GunPath, value: unknown, certificate?: string): Promise<GunAck>;
  /** `user.create`; answers with the keys. */
  create(alias: string, password: string): Promise<GunUserAnswer>;
  /** `user.auth` after `user.leave`, by alias and password; answers with the keys. */
  auth(alias: string, password: string): Promise<GunUserAnswer>;
  /**
   * Calls a chain below the user who has logged in by `auth`: `put` and `secret` with a value, `grant` and `trust` with
   * the user of a public key; answers with the first ack, and with what a promise was rejected with as its `err`.
   */
  asUser(call: UserCall, keys: readonly string[], argument: unknown): Promise<GunAck>;
  /** Calls one of SEA's functions. */
  sea(name: SeaFunction, args: readonly unknown[]): Promise<unknown>;
  /** `put` without a callback. */
  write(path: GunPath, value: unknown): void;
  /** Puts a link to another chain. */
  link(path: GunPath, target: GunPath): Promise<GunAck>;
  /** `set` of a plain value; answers with the soul or key that gun made for the item. */
  set(path: GunPath, value: unknown): Promise<string>;
  /** `unset` of lib/unset, for an item this process has loaded. */
  unset(path: GunPath, soul: string): void;
  /** `once`; a node comes without gun's metadata, a missing value as undefined. */
  once(path: GunPath): Promise<unknown>;
  /** `on`, or `map().on`, or `map(lex).on`; every call becomes a message with this number. */
  listen(path: GunPath, listener: number, each: boolean | GunLex): void;
  /** The next state of gun's clock. */
  state(): number;
  /** Drops the sockets and stays away. */
  disconnect(): void;
  /** Lets sockets open again and dials at once. */
  connect(): void;
  /** Texts of the frames that came and went over websockets so far, oldest first. */
  frames(): { readonly heard: readonly string[]; readonly said: readonly string[] };
}

/** A request of the parent. */
export interface GunCommand {
  readonly request: number;
  readonly name: keyof GunOperations;
  readonly args: readonly unknown[];
}

/** What a process tells its parent. */
export type GunNews =
  | { readonly news: 'ready'; readonly port: number }
  | { readonly news: 'answer'; readonly request: number; readonly value?: unknown; readonly error?: string }
  | { readonly news: 'data'; readonly listener: number; readonly key: string; readonly value: unknown }
  | { readonly news: 'up' | 'down'; readonly url: string };
