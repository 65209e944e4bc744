/** Loads the JSON vectors of `spec/vectors`, wherever the specs are run from. */
import { readFileSync } from 'node:fs';

/** This file runs as `dist/spec/support/vectors.js`; the vectors stay in the source tree. */
const FOLDER = new URL('../../../spec/vectors/', import.meta.url);

/**
 * The parsed content of one vector file.
 *
 * @param name path below `spec/vectors`, such as `gun/ham.json`
 */
// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- callers name the shape of the file
export function loadVectors<T>(name: string): T {
  return JSON.parse(readFileSync(new URL(name, FOLDER), 'utf8')) as T;
}

/** What vectors write as `{"js": expression}`, because JSON has no word for it. */
const BEYOND_JSON: ReadonlyMap<string, () => unknown> = new Map<string, () => unknown>([
  ['undefined', () => undefined],
  ['no such node', () => undefined],
  ['-0', () => -0],
  ['NaN', () => Number.NaN],
  ['Infinity', () => Infinity],
  ['-Infinity', () => -Infinity],
  ['Number.MAX_SAFE_INTEGER+2', () => Number.MAX_SAFE_INTEGER + 2],
  ['Number.MAX_VALUE', () => Number.MAX_VALUE],
  ['Number.MIN_VALUE', () => Number.MIN_VALUE],
  ['10n', () => 10n],
  ['/re/', () => /re/],
  ['function(){}', () => () => undefined],
  ['new Date(0)', () => new Date(0)],
  ['new Number(5)', () => Object(5)],
  ['new String("a")', () => Object('a')],
  ['Symbol("x")', () => Symbol('x')],
  ['Buffer.from("a")', () => Buffer.from('a')],
  ['Object.create({"#":"a"})', () => Object.create({ '#': 'a' })],
  ['Object.assign(Object.create(null),{"#":"a"})', () => Object.assign(Object.create(null), { '#': 'a' })],
  ['Object.assign([], {"#":"a"})', () => Object.assign([], { '#': 'a' })],
  ['new (class X{constructor(){this["#"]="a"}})', () => new LinkLike()],
]);

/** An object that has the shape of a link and a class of its own. */
class LinkLike {
  readonly '#' = 'a';
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

/**
 * The value that a vector means: `{"js": …}` and `{"repeat": …, "times": …}` are resolved, the rest is itself.
 *
 * @throws Error for a `js` expression that is not in the table, so that no case passes by accident
 */
export function vectorValue(raw: unknown): unknown {
  if (!isObject(raw)) return raw;
  if (typeof raw['repeat'] === 'string') return raw['repeat'].repeat(Number(raw['times']));
  if (typeof raw['js'] !== 'string') return raw;
  const make = BEYOND_JSON.get(raw['js']);
  if (make === undefined) throw new Error(`unknown vector expression ${raw['js']}`);
  return make();
}
