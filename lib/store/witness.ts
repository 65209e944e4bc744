import type { MaybePromise } from '../base/maybe-promise.ts';
import { inLaterTurn } from '../base/turns.ts';
import type { Entry, FieldWrite } from '../graph/write.ts';
import { BODY_KIND } from '../log/envelope.ts';
import { MOST_BODY_BYTES } from '../log/operation.ts';
import { decodeDelta, encodeDelta, unsignable } from './delta-codec.ts';
import type { StartTimer } from './deferred-writes.ts';
import type { LogStore } from './log-store.ts';
import type { OwnLog } from './own-log.ts';
import type { WitnessMarks } from './witness-marks.ts';

/** How long unsigned writes are gathered into one operation, in milliseconds (log-mapping section 4). */
export const WITNESS_WAIT_MS = 100;
/** Properties and characters in one operation: more would hold the event loop while it is made and hashed. */
const MOST_PROPERTIES = 500;
const MOST_CHARACTERS = 32_768;
/** Bytes that a character takes at most. */
const MOST_UTF8_BYTES = 3;
/** Properties of a snapshot; the rest is witnessed again behind it. */
const SNAPSHOT_PROPERTIES = 2000;
const SNAPSHOT_CHARACTERS = 262_144;
/** Properties that a snapshot and what follows it may have; with more it is left out. */
const MOST_SNAPSHOT_PROPERTIES = 50_000;
/** Operations after which a snapshot takes their place. */
const SNAPSHOT_AFTER = 1000;
/** Pause after a failure, in milliseconds. */
const RETRY_MS = 1000;

/** What the witness tells its operator. */
export type WitnessEvent =
  | { readonly kind: 'witnessed'; readonly writes: number }
  | { readonly kind: 'snapshot'; readonly operations: number; readonly properties: number }
  | { readonly kind: 'witness-failed'; readonly reason: string };

/** What the witness needs. */
export interface WitnessOptions {
  readonly marks: WitnessMarks;
  readonly log: OwnLog;
  readonly store: LogStore;
  readonly readField: (soul: string, key: string) => MaybePromise<Entry | undefined>;
  readonly now: () => number;
  readonly startTimer: StartTimer;
  readonly report?: (event: WitnessEvent) => void;
  /** True when what is signed is put into the graph again, which may have lost it to a log that was hidden meanwhile. */
  readonly restores?: boolean;
  /** Operations after which a snapshot takes their place; 1000 when absent. */
  readonly snapshotAfter?: number | undefined;
}

/**
 * Signs what came without a signature: properties that such writes changed are gathered and appended to this node's
 * own log as `gun/seen`, which says "received here", not "written here". The acknowledgement of a write does not wait
 * for it.
 */
export class Witness {
  readonly #options: WitnessOptions;
  #stopTimer: () => void = () => undefined;
  #running: Promise<void> | undefined;
  #closed = false;
  /** Operations since the last snapshot, once it is known. */
  #length: number | undefined;

