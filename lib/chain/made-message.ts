import { isPlainObject } from '../base/record.ts';
import type { Place } from '../api/input.ts';
import { isLink, isValue, type Link } from '../graph/value.ts';
import { Context } from './context.ts';
import type { MadeSource } from './sources.ts';
import { soulOf } from './values.ts';

/** Puts into a chain what an extension hands to it, or what a function made: a value, a node, a chain, or anything. */
export function putInto(source: MadeSource, message: unknown): void {
  const { get, put } = (isPlainObject(message) ? message : {}) as {
    readonly get?: unknown;
    readonly put?: unknown;
  };
  const key = typeof get === 'string' || typeof get === 'number' ? String(get) : '';
  const made = propertyIn(put) ?? put;
  if (made === undefined) return source.remove(key);
  const link = linkTo(made);
  if (link !== undefined) return source.put(key, link, { soul: link['#'], keys: [] });
  if (isValue(made)) return source.put(key, made, undefined);
  source.put(key, undefined, undefined, made);
}

/** The context of what is a chain; undefined for anything else. */
export function contextOf(data: unknown): Context | undefined {
  const context = typeof data === 'object' && data !== null ? (data as { _?: unknown })._ : undefined;
  return context instanceof Context ? context : undefined;
}

/** The link to what a chain or node is; undefined for what is none. */
function linkTo(made: unknown): Link | undefined {
  if (isLink(made)) return made;
  const context = contextOf(made);
  const place: Place | undefined = context?.place;
  const soul =
    context === undefined
      ? soulOf(made)
      : (context.link ?? (place?.keys.length === 0 ? place.soul : undefined));
  return soul === undefined ? undefined : { '#': soul };
}

/** What a message about one property holds. */
function propertyIn(put: unknown): unknown {
  if (!isPlainObject(put) || !('#' in put) || !('.' in put)) return undefined;
  return put['='] ?? put[':'];
}
