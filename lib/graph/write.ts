import type { Value } from './value.ts';
import { fromValueJson, toValueJson } from './value.ts';
import { GraphError } from '../base/errors.ts';

/** What a property holds: its state and its value as JSON text, the form HAM compares and stores. */
export interface Entry {
  readonly state: number;
  readonly json: string;
}

/** One property of one node at one state: the unit of merging. */
export interface FieldWrite extends Entry {
  readonly soul: string;
  readonly key: string;
}

/** What a write takes beside its texts, as bytes of memory: the object, its state and what texts begin with. */
const WRITE_LENGTH = 160;

/** Characters that some writes hold in memory; a soul counts once where one write after the other has it. */
export function lengthOfWrites(writes: readonly FieldWrite[]): number {
  let length = 0;
  let last = '';
  for (let at = 0; at < writes.length; at += 1) {
    const { soul, key, json } = writes[at]!;
    length += WRITE_LENGTH + key.length + json.length + (soul === last ? 0 : soul.length);
    last = soul;
  }
  return length;
}

/**
 * Makes a write from a value.
 *
 * @throws GraphError GRAPH_BAD_VALUE when the value is not one a property may hold
 */
export function writeOf(soul: string, key: string, state: number, value: Value): FieldWrite {
  const json = toValueJson(value);
  if (json === undefined) throw new GraphError('GRAPH_BAD_VALUE', `at ${key}`);
  return { soul, key, state, json };
}

/** The value of an entry. */
export function valueOf(entry: Entry): Value {
  return fromValueJson(entry.json);
}
