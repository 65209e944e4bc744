/** Makes legal frames of every kind and spoils some of them, all from one seed. */
import { ODD_NAMES } from '../support/arbitraries.ts';
import type { Chance } from './chance.ts';
import {
  containersIn,
  leaf,
  textOf,
  treeOf,
  type JsonArray,
  type JsonObject,
  type JsonTree,
} from './json-tree.ts';

const SECOND_MS = 1000;
const HOUR_MS = 3_600_000;
/** Frames that are said again, whole or in parts. */
const KEPT_FRAMES = 64;
const KEPT_IDS = 200;
/** Longer than any name or id may be. */
const HUGE = 'x'.repeat(17_000);

const NAMES: readonly string[] = [...ODD_NAMES, '_', 'put', 'get', 'ok', 'valueOf', 'then', 'toJSON'];
const FIELDS: readonly string[] = ['#', '@', '##', 'put', 'get', 'ok', 'err', 'dam', 'pid', '%', '><', '_'];
const MORE_FIELDS: readonly string[] = ['.', '>', '<', '*', '=', '-', 'nts', 'relay', 'DBG', 'peers', 'opt'];
const VALUES: readonly unknown[] = [null, true, false, '', 'a', 'b', '\ud800', 0, -1, 10, 9, 1e21, 0.1];
/** What stands where something else should. */
export const JUNK: readonly string[] = [
  'null',
  'true',
  'false',
  '0',
  '-0',
  '5',
  '-7.5',
  '1e999',
  '-1e999',
  '1e-400',
  '1e308',
  '""',
  '"NaN"',
  '"Infinity"',
  '"5"',
  '{}',
  '[]',
  '[null]',
  '{"#":"a"}',
  '{"#":""}',
  '{"#":5}',
  '{"#":"a","b":1}',
  '{"_":{}}',
  '{"__proto__":null}',
  '{"*":""}',
  '"__proto__"',
  '"\\u0000"',
  '"n\\u0000k"',
  '"n\\u0001"',
  '"\\ud800"',
  '"\\udfff\\ud800"',
  `"${HUGE}"`,
];
/** Letters that change what a text means. */
const LETTERS: readonly string[] = '{}[]",:\\ue0.-#@_'.split('');
const ODD_LETTERS: readonly string[] = [
  '\u0000',
  '\u0001',
  '\u2028',
  '\ufeff',
  '\ud800',
  '\udc00',
  '😀',
  ' ',
];

/** A seeded source of frames. */
export class FrameMaker {
  readonly #chance: Chance;
  readonly #leastAheadMs: number;
  readonly #frames: string[] = [];
  readonly #ids: string[] = [];
  #made = 0;

  /** @param leastAheadMs how far ahead writes from the future lie at least, where time does not stand still */
  constructor(chance: Chance, leastAheadMs = 0) {
    this.#chance = chance;
    this.#leastAheadMs = leastAheadMs;
  }

  /** Ids of messages that the relay sent; some of them are answered. */
  heard(ids: readonly string[]): void {
    this.#ids.push(...ids);
    this.#ids.splice(0, this.#ids.length - KEPT_IDS);
  }

  /** The next frame, as it is at a time. */
  next(now: number): string {
    const chance = this.#chance;
    const frame = this.#spoilText(chance.happens(0.04) ? this.#replayed() : this.#fresh(now));
    this.#frames.push(frame);
    this.#frames.splice(0, this.#frames.length - KEPT_FRAMES);
    return frame;
  }

  // Sequence

