/**
 * The messages between a spec and the process that runs gun's own SEA for it.
 */
import type { FieldWrite } from '../../lib/graph/write.ts';

/** In which order JSON of gun has its keys: as in browsers, or sorted as in Node. */
export type SeaKind = 'browser' | 'node';

/** SEA's functions that take and give plain data. */
export type SeaFunction = 'pair' | 'sign' | 'verify' | 'encrypt' | 'decrypt' | 'secret' | 'work' | 'certify';

/** What a user of gun gets told. */
export interface SeaAnswer {
  readonly err?: string;
  readonly pair?: unknown;
  readonly alias?: string;
}

/** What a process can be asked to do. */
export interface SeaOperations {
  /** Calls one of SEA's functions; answers undefined where SEA does. */
  call(name: SeaFunction, args: readonly unknown[]): Promise<unknown>;
  /** Hands writes to gun as a peer's put, one message each; answers with those that gun took. */
  offer(writes: readonly FieldWrite[]): Promise<readonly FieldWrite[]>;
  /** What gun holds for a soul, as it holds it. */
  dump(soul: string): readonly FieldWrite[];
  /** `user.create`, and whatever keys it made. */
  create(alias: string, password: string): Promise<SeaAnswer>;
  /** `user.auth` by alias and password, and to another password if there is one. */
  auth(alias: string, password: string, change?: string): Promise<SeaAnswer>;
  /** `put` of the user who is logged in, below the account of `owner`, with a certificate. */
  put(owner: string, path: readonly string[], value: unknown, certificate?: string): Promise<SeaAnswer>;
}

/** A request of the parent. */
export interface SeaCommand {
  readonly request: number;
  readonly name: keyof SeaOperations;
  readonly args: readonly unknown[];
}

/** What a process tells its parent. */
export interface SeaNews {
  readonly request: number;
  readonly value?: unknown;
  readonly error?: string;
}
