import type { Place } from '../api/input.ts';
import { linkedSoul } from '../api/put.ts';
import { isLink, isValue } from '../graph/value.ts';
import type { ChainLike } from './context.ts';
import { copyInput, type NodePointer } from './input-copy.ts';
import { contextOf } from './made-message.ts';
import type { ChainRoot } from './root.ts';
import type { AckCallback, GunEvent, PutOptions } from './types.ts';
import { soulOf } from './values.ts';
import type { GunAck } from './writes.ts';

/** What is needed of a chain. */
export interface PuttableChain extends ChainLike {
  get(key: string): PuttableChain;
  put(data: unknown, callback?: AckCallback | null, options?: PutOptions): PuttableChain;
}

const NO_EVENT: GunEvent = { off: () => undefined };
/** Letters of the key of a member that is no node. */
const KEY_LETTERS = 7;
/** Souls in the spaces of users begin so. */
const ACCOUNT = /^~[^/]*/;

/** Writes data to a place; refusals go to the callback. */
export function writeAt(
  root: ChainRoot,
  place: Place | undefined,
  data: unknown,
  callback: AckCallback | null | undefined,
  options: PutOptions = {},
): void {
  const ack = typeof callback === 'function' ? (what: GunAck): void => callback(what, NO_EVENT) : undefined;
  const refuse = (err: string): void => ack?.({ '@': '', err });
  if (place === undefined) return refuse('Nothing can be put here: the chain means no single place');
  const copy = copyInput(data, [place.soul, ...place.keys], (value) => pointerTo(root, value));
  if (!copy.ok) return refuse(copy.reason);
  if (place.keys.length === 0 && !isNode(copy.value))
    return refuse('Data at root of graph must be a node (an object).');
  const sign = root.signer(options.opt?.cert);
  root.writes.put({ ...copy.value, place, sign, lackMs: root.lackMs, ack });
}

/** Adds a member to the set that a chain is; gives the chain of the member. */
export function setMember(
  root: ChainRoot<PuttableChain>,
  chain: PuttableChain,
  item: unknown,
  callback: AckCallback | null | undefined,
  options?: PutOptions,
): PuttableChain {
  if (contextOf(item) !== undefined) return linkChain(root, chain, item as PuttableChain, callback, options);
  const known = soulOf(item);
  if (known !== undefined) return chain.get(known).put({ '#': known }, callback, options);
  if (typeof item !== 'object' || item === null)
    return chain.get(root.options.uuid(KEY_LETTERS)).put(item, callback, options);
  const soul = newSoul(root, chain);
  // In one message, so that nobody sees a member without its node.
  chain.get(soul).put({ ...item, _: { '#': soul } }, callback, options);
  return root.$.get(soul);
}

/** Takes a member out of the set that a chain is. */
export function unsetMember(
  root: ChainRoot<PuttableChain>,
  chain: PuttableChain,
  member: unknown,
  callback: AckCallback | undefined,
): void {
  const pointer = typeof member === 'object' && member !== null ? pointerTo(root, member) : undefined;
  const known = typeof member === 'string' ? member : soulOf(member);
  const soul = pointer?.soul() ?? (known === undefined ? undefined : Promise.resolve(known));
  const refuse = (err: string): void => callback?.({ '@': '', err }, NO_EVENT);
  if (soul === undefined) return refuse('Only a node or its soul can be taken out');
  const unlink = (key: string): void => void chain.get(key).put(null, callback);
  soul.then(unlink, (error: unknown) => refuse((error as Error).message));
}

/** The way to the soul of what is a chain; undefined for anything else. */
function pointerTo(root: ChainRoot, data: object): NodePointer | undefined {
  const place = contextOf(data)?.place;
  if (place === undefined) return undefined;
  const { writing } = root;
  return {
    async soul() {
      if (place.keys.length === 0) return place.soul;
      // The links on the way may be among what was written before.
      await writing;
      return linkedSoul(root.core, place);
    },
  };
}

/** Links a chain under the soul of its node. */
function linkChain(
  root: ChainRoot<PuttableChain>,
  chain: PuttableChain,
  item: PuttableChain,
  callback: AckCallback | null | undefined,
  options?: PutOptions,
): PuttableChain {
  const { place } = item._;
  const link = (soul: string): void => void chain.get(soul).put({ '#': soul }, callback, options);
  if (place?.keys.length === 0) link(place.soul);
  else {
    const soul = pointerTo(root, item)?.soul() ?? Promise.reject(new Error('Only a node can be linked'));
    const refuse = (error: unknown): void => callback?.({ '@': '', err: (error as Error).message }, NO_EVENT);
    soul.then(link, refuse);
  }
  return item;
}

/** A soul for a new node; in the space of a user it stands below the account. */
function newSoul(root: ChainRoot, chain: PuttableChain): string {
  const account = ACCOUNT.exec(chain._.place?.soul ?? '')?.[0];
  const own = root.options.uuid();
  return account === undefined ? own : `${account}/${own}`;
}

/** True for an object that is neither a link nor a way to one. */
function isNode(value: unknown): boolean {
  return (
    typeof value === 'object' &&
    value !== null &&
    !isValue(value) &&
    !isLink(value) &&
    !('soul' in value && typeof value.soul === 'function')
  );
}