  #replayed(): string {
    return this.#frames.length === 0 ? '[]' : this.#chance.pick(this.#frames);
  }

  /** Mostly new, sometimes one that was used, now and then none or one of another type. */
  #id(): unknown {
    const chance = this.#chance;
    this.#made += 1;
    if (chance.happens(0.06) && this.#ids.length > 0) return chance.pick(this.#ids);
    if (chance.happens(0.04)) return chance.pick(['', 0, null, 12, true, { a: 1 }, ['i'], '__proto__']);
    const id = `f${this.#made}`;
    this.heard([id]);
    return id;
  }

  // Grammar

  #fresh(now: number): string {
    const chance = this.#chance;
    if (chance.happens(0.75)) return this.#messageText(now);
    const members = Array.from({ length: chance.below(6) }, () =>
      chance.happens(0.3) ? leaf(JSON.stringify(this.#inner(now))) : this.#message(now),
    );
    return textOf(this.#spoil({ kind: 'array', items: members }), chance);
  }

  /** A text in a batch: a message, or a batch again. */
  #inner(now: number): string {
    const text = this.#messageText(now);
    return this.#chance.happens(0.3) ? `[${text},${JSON.stringify(text)}]` : text;
  }

  #messageText(now: number): string {
    return textOf(this.#message(now), this.#chance);
  }

  #message(now: number): JsonTree {
    const tree = treeOf(this.#legal(now));
    return this.#chance.happens(0.5) ? tree : this.#spoil(tree);
  }

  #legal(now: number): Record<string, unknown> {
    const chance = this.#chance;
    const kind = chance.next();
    const message: Record<string, unknown> = { '#': this.#id() };
    if (kind < 0.6) message['put'] = this.#graph(now);
    else if (kind < 0.8) message['get'] = this.#get();
    else if (kind < 0.9) Object.assign(message, this.#ack());
    else Object.assign(message, this.#control());
    if (chance.happens(0.05)) message[chance.pick(MORE_FIELDS)] = chance.pick(VALUES);
    if (kind < 0.6 && chance.happens(0.1)) message['@'] = this.#id();
    return message;
  }

  #graph(now: number): unknown {
    const souls = Array.from({ length: 1 + this.#chance.below(3) }, () => this.#name());
    return Object.fromEntries(souls.map((soul) => [soul, this.#node(soul, now)]));
  }

  #node(soul: string, now: number): unknown {
    const keys = Array.from({ length: this.#chance.below(4) }, () => this.#name());
    const states = Object.fromEntries(keys.map((key) => [key, this.#state(now)]));
    const values = keys.map((key): [string, unknown] => [key, this.#value()]);
    return Object.fromEntries([['_', { '#': soul, '>': states }], ...values.filter(([key]) => key !== '_')]);
  }

  #value(): unknown {
    return this.#chance.happens(0.2) ? { '#': this.#name() } : this.#chance.pick(VALUES);
  }

  /** Few past ones, so that they tie; some that wait; some too far ahead. */
  #state(now: number): number {
    const chance = this.#chance;
    if (chance.happens(0.6)) return chance.pick([-7.5, 0, 0.001, 1, 2, 3]);
    if (chance.happens(0.7)) return now - chance.below(HOUR_MS);
    if (chance.happens(0.3)) return now + HOUR_MS + chance.below(HOUR_MS);
    return now + this.#leastAheadMs + chance.below(chance.pick([SECOND_MS, 300 * SECOND_MS]));
  }

  #get(): Record<string, unknown> {
    const chance = this.#chance;
    const get: Record<string, unknown> = { '#': chance.happens(0.2) ? this.#lex() : this.#name() };
    if (chance.happens(0.5)) get['.'] = chance.happens(0.3) ? this.#lex() : this.#name();
    if (chance.happens(0.3)) get['%'] = chance.pick([1, 9, 500, 1e6, -1, 0, '5']);
    if (chance.happens(0.1)) get['-'] = 1;
    return get;
  }

  #lex(): Record<string, unknown> {
    const operators = ['=', '*', '>', '<', '-'].filter(() => this.#chance.happens(0.4));
    return Object.fromEntries(operators.map((operator) => [operator, this.#name()]));
  }

  #ack(): Record<string, unknown> {
    const ok = this.#chance.pick([true, 1, { rtc: { id: 1 } }, { '@': 1, '/': 2 }, undefined]);
    return { '@': this.#id(), ok, ...(this.#chance.happens(0.2) ? { err: 'no' } : {}) };
  }

  #control(): Record<string, unknown> {
    const chance = this.#chance;
    const dam = chance.pick(['?', 'hi', '!', 'mob', 'opt', 'rtc', 'service', 'sync', 'toString']);
    const pid = chance.pick(['pid000001', 'pid000002', '__proto__', '']);
    const extra = chance.happens(0.3) ? { relay: true } : { peers: { 'http://127.0.0.1:9/gun': {} } };
    return { dam, pid, ...(chance.happens(0.5) ? { '@': 'x' } : {}), ...extra };
  }

  #name(): string {
    return this.#chance.pick(NAMES);
  }

  // Structure

  /** One to three changes at random places of a tree. */
  #spoil(tree: JsonTree): JsonTree {
    const chance = this.#chance;
    for (let change = chance.below(3); change >= 0; change -= 1) {
      const containers = containersIn(tree);
      if (containers.length === 0) return tree;
      const container = chance.pick(containers);
      if (container.kind === 'object') this.#spoilObject(container);
      else this.#spoilArray(container);
    }
    return tree;
  }

  #spoilObject({ pairs }: JsonObject): void {
    const chance = this.#chance;
    const at = chance.below(pairs.length);
    const pair = pairs[at];
    if (pair === undefined || chance.happens(0.1)) {
      pairs.push([this.#anyKey(), leaf(chance.pick(JUNK))]);
      return;
    }
    const [key, value] = pair;
    const changes: readonly (() => void)[] = [
      () => pairs.splice(at, 1),
      () => pairs.push([key, leaf(chance.pick(JUNK))]),
      () => pairs.splice(at, 1, [key, leaf(chance.pick(JUNK))]),
      () => pairs.splice(at, 1, [key, leaf(chance.pick(JUNK))]),
      () => pairs.splice(at, 1, [this.#anyKey(), value]),
      () => pairs.splice(at, 1, [key, this.#nested(value)]),
      () => pairs.unshift([key, value]),
    ];
    chance.pick(changes)();
  }

  #spoilArray({ items }: JsonArray): void {
    const chance = this.#chance;
    const at = chance.below(items.length + 1);
    const again = items[at];
    if (again !== undefined && chance.happens(0.5)) items.push(again);
    else items.splice(at, chance.below(2), leaf(chance.pick(JUNK)));
  }

  #anyKey(): string {
    return this.#chance.pick([FIELDS, MORE_FIELDS, NAMES, ['', HUGE]][this.#chance.below(4)]!);
  }

  #nested(value: JsonTree): JsonTree {
    let tree = value;
    for (let depth = this.#chance.below(30); depth >= 0; depth -= 1) {
      tree = this.#chance.happens(0.5)
        ? { kind: 'array', items: [tree] }
        : { kind: 'object', pairs: [[this.#anyKey(), tree]] };
    }
    return tree;
  }

  // Text

  #spoilText(text: string): string {
    const chance = this.#chance;
    if (!chance.happens(0.15)) return text;
    const at = chance.below(text.length + 1);
    const end = at + chance.below(12);
    const letter = chance.pick(chance.happens(0.5) ? LETTERS : ODD_LETTERS);
    return chance.pick([
      text.slice(0, at),
      text.slice(at),
      text.slice(0, at) + letter + text.slice(at),
      text.slice(0, at) + letter + text.slice(at + 1),
      text.slice(0, at) + text.slice(end),
      text.slice(0, at) + this.#replayed().slice(at),
      text + this.#replayed(),
    ]);
  }
}
