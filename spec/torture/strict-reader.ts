/** Which writes frames make, read from the protocol in the plainest way: the measure for what a relay stores. */
import { DEFAULT_LIMITS } from '../../lib/base/limits.ts';
import type { FieldWrite } from '../../lib/graph/write.ts';
import { lineOfField, NaiveGraph } from '../support/naive-graph.ts';

const { batchMessages, messageSouls, nodeProperties, nameLength, idLength, futureMs } = DEFAULT_LIMITS;
const CONTROL_NAMES: ReadonlySet<unknown> = new Set(['?', '!', 'hi', 'twin']);

type Members = Readonly<Record<string, unknown>>;

/** Hears what peers say to a relay and knows what the relay must hold then. */
export class StrictReader {
  /** Every write that was legal when it came, as a line of {@link NaiveGraph}. */
  readonly legalLines = new Set<string>();
  readonly #legal: FieldWrite[] = [];
  readonly #ids = new Set<string>();
  readonly #isProtected: (soul: string) => boolean;

  /** @param isProtected true for souls that need what chance does not make: a signature, or the hash of a value */
  constructor(isProtected: (soul: string) => boolean = () => false) {
    this.#isProtected = isProtected;
  }

  /** Takes a frame that came from a peer at a time. */
  hear(peer: string, frame: string, now: number): void {
    for (const message of messagesOf(frame)) this.#take(peer, message, now);
  }

  /** Writes heard so far. */
  get count(): number {
    return this.#legal.length;
  }

  /** The lives of all ids are over. */
  forgetIds(): void {
    this.#ids.clear();
  }

  /** What must be stored at a time: a write from the future counts when its time has come. */
  lines(now: number): string[] {
    return new NaiveGraph().putAll(this.#legal.filter(({ state }) => state <= now)).lines();
  }

  #take(peer: string, message: Members, now: number): void {
    const id = idOf(message);
    if (id === undefined) return;
    const writes = writesOf(message);
    if (writes === undefined && !isControl(message) && !isRead(message)) return;
    if (this.#isRepeated(JSON.stringify([peer, id])) || writes === undefined) return;
    if (writes.some(({ soul, state }) => state > now + futureMs || this.#isProtected(soul))) return;
    for (const write of writes) {
      this.#legal.push(write);
      this.legalLines.add(lineOfField(write.soul, write.key, write.state, write.json));
    }
  }

  #isRepeated(name: string): boolean {
    const isKnown = this.#ids.has(name);
    this.#ids.add(name);
    return isKnown;
  }
}

/** The messages of a frame; texts in an array are frames, one level deep, and share its bound. */
function messagesOf(frame: string): Members[] {
  let room = batchMessages;
  const unpack = (text: string, depth: number): Members[] => {
    if (!/^[[{]/.test(text)) return [];
    const parsed = parsedOrNothing(text);
    if (!Array.isArray(parsed)) return isObject(parsed) ? [parsed] : [];
    if (parsed.length > room) return [];
    room -= parsed.length;
    return parsed.flatMap((member: unknown) => {
      if (typeof member === 'string') return depth === 0 ? unpack(member, 1) : [];
      return isObject(member) ? [member] : [];
    });
  };
  return unpack(frame, 0);
}

function parsedOrNothing(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

/** Undefined when it is too long; a message without one gets one that nobody else has. */
function idOf(message: Members): string | undefined {
  const raw = own(message, '#');
  if (!raw) return `none ${Math.random()}`;
  const id = typeof raw === 'string' ? raw : JSON.stringify(raw);
  return id.length <= idLength ? id : undefined;
}

function isControl(message: Members): boolean {
  return CONTROL_NAMES.has(own(message, 'dam'));
}

/** The writes of a message that is a legal put; undefined for all others. */
function writesOf(message: Members): FieldWrite[] | undefined {
  const put = own(message, 'put');
  if (own(message, 'dam') || !isObject(put)) return undefined;
  const souls = Object.keys(put);
  const nodes = souls.map((soul) => nodeWrites(soul, own(put, soul)));
  if (souls.length > messageSouls || nodes.includes(undefined)) return undefined;
  return nodes.flatMap((writes) => writes!);
}

function nodeWrites(soul: string, node: unknown): FieldWrite[] | undefined {
  if (!isName(soul) || !isObject(node)) return undefined;
  const meta = own(node, '_');
  if (!isObject(meta) || own(meta, '#') !== soul) return undefined;
  const states = own(meta, '>');
  if (!isObject(states)) return undefined;
  const keys = Object.keys(node).filter((key) => key !== '_');
  const isLegal = (key: string): boolean =>
    isName(key) && Number.isFinite(own(states, key)) && isValue(own(node, key));
  if (keys.length > nodeProperties || !keys.every(isLegal)) return undefined;
  return keys.map((key) => ({
    soul,
    key,
    state: own(states, key) as number,
    json: JSON.stringify(own(node, key)),
  }));
}

function isValue(value: unknown): boolean {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return true;
  if (typeof value === 'number') return Number.isFinite(value);
  const link = isObject(value) && Object.keys(value).join() === '#' ? own(value, '#') : undefined;
  return typeof link === 'string' && link !== '';
}

/** True for a legal read; its id counts as used. */
function isRead(message: Members): boolean {
  if (own(message, 'dam') || own(message, 'put') !== undefined || own(message, '@')) return false;
  const get = own(message, 'get');
  if (!isObject(get)) return false;
  const [soul, key, limit] = [own(get, '#'), own(get, '.'), own(get, '%')];
  const isLimited = typeof limit === 'number' && limit > 0 && Number.isFinite(limit);
  if (!isSelection(soul) || (key !== undefined && !isSelection(key))) return false;
  return typeof soul === 'string' ? soul !== '' : isBounded(soul as Members, isLimited);
}

function isBounded(lex: Members, isLimited: boolean): boolean {
  const exact = own(lex, '=');
  if (exact !== undefined) return exact !== '';
  return isLimited || own(lex, '<') !== undefined || Boolean(own(lex, '*')) || Boolean(own(lex, '>'));
}

/** A name, which may be empty, or a LEX. */
function isSelection(field: unknown): boolean {
  if (typeof field === 'string') return field.length <= nameLength;
  if (!isObject(field)) return false;
  return ['=', '*', '>', '<'].every((operator) => {
    const bound = own(field, operator);
    return bound === undefined || (typeof bound === 'string' && bound.length <= nameLength);
  });
}

function isName(text: string): boolean {
  return text !== '' && text.length <= nameLength;
}

function isObject(value: unknown): value is Members {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function own(members: Members, key: string): unknown {
  return Object.hasOwn(members, key) ? members[key] : undefined;
}
