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
