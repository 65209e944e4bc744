/** Moments of the past as operators write them. */
import type { Moment } from '../lib/store/past.ts';

const ID = /^[\da-f]{64}$/;
const MILLISECONDS = /^-?\d+(?:\.\d+)?$/;
/** Dates of ISO 8601, with a time or without; others mean something else in every place. */
const DATE = /^\d{4}-\d\d(?:-\d\d(?:T\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:\d\d)?)?)?$/;

/** Reads the id of an operation, milliseconds since 1970, or a date of ISO 8601; undefined for anything else. */
export function parseMoment(text: string): Moment | undefined {
  if (ID.test(text)) return text;
  if (MILLISECONDS.test(text)) return Number(text);
  const ms = DATE.test(text) ? Date.parse(text) : NaN;
  return Number.isNaN(ms) ? undefined : ms;
}
