import type { FieldWrite } from '../graph/write.ts';

/** Writes of a portion, and characters of their names and values, at most; a single write may be larger. */
const MOST_WRITES = 1000;
const MOST_LENGTH = 256 * 1024;

/**
 * Where the portion of a change ends that begins at `start`: after whole nodes where they fit, within a node that
 * does not. A portion is quickly written as a message.
 */
export function portionEnd(writes: readonly FieldWrite[], start: number): number {
  let length = 0;
  let nodeStart = start;
  for (let at = start; at < writes.length; at += 1) {
    const { soul, key, json } = writes[at]!;
    if (at > start && soul !== writes[at - 1]!.soul) nodeStart = at;
    length += soul.length + key.length + json.length;
    const isFull = at - start >= MOST_WRITES || length > MOST_LENGTH;
    if (isFull && at > start) return nodeStart > start ? nodeStart : at;
  }
  return writes.length;
}
