import { systemClock } from '../base/clock.ts';
import { GraphError } from '../base/errors.ts';
import { graphLimitsWith, type GraphLimits } from '../base/graph-limits.ts';
import type { Share } from '../base/share.ts';
import { TwoGenerations } from '../base/two-generations.ts';
import type { Fields } from '../graph/node.ts';
import type { Names } from '../graph/selector.ts';
import type { Entry, FieldWrite } from '../graph/write.ts';
import type { MergeView } from '../ham/merge.ts';
import { APP_FORMAT_KEY, fieldKey, keyRange, parseFieldKey, type KeyRange } from '../store/keys.ts';
import { putFailure } from '../store/put-failure.ts';
import type { Change, Storage, TextEntry } from '../store/storage.ts';
import type { PutOutcome } from '../store/put-request.ts';
import { parsePut } from '../wire/parse-put.ts';
import { putJsonOf } from '../wire/put-json.ts';
import { FutureWrites, placeOf, type Time } from './future-writes.ts';
import type { Beside, GraphKeeper, KeptWrite } from './keeper.ts';

/**
 * What an app has in its storage, in one record each:
 *
 * | key | value |
 * |---|---|
 * | `app` | the format of all this |
 * | `g/<soul>U+0000<key>` | `<state> <value as JSON>`, one property, see `store/keys.ts` |
 * | `u/<id>` | JSON of the `put` of a write that no peer has acknowledged |
 * | `d/<place>` | JSON of the `put` of a write from the future |
 * | `a/…`, `h/…`, `o/…` | the key and the log of an author, see `author-log.ts` |
 */
const FORMAT = '1';
/** Prefix of the records of writes that no peer has acknowledged. */
export const UNSENT = 'u/';
const FUTURE = 'd/';
/** First key after every key there is. */
const LAST = '\u{10ffff}';
/** What is told to other owners of a storage when a write from the future waits in it. */
const FUTURE_NEWS = '';
const READ_AT_ONCE = 512;
/** Bytes of hot properties kept in memory. */
const CACHE_BYTES = 8 * 1024 * 1024;
/** What a property costs beside its texts, in bytes, about. */
const ENTRY_BYTES = 200;
/** Pause before matured writes are tried again after a failed commit, in milliseconds. */
const RETRY_MS = 1000;

/** A storage that may be open in several places at once, such as tabs. */
export type SharedStorage = Storage & { readonly share?: Share | undefined };

/**
 * Keeps a graph in a storage, for the option `storage` of a graph.
 *
 * @param storage when it has a `share`, what other owners of it store is seen here as well
 * @param limits in place of the defaults; the cache holds 8 MiB unless told otherwise
 */
export function stored(storage: SharedStorage, limits: Partial<GraphLimits> = {}): GraphKeeper {
  return new StoredKeeper(storage, graphLimitsWith({ cacheBytes: CACHE_BYTES, ...limits }));
}

/** Writes of one message, that wait for a commit. */
interface Request {
  readonly writes: readonly FieldWrite[];
  readonly isOwn: boolean;
  readonly beside: Beside | undefined;
  settle(outcome: PutOutcome): void;
}

/** A graph in a storage; all that waits is merged with what it holds and committed at once before anybody is told. */
export class StoredKeeper implements GraphKeeper {
  readonly #storage: SharedStorage;
  readonly #limits: GraphLimits;
  readonly #future: FutureWrites;
  /** False when the storage knows better than {@link #future} what waits there. */
  #knowsFuture = false;
  /** What was merged with or written lately, by storage key; of no use where others write as well. */
  readonly #hot: TwoGenerations<string, Entry>;
  readonly #requests: Request[] = [];
  /** Changes of the list of unsent writes that go with the next commit. */
  readonly #unsent: Change[] = [];
  #nextCommit: Promise<void> | undefined;
  /** Ends with the commit asked for last; never rejects. */
  #lastCommit: Promise<unknown> = Promise.resolve();
  #isClosed = false;
  #changed: (changed: readonly FieldWrite[]) => void = () => undefined;
  #left: () => void = () => undefined;

  constructor(storage: SharedStorage, limits: GraphLimits, time: Time = { clock: systemClock }) {
    this.#storage = storage;
    this.#limits = limits;
    this.#future = new FutureWrites(limits, time, () => this.#commitUnasked());
    this.#hot = new TwoGenerations(limits.cacheBytes);
  }

