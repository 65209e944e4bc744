import type { Link } from '../graph/value.ts';
import type { Anything } from './anything.ts';
import type { EventTurn } from './events.ts';
import type { GunAck } from './writes.ts';
import type { NodeMeta } from './values.ts';

/** What a key of something leads to. */
export type ChildAt<T, K> = T extends object ? (K extends keyof T ? NonNullable<T[K]> : Anything) : Anything;

/** What the members of something are. */
export type MemberOf<T> = T extends readonly (infer Item)[]
  ? Item
  : T extends object
    ? NonNullable<T[keyof T]>
    : Anything;

/** What is read: a value, or a node with its `_`, whose own nodes are links. */
export type Data<T> = T extends object
  ? { [K in keyof T]: NonNullable<T[K]> extends object ? Link | Extract<T[K], null | undefined> : T[K] } & {
      _: NodeMeta;
    }
  : T;

/** The way to stop, as callbacks get it. */
export interface GunEvent {
  off(): void;
}

/** Called once a write is stored or refused. */
export type AckCallback = (ack: GunAck, event: GunEvent) => void;

/** Called with a message of a name, and handing it on by `this.to.next(message)`. */
export type NamedCallback = (this: EventTurn<Anything>, message: Anything) => void;

/** What `on` may be told beside its callback: `true` or `change` for what changed only. */
export type OnOptions = boolean | { readonly change?: boolean };

/** What `once` may be told beside its callback. */
export interface OnceOptions {
  /** How long to wait for peers to confirm what is here, in milliseconds. Default 1000. */
  readonly wait?: number;
}

/** What `put` may be told beside its callback. */
export interface PutOptions {
  readonly opt?: {
    /** The certificate of the owner, to write into somebody else's space. */
    readonly cert?: string;
  };
}
