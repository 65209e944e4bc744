import { failure, success, type Result } from '../base/result.ts';
import type { GraphLimits } from '../base/graph-limits.ts';
import { isRecord } from '../base/record.ts';
import type { NameRange, Names, Selector } from '../graph/selector.ts';

/** A parsed name or LEX, with its own wish to be read from the end. */
interface Lex {
  readonly names: Names;
  readonly reverse: boolean;
}

/** Reads the `get` of a message (gun-wire section 10, D1, D20, D21). */
export function parseSelector(get: unknown, limits: GraphLimits): Result<Selector> {
  if (!isRecord(get)) return failure('get: must be an object');
  const soul = parseNames(get['#'], 'get["#"]', limits);
  if (!soul.ok) return soul;
  if (soul.value === undefined || soul.value.names === '')
    return failure('get["#"]: soul is empty or missing');
  const key = parseNames(get['.'], 'get["."]', limits);
  if (!key.ok) return key;
  const byteLimit = parseLimit(get['%']);
  if (byteLimit === undefined && isEverything(soul.value.names)) {
    return failure('get["%"]: a read of every soul needs a limit');
  }
  return success(toSelector(soul.value, key.value, Boolean(get['-']), byteLimit));
}

/** A limit that is no positive number is none, as with Gun; Infinity could not be passed on as JSON. */
function parseLimit(limit: unknown): number | undefined {
  return typeof limit === 'number' && limit > 0 && Number.isFinite(limit) ? limit : undefined;
}

function toSelector(
  soul: Lex,
  key: Lex | undefined,
  reverse: boolean,
  byteLimit: number | undefined,
): Selector {
  const wholeNode = key === undefined || key.names === '' || typeof soul.names !== 'string';
  return {
    soul: soul.names,
    ...(wholeNode ? {} : { key: key.names }),
    reverse: reverse || soul.reverse || (key?.reverse ?? false),
    ...(byteLimit === undefined ? {} : { byteLimit }),
  };
}

function isEverything(names: Names): boolean {
  if (typeof names === 'string') return false;
  return (names.prefix ?? '') === '' && (names.from ?? '') === '' && names.to === undefined;
}

function parseNames(field: unknown, path: string, limits: GraphLimits): Result<Lex | undefined> {
  if (field === undefined) return success(undefined);
  if (typeof field === 'string') {
    if (field.length > limits.nameLength)
      return failure(`${path}: longer than ${limits.nameLength} characters`);
    return success({ names: field, reverse: false });
  }
  if (!isRecord(field)) return failure(`${path}: must be a text or a LEX object`);
  return parseLex(field, path, limits);
}

function parseLex(lex: Record<string, unknown>, path: string, limits: GraphLimits): Result<Lex> {
  for (const operator of ['=', '*', '>', '<']) {
    const bound = lex[operator];
    if (bound === undefined) continue;
    if (typeof bound !== 'string') return failure(`${path}["${operator}"]: must be a text`);
    if (bound.length > limits.nameLength)
      return failure(`${path}["${operator}"]: longer than ${limits.nameLength} characters`);
  }
  const { '=': exact, '*': prefix, '>': from, '<': to } = lex as Record<string, string | undefined>;
  const reverse = Boolean(lex['-']);
  if (exact !== undefined) return success({ names: exact, reverse });
  const names: NameRange = {
    ...(prefix === undefined ? {} : { prefix }),
    ...(from === undefined ? {} : { from }),
    ...(to === undefined ? {} : { to }),
  };
  return success({ names, reverse });
}