  async open(): Promise<readonly KeptWrite[]> {
    await this.#storage.open();
    this.#isClosed = false;
    try {
      await this.#openFormat();
      this.#storage.share?.listen((text) => this.#hear(text));
      this.#storage.share?.onLeft(() => this.#left());
      await this.#readFuture();
      return await this.unsent();
    } catch (error) {
      await this.close();
      throw error;
    }
  }

  async unsent(): Promise<readonly KeptWrite[]> {
    const kept = await this.#all(UNSENT);
    return kept.map(([key, putJson]) => ({ id: key.slice(UNSENT.length), putJson }));
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#lastCommit;
    this.#future.close();
    this.#storage.share?.close();
    await this.#storage.close();
  }

  /** Other owners' writes are told in the same way. */
  onMatured(listener: (changed: readonly FieldWrite[]) => void): void {
    this.#changed = listener;
  }

  onLeft(listener: () => void): void {
    this.#left = listener;
  }

  async read(soul: string, names: Names | undefined): Promise<Fields> {
    const fields = new Map<string, Entry>();
    if (typeof names === 'string') {
      const place = fieldKey(soul, names);
      const entry = this.#hotAt(place) ?? entryOf(await this.#storage.getText(place));
      if (entry !== undefined) fields.set(names, entry);
    } else {
      await this.#walk(keyRange(soul, names ?? {}), (found) => {
        for (const [place, record] of found) fields.set(parseFieldKey(place).key, entryOf(record)!);
      });
    }
    return fields;
  }

  commit(writes: readonly FieldWrite[], isOwn: boolean, beside?: Beside): Promise<PutOutcome> {
    return new Promise((settle) => {
      this.#requests.push({ writes, isOwn, beside, settle });
      this.#commitUnasked();
    });
  }

  hold(): void {
    // The storage forgets nothing.
  }

  release(): void {
    // As above.
  }

  keepUnsent({ id, putJson }: KeptWrite): Promise<void> {
    this.#unsent.push([UNSENT + id, putJson]);
    return this.#commitSoon();
  }

  dropUnsent(id: string): void {
    // What stays because this fails is sent once more after the next start, which changes nothing.
    this.#unsent.push([UNSENT + id, undefined]);
    this.#commitUnasked();
  }

  /** Marks an empty storage as one of this format. */
  async #openFormat(): Promise<void> {
    const cursor = this.#storage.range({ from: '', to: LAST });
    const found = await cursor.next(1);
    await cursor.close();
    if (found.length === 0) return this.#storage.commit([[APP_FORMAT_KEY, FORMAT]]);
    if ((await this.#storage.getText(APP_FORMAT_KEY)) !== FORMAT)
      throw new GraphError('STORAGE_UNREADABLE', 'no graph of this version');
  }

  /** For what is told in another way when it fails. */
  #commitUnasked(): void {
    this.#commitSoon().catch(() => undefined);
  }

  /** Everything that comes before a commit begins shares it. */
  #commitSoon(): Promise<void> {
    this.#nextCommit ??= this.#lastCommit.then(() => {
      this.#nextCommit = undefined;
      return this.#takeTurn();
    });
    this.#lastCommit = this.#nextCommit.catch(() => undefined);
    return this.#nextCommit;
  }

  /** Commits while no other owner does: an older value must not take the place of a newer one. */
  async #takeTurn(): Promise<void> {
    const { share } = this.#storage;
    let requests: readonly Request[] = [];
    const task = (): Promise<void> => {
      requests = this.#requests.splice(0);
      return this.#commitGroup(requests);
    };
    try {
      await (share === undefined ? task() : share.exclusive(task));
    } catch (error) {
      this.#knowsFuture = false;
      if (!this.#isClosed) this.#future.wakeWithin(RETRY_MS);
      const waiting = this.#requests.splice(0);
      for (const request of [...requests, ...waiting]) request.settle(putFailure(error));
      throw error;
    }
  }

  async #commitGroup(requests: readonly Request[]): Promise<void> {
    const unsent = this.#unsent.splice(0);
    for (const { beside } of requests) await beside?.(this.#storage, unsent);
    if (!this.#knowsFuture) await this.#readFuture();
    const due = this.#future.takeDue();
    const group = new Group(await this.#entriesOf([due, ...requests.map(({ writes }) => writes)].flat()));
    const matured = this.#future.mature(due, group);
    const merged = requests.map(({ writes, isOwn }) => this.#future.merge(writes, isOwn, group));
    const waiting = merged.flatMap((outcome) => (outcome.ok ? outcome.value.waiting : []));
    const changes: Change[] = [
      ...due.map((write): Change => [futureKey(write), undefined]),
      ...group.changes,
      ...waiting.map((write): Change => [futureKey(write), putJsonOf([write])]),
      ...unsent,
    ];
    if (changes.length > 0) await this.#storage.commit(changes);
    for (const [place, entry] of group.entries) this.#heat(place, entry);
    if (waiting.length > 0) this.#storage.share?.tell(FUTURE_NEWS);
    this.#tell(matured);
    if (matured.length > 0) this.#changed(matured);
    for (const [at, outcome] of merged.entries()) {
      if (outcome.ok) this.#tell(outcome.value.changed);
      requests[at]!.settle(outcome.ok ? { ok: true, changed: outcome.value.changed } : outcome);
    }
  }

  /** What is kept of the properties of some writes, by storage key. */
  async #entriesOf(writes: readonly FieldWrite[]): Promise<Map<string, Entry | undefined>> {
    const places = new Set(writes.map(({ soul, key }) => fieldKey(soul, key)));
    const entries = new Map([...places].map((place) => [place, this.#hotAt(place)]));
    const unknown = [...places].filter((place) => entries.get(place) === undefined);
    const records = unknown.length === 0 ? [] : await this.#storage.getTexts(unknown);
    for (const [at, place] of unknown.entries()) entries.set(place, entryOf(records[at]));
    return entries;
  }

  #hotAt(place: string): Entry | undefined {
    return this.#hot.get(place, (entry) => weightOf(place, entry));
  }

  #heat(place: string, entry: Entry | undefined): void {
    if (entry === undefined || this.#storage.share !== undefined) return;
    this.#hot.set(place, entry, weightOf(place, entry));
  }

  /** Tells other owners. */
  #tell(changed: readonly FieldWrite[]): void {
    if (changed.length > 0) this.#storage.share?.tell(putJsonOf(changed));
  }

  /** Another owner has stored something. */
  #hear(text: string): void {
    if (text === FUTURE_NEWS) {
      this.#knowsFuture = false;
      return this.#commitUnasked();
    }
    const writes = parsePut(JSON.parse(text), this.#limits);
    if (writes.ok) this.#changed(writes.value);
  }

  async #readFuture(): Promise<void> {
    const found = await this.#all(FUTURE);
    const puts = found.map(([, putJson]) => parsePut(JSON.parse(putJson), this.#limits));
    this.#future.reset(puts.flatMap((writes) => (writes.ok ? writes.value : [])));
    this.#knowsFuture = true;
  }

  /** All records of a kind. */
  async #all(kind: string): Promise<readonly TextEntry[]> {
    const all: TextEntry[] = [];
    await this.#walk({ from: kind, to: kind + LAST }, (found) => all.push(...found));
    return all;
  }

  async #walk(range: KeyRange, take: (found: readonly TextEntry[]) => void): Promise<void> {
    const cursor = this.#storage.range(range);
    try {
      for (;;) {
        const found = await cursor.next(READ_AT_ONCE);
        if (found.length === 0) return;
        take(found);
      }
    } finally {
      await cursor.close();
    }
  }
}

/** What a commit merges into: properties as they are stored, and then as they will be. */
class Group implements MergeView {
  /** By storage key. */
  readonly entries: Map<string, Entry | undefined>;
  /** What makes them so. */
  readonly changes: Change[] = [];

  constructor(entries: Map<string, Entry | undefined>) {
    this.entries = entries;
  }

  current(soul: string, key: string): Entry | undefined {
    return this.entries.get(fieldKey(soul, key));
  }

  accept(write: FieldWrite): void {
    const place = fieldKey(write.soul, write.key);
    this.entries.set(place, write);
    this.changes.push([place, `${write.state} ${write.json}`]);
  }
}

function futureKey(write: FieldWrite): string {
  return FUTURE + placeOf(write);
}

function entryOf(record: string | undefined): Entry | undefined {
  if (record === undefined) return undefined;
  const at = record.indexOf(' ');
  return { state: Number(record.slice(0, at)), json: record.slice(at + 1) };
}

function weightOf(place: string, { json }: Entry): number {
  return ENTRY_BYTES + 2 * (place.length + json.length);
}
