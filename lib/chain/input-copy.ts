import { failure, success, type Result } from '../base/result.ts';
import { META_KEY } from '../graph/node.ts';
import { isValue } from '../graph/value.ts';
import { soulOf } from './values.ts';

/** A way to the soul of a node, for what is put as a link to it. */
export interface NodePointer {
  soul(): Promise<string>;
}

/** What an app puts, as it was at that moment. */
export interface InputCopy {
  /** A value, a pointer, or objects of these. */
  readonly value: unknown;
  /** Objects that have souls by themselves, with these; where they stand in the value there are pointers. */
  readonly souls: ReadonlyMap<object, string>;
}

/** Nesting of what is put. */
const MOST_DEPTH = 1000;

/**
 * Copies what an app puts, so that it may change it afterwards; circles stay circles.
 *
 * @param at the place, for reasons
 * @param pointerOf gives the pointer that a chain is; undefined for what is none
 */
export function copyInput(
  data: unknown,
  at: readonly string[],
  pointerOf: (data: object) => NodePointer | undefined,
): Result<InputCopy> {
  const souls = new Map<object, string>();
  const copies = new Map<object, object>();
  const read = (value: unknown, path: readonly string[]): Result<unknown> => {
    if (isValue(value)) return success(value);
    if (typeof value !== 'object' || value === null) return failure(refusal(value, path));
    const pointer = pointerOf(value);
    if (pointer !== undefined) return success(pointer);
    const known = copies.get(value);
    if (known !== undefined) return success(known);
    return isObject(value) && path.length <= MOST_DEPTH
      ? readNode(value, path)
      : failure(refusal(value, path));
  };
  const readNode = (value: object, path: readonly string[]): Result<unknown> => {
    const copy: object = Object.create(null) as object;
    // What is put at a root has the soul of that place.
    const soul = path.length > 1 ? soulOf(value) : undefined;
    const shown = soul === undefined ? copy : { soul: () => Promise.resolve(soul) };
    copies.set(value, shown);
    if (soul !== undefined) souls.set(copy, soul);
    for (const [key, field] of Object.entries(value)) {
      if (key === META_KEY) continue;
      const read1 = read(field, [...path, key]);
      if (!read1.ok) return read1;
      Object.defineProperty(copy, key, { value: read1.value, enumerable: true });
    }
    return success(shown);
  };
  const whole = read(data, at);
  return whole.ok ? success({ value: whole.value, souls }) : whole;
}

function isObject(value: object): boolean {
  return Object.prototype.toString.call(value) === '[object Object]';
}

function refusal(value: unknown, path: readonly string[]): string {
  return `Invalid data: ${kindOf(value)} at ${path.join('.')}`;
}

function kindOf(value: unknown): string {
  if (typeof value === 'number') return String(value);
  return (value as { constructor?: { name?: string } } | null | undefined)?.constructor?.name ?? typeof value;
}
