import type { Link, Value } from '../graph/value.ts';

/** Properties of a node of any form. */
export interface OpenNode {
  readonly [key: string]: OpenNode | Value;
}

/** A collection: items by their id. */
export interface SetOf<T> {
  readonly [id: string]: T;
}

/** The nodes among what something may be. */
export type NodeOf<T> = Exclude<T, Value | undefined>;

/** Keys of the node among what something may be. */
export type KeyOf<T> = [NodeOf<T>] extends [never] ? never : keyof NodeOf<T> & string;

/** What a key of a node leads to, behind links. */
export type ChildOf<T, K extends KeyOf<T>> = Exclude<NodeOf<T>[K], Link | undefined>;

/** What a property holds: a value, or a link where the schema says node. */
export type Field<T> = T extends Value ? T : Link;

/** What is read: a value, or the properties of a node, of which any may be missing and deleted ones are null. */
export type Snapshot<T> = T extends Value
  ? T
  : { readonly [K in keyof T]?: Field<Exclude<T[K], undefined>> | null };

/** What is written: a value, or some properties of a node, nested to any depth; links and null anywhere. */
export type Input<T> = T extends Value
  ? T | null
  : { readonly [K in keyof T]?: Input<Exclude<T[K], undefined>> | Pointer | null };

/** Something that a link can point to: a link, or a reference. */
export type Pointer = Link | { soul(): Promise<string> };

/** Members of a collection. */
export type ItemOf<T> = Exclude<NodeOf<T>[KeyOf<T>], Link | undefined>;
