import { toHex } from '../base/byte-texts.ts';
import { fromValueJson, type Value } from '../graph/value.ts';
import type { Entry } from '../graph/write.ts';
import type { MaybePromise } from '../base/maybe-promise.ts';
import { namesOf, type Operation } from '../log/operation.ts';
import { saidIn, type History, type HistoryWanted, type SaidEntry } from './history.ts';
import type { LogStore } from './log-store.ts';

const MICROSECONDS = 1000;
const ID = /^[\da-f]{64}$/;

/**
 * A moment: milliseconds since 1970, or the id of an operation as hex.
 *
 * At a time a property has what wins among all states up to it, whoever says so and whenever it came. At an operation it
 * has what was known when that was made: its log up to it, and of other logs what says that it was made before.
 */
export type Moment = number | string;

/** Who said what a property has. */
export interface Blame {
  readonly key: string;
  readonly value: Value;
  readonly state: number;
  /** What says it; undefined for what nobody signed or witnessed. */
  readonly said: SaidEntry | undefined;
}

/** What the past is read from. */
export interface PastParts {
  readonly history: History;
  readonly store: LogStore;
  readonly readNode: (soul: string) => MaybePromise<Iterable<readonly [key: string, entry: Entry]>>;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

/** Reads nodes as they were, and finds who wrote them. */
export class Past {
  readonly #parts: PastParts;

  constructor(parts: PastParts) {
    this.#parts = parts;
  }

  /**
   * A node as the logs say that it was; undefined when nothing was said of it then, or when there is no such operation.
   * What nobody signed or witnessed is not in it, nor what was pruned since.
   */
  async get(soul: string, { at }: { readonly at: Moment }): Promise<Record<string, Value> | undefined> {
    const wanted = await this.#wantedAt(at);
    if (wanted === undefined) return undefined;
    const winners = await this.#parts.history.winners(soul, wanted);
    if (winners.size === 0) return undefined;
    const node = Object.create(null) as Record<string, Value>;
    for (const [key, { json }] of sorted(winners)) node[key] = fromValueJson(json);
    return node;
  }

  /** Who said what the properties of a node have, or one of them; at a moment of the past, if one is given. */
  async blame(soul: string, key?: string, at?: Moment): Promise<Blame[]> {
    const wanted = at === undefined ? { until: this.#parts.now() } : await this.#wantedAt(at);
    if (wanted === undefined) return [];
    const winners = await this.#parts.history.winners(soul, { ...wanted, key });
    const said = sorted(winners).map(([name, entry]) => blameOf(name, entry, entry));
    return at === undefined ? this.#joined(soul, key, winners) : said;
  }

  /** What the graph has, beside who said it. */
  async #joined(
    soul: string,
    only: string | undefined,
    winners: ReadonlyMap<string, SaidEntry>,
  ): Promise<Blame[]> {
    const found: Blame[] = [];
    for (const [key, entry] of await this.#parts.readNode(soul)) {
      if (only !== undefined && key !== only) continue;
      const winner = winners.get(key);
      const isSaid = winner?.state === entry.state && winner.json === entry.json;
      found.push(blameOf(key, entry, isSaid ? winner : undefined));
    }
    return found.toSorted((a, b) => (a.key < b.key ? -1 : 1));
  }

  async #wantedAt(at: Moment): Promise<HistoryWanted | undefined> {
    if (typeof at === 'number') return { until: at };
    const operation = ID.test(at) ? await this.#parts.store.operation(at) : undefined;
    if (operation === undefined) return undefined;
    // States of one's own may be ahead of one's clock by a little.
    const made = Number(operation.extensions.timestamp) / MICROSECONDS;
    const until = saidIn(operation, at).reduce((latest, { state }) => Math.max(latest, state), made);
    return { until, counts: (other) => isKnownTo(operation, other) };
  }
}

function isKnownTo(operation: Operation, other: Operation): boolean {
  const [names, others] = [namesOf(operation), namesOf(other)];
  if (names.author !== others.author || names.log !== others.log) {
    return other.extensions.timestamp <= operation.extensions.timestamp;
  }
  // Of a forked log both branches count up to the place of the operation, which alone counts there.
  return (
    other.header.sequence < operation.header.sequence || toHex(other.header.id) === toHex(operation.header.id)
  );
}

function blameOf(key: string, { state, json }: Entry, said: SaidEntry | undefined): Blame {
  return { key, value: fromValueJson(json), state, said };
}

function sorted(winners: ReadonlyMap<string, SaidEntry>): [string, SaidEntry][] {
  return [...winners].toSorted(([a], [b]) => (a < b ? -1 : 1));
}