  constructor(options: WitnessOptions) {
    this.#options = options;
    options.marks.onMarked(() => this.#arm(WITNESS_WAIT_MS));
  }

  /** Witnesses what waits now, and stops. */
  async close(): Promise<void> {
    this.#stopTimer();
    await this.flush();
    this.#closed = true;
    this.#stopTimer();
    await this.#running;
  }

  /** Witnesses everything that waits. */
  async flush(): Promise<void> {
    await this.#running;
    this.#running = this.#run();
    await this.#running;
  }

  #arm(waitMs: number): void {
    if (this.#closed) return;
    this.#stopTimer();
    this.#stopTimer = this.#options.startTimer(() => {
      this.#running = this.#after(this.#running);
    }, waitMs);
  }

  async #after(before: Promise<void> | undefined): Promise<void> {
    await before;
    await this.#run();
  }

  async #run(): Promise<void> {
    while (this.#options.marks.size > 0 && !this.#closed) {
      const fault = await this.#witness();
      if (fault === undefined) continue;
      this.#tell({ kind: 'witness-failed', reason: fault });
      return this.#arm(RETRY_MS);
    }
  }

  /** One operation of the oldest marks; gives why it failed. */
  async #witness(): Promise<string | undefined> {
    const { marks, log } = this.#options;
    const { writes, names, keys } = marks.oldest(MOST_PROPERTIES);
    // What CBOR cannot carry stays in the graph without a witness.
    const known = writes.filter((write) => unsignable(write) === undefined);
    const entries = names.length === 0 ? known : [...known, ...(await this.#entriesOf(names.flat()))];
    const bodies = bodiesOf(entries);
    // Marks go with the last operation, so that a crash before it witnesses all of them again.
    for (let body = bodies.next(), after; body.done !== true; body = after) {
      after = bodies.next();
      const { bytes, says } = body.value;
      const witnesses = after.done === true ? keys : [];
      const missing = this.#options.restores === true ? says : [];
      const appended = await log.append(bytes, { writes: missing, says, witnesses });
      if (!appended.ok) return appended.reason;
      this.#length = appended.value.header.sequence - (await this.#firstSequence()) + 1;
    }
    marks.done(keys);
    this.#tell({ kind: 'witnessed', writes: entries.length });
    return this.#length !== undefined && this.#length > (this.#options.snapshotAfter ?? SNAPSHOT_AFTER)
      ? this.#snapshot()
      : undefined;
  }

  async #entriesOf(names: readonly (readonly [string, readonly string[]])[]): Promise<FieldWrite[]> {
    const found: FieldWrite[] = [];
    const seen = new Set<string>();
    for (const [soul, keys] of names) {
      for (const key of keys) {
        const place = JSON.stringify([soul, key]);
        const entry = seen.has(place) ? undefined : await this.#options.readField(soul, key);
        seen.add(place);
        if (entry === undefined) continue;
        const write = { soul, key, state: entry.state, json: entry.json };
        if (unsignable(write) === undefined) found.push(write);
      }
    }
    return found;
  }

  async #firstSequence(): Promise<number> {
    const { store, log } = this.#options;
    return (await store.head(log.name))?.first ?? 0;
  }

  /** Replaces this log by what of it still holds; left out when that is too much for one operation. */
  async #snapshot(): Promise<string | undefined> {
    const { log } = this.#options;
    const kept: FieldWrite[] = [];
    let after: number | undefined;
    let operations = 0;
    for (;;) {
      const page = await this.#options.store.read('canonical', log.name, after, Infinity, 100);
      if (page.length === 0) break;
      for (const { body } of page) {
        if (body !== undefined) await this.#keepHolding(body, kept);
        // Each body is a little work, and there may be a thousand.
        await new Promise<void>((resolve) => inLaterTurn(resolve));
        if (kept.length > MOST_SNAPSHOT_PROPERTIES) {
          this.#length = 0;
          return undefined;
        }
      }
      operations += page.length;
      after = page.at(-1)!.sequence;
    }
    const says = firstOf(kept);
    const body = encodeDelta(BODY_KIND.snapshot, says);
    this.#length = 0;
    if (!body.ok) return undefined;
    // What has no room in it is marked by the same commit, so that no crash loses it.
    const marks = kept.slice(says.length);
    const appended = await log.append(body.value, { says, marks, prune: true });
    if (!appended.ok) return appended.reason;
    this.#tell({ kind: 'snapshot', operations, properties: kept.length });
    return undefined;
  }

  async #keepHolding(body: Uint8Array, kept: FieldWrite[]): Promise<void> {
    const delta = decodeDelta(body);
    if (!delta.ok || delta.value === undefined) return;
    for (const write of delta.value.writes) {
      const entry = await this.#options.readField(write.soul, write.key);
      const holds = entry?.state === write.state && entry.json === write.json;
      if (holds || write.state > this.#options.now()) kept.push(write);
    }
  }

  #tell(event: WitnessEvent): void {
    this.#options.report?.(event);
  }
}

/**
 * True for a write that some operation holds once it is witnessed; of those that are nearly too large for one it may
 * be false as well.
 */
export function isWitnessable(write: FieldWrite): boolean {
  const { soul, key, json } = write;
  const mostBytes = MOST_UTF8_BYTES * (soul.length + key.length + json.length);
  return mostBytes <= MOST_BODY_BYTES / 2 && unsignable(write) === undefined;
}

/** A body, and what it says. */
interface SeenBody {
  readonly bytes: Uint8Array;
  readonly says: readonly FieldWrite[];
}

/** Entries as bodies of operations, at least one. */
function* bodiesOf(entries: readonly FieldWrite[]): Generator<SeenBody> {
  let made = 0;
  for (const some of portionsOf(entries)) {
    const body = encodeDelta(BODY_KIND.seen, some);
    // A value that is too large for an operation stays in the graph without a witness.
    if (!body.ok) continue;
    made += 1;
    yield { bytes: body.value, says: some };
  }
  const empty = encodeDelta(BODY_KIND.seen, []);
  if (made === 0 && empty.ok) yield { bytes: empty.value, says: [] };
}

/** As many of the entries as a snapshot may have. */
function firstOf(entries: readonly FieldWrite[]): FieldWrite[] {
  let characters = 0;
  const end = entries.findIndex(({ soul, key, json }, at) => {
    characters += soul.length + key.length + json.length;
    return at > 0 && (at >= SNAPSHOT_PROPERTIES || characters > SNAPSHOT_CHARACTERS);
  });
  return end === -1 ? [...entries] : entries.slice(0, end);
}

/** Entries cut into portions; what is large alone is a portion alone. */
function* portionsOf(entries: readonly FieldWrite[]): Generator<FieldWrite[]> {
  let portion: FieldWrite[] = [];
  let characters = 0;
  for (const entry of entries) {
    const length = entry.soul.length + entry.key.length + entry.json.length;
    if (portion.length > 0 && (characters + length > MOST_CHARACTERS || portion.length === MOST_PROPERTIES)) {
      yield portion;
      portion = [];
      characters = 0;
    }
    portion.push(entry);
    characters += length;
  }
  if (portion.length > 0) yield portion;
}
