import { TwoGenerations } from '../base/two-generations.ts';
import type { FieldWrite } from '../graph/write.ts';
import type { LogName } from '../log/heights.ts';
import { namesOf, type Operation } from '../log/operation.ts';
import { HeldEntries } from './held-entries.ts';
import { heldKey, HELD_TIME_KEY, type Branch } from './log-keys.ts';
import type { LogHead } from './log-head.ts';
import type { LogStore } from './log-store.ts';
import type { Change, Storage } from './storage.ts';

/** Logs looked at in one step. */
const STEP_LOGS = 256;
/** Most that the clock may say has gone by between two looks, in milliseconds; while nobody looks, no time is counted. */
const LONGEST_MS = 3_600_000;
/** Other logs that give up their operations sooner than these grow old, of which entries count as held. */
const MOST_BUSY = 64;
/** Logs of which it is remembered how far they are held for long. */
const KEPT_LOGS = 20_000;
const NOTHING = -1;
/** What a record begins with that tells since when its log is noted. */
const SINCE = 'since ';

/** Where a log ended at some moment, in milliseconds that were counted until then. */
export interface HeldNote {
  readonly at: number;
  readonly height: number;
  readonly tip: string;
  readonly side: { readonly height: number; readonly tip: string } | undefined;
}

/** A log that gives up its operations sooner than these grow old. */
interface BusyLog extends LogName {
  /** Milliseconds that were counted until it was noted first. */
  readonly since: number;
  readonly height: number;
}

/** The last place of each branch that is held for long, -1 where none is. */
export interface HeldPlaces extends Readonly<Record<Branch, number>> {
  /** Where the branches part. */
  readonly sideFrom: number;
}

/** What the notes need. */
export interface HeldNotesOptions {
  readonly storage: Storage;
  readonly store: LogStore;
  /** Makes some changes durable. */
  readonly commit: (changes: readonly Change[]) => Promise<void>;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Milliseconds after which an operation counts as held for long. */
  readonly graceMs: number;
  /**
   * This node's own log, of which entries count as held once it gives operations up; of others some that do so sooner than
   * operations grow old. None when absent.
   */
  readonly own?: (() => LogName | undefined) | undefined;
}

/**
 * Since when operations are held here, whatever time their authors give them: where each log ended at two earlier moments,
 * of which the older one is given up when the younger one is old enough. Time is counted by this node's clock from one look
 * to the next, an hour at most, so that a clock that is put forward or back makes nothing old.
 */
export class HeldNotes {
  readonly #options: HeldNotesOptions;
  /** Milliseconds that were counted until the last look. */
  #age = 0;
  #places = new TwoGenerations<string, HeldPlaces>(KEPT_LOGS);
  readonly #entries: HeldEntries;

  constructor(options: HeldNotesOptions) {
    this.#options = options;
    this.#entries = new HeldEntries(options);
  }

  /**
   * Looks where all logs end, and notes it durably where that is new.
   *
   * @param isStopped asked between steps, to end early
   */
  async look(isStopped: () => boolean): Promise<void> {
    this.#places = new TwoGenerations(KEPT_LOGS);
    if (isStopped()) return;
    await this.#countTime();
    const own = this.#options.own?.();
    let busy: readonly BusyLog[] = [];
    let after: LogName | undefined;
    while (!isStopped()) {
      const page = await this.#options.store.headPage(undefined, after, STEP_LOGS);
      if (page.length === 0) break;
      const others = (await this.#note(page)).filter(({ author }) => author !== own?.author);
      // Whoever makes logs anew takes no place of those that are here for longer.
      if (others.length > 0) busy = [...busy, ...others].toSorted(byTime).slice(0, MOST_BUSY);
      after = page.at(-1)!;
    }
    await this.#entries.look(own, this.#age, isStopped, busy);
  }

  /** How far a log is held for long; after {@link look}. */
  async placesOf({ author, log }: LogName): Promise<HeldPlaces> {
    const known = this.#places.get(author + log);
    if (known !== undefined) return known;
    const head = await this.#options.store.head({ author, log });
    const record = await this.#options.storage.getText(heldKey(author, log));
    const note = decodeNotes(record).findLast((some) => this.#isOld(some));
    const isHeld = head !== undefined && note !== undefined;
    const places = isHeld ? await this.#placesBehind({ author, log }, head, note) : HELD_NOWHERE;
    this.#places.set(author + log, places);
    return places;
  }

  /** True for an operation that is held for long; of forked logs not for all that are. */
  async isHeldLong(operation: Operation): Promise<boolean> {
    const { sequence } = operation.header;
    const { canonical, side, sideFrom } = await this.placesOf(namesOf(operation));
    // Which branch it stands on is not asked.
    return sequence <= canonical && (sequence < sideFrom || sequence <= side);
  }

  /** Whether what an operation says is held for long: all of it, nothing, or what of it is. */
  async heldPartOf(operation: Operation): Promise<boolean | ((write: FieldWrite) => boolean)> {
    if (await this.isHeldLong(operation)) return true;
    const name = namesOf(operation);
    if (!this.#entries.knows(name)) return false;
    return (write) => {
      const at = this.#entries.sinceOf(write, name);
      return at !== undefined && this.#isOld({ at });
    };
  }

  async #countTime(): Promise<void> {
    const { storage, commit, now } = this.#options;
    const at = now();
    const [age = 0, before = at] = ((await storage.getText(HELD_TIME_KEY)) ?? '').split(' ', 2).map(numberIn);
    this.#age = age + Math.min(Math.max(at - before, 0), LONGEST_MS);
    await commit([[HELD_TIME_KEY, `${this.#age} ${at}`]]);
  }

  /** Notes where logs end; gives those that gave up by now what they had at the oldest moment that is noted. */
  async #note(page: readonly (LogName & { readonly head: LogHead })[]): Promise<BusyLog[]> {
    const keys = page.map(({ author, log }) => heldKey(author, log));
    const records = await this.#options.storage.getTexts(keys);
    const changes: Change[] = [];
    const busy: BusyLog[] = [];
    for (const [at, { author, log, head }] of page.entries()) {
      const past = decodeNotes(records[at]);
      const notes = this.#next(past, head);
      const since = Math.min(sinceOf(records[at], past), notes[0]!.at);
      if (notes[0]!.height < head.first) busy.push({ author, log, since, height: head.height });
      const record = encodeNotes(notes, since);
      if (record !== records[at]) changes.push([keys[at]!, record]);
    }
    if (changes.length > 0) await this.#options.commit(changes);
    return busy;
  }

  /** The notes of a log after a look, the older one first. */
  #next(notes: readonly HeldNote[], { height, tip, side }: LogHead): readonly HeldNote[] {
    // Notes of a time that was not counted yet tell only that they are not newer than now.
    const past = notes.map((note) => ({ ...note, at: Math.min(note.at, this.#age) }));
    const [older, younger] = past;
    const kept = younger !== undefined && this.#isOld(younger) ? [younger] : past;
    if (kept.length === 2) return kept;
    const newest = {
      at: this.#age,
      height,
      tip,
      side: side && { height: side.height, tip: side.tip },
    };
    if (older === undefined) return [newest];
    return endOf(kept[0]!) === endOf(newest) ? kept : [kept[0]!, newest];
  }

  #isOld({ at }: Pick<HeldNote, 'at'>): boolean {
    return this.#age - at >= this.#options.graceMs;
  }

  /** What stands before the ends that a note has, wherever these stand by now: an operation comes after all before it. */
  async #placesBehind(name: LogName, head: LogHead, { height, tip, side }: HeldNote): Promise<HeldPlaces> {
    const sideFrom = head.side?.from ?? Infinity;
    let [canonical, onSide] = [NOTHING, NOTHING];
    for (const end of side === undefined ? [{ height, tip }] : [{ height, tip }, side]) {
      if ((await this.#options.store.idAt(name, end.height)) === end.tip) {
        canonical = Math.max(canonical, end.height);
      } else if ((await this.#options.store.idAt(name, end.height, 'side')) === end.tip) {
        onSide = Math.max(onSide, end.height);
        canonical = Math.max(canonical, sideFrom - 1);
      }
    }
    return { canonical, side: onSide, sideFrom };
  }
}

const HELD_NOWHERE: HeldPlaces = { canonical: NOTHING, side: NOTHING, sideFrom: Infinity };

/** The ends in a note, as text. */
function endOf({ height, tip, side }: HeldNote): string {
  return side === undefined ? `${height} ${tip}` : `${height} ${tip} ${side.height} ${side.tip}`;
}

/** Logs that are noted for longer first, then those that are longer. */
function byTime(a: BusyLog, b: BusyLog): number {
  return a.since - b.since || b.height - a.height;
}

/**
 * A record of notes: a line for each.
 *
 * @param since milliseconds that were counted until the log was noted first; until the first of these notes when absent
 */
export function encodeNotes(notes: readonly HeldNote[], since?: number): string {
  const lines = notes.map((note) => `${note.at} ${endOf(note)}`);
  if (since !== undefined && since !== notes[0]?.at) lines.unshift(SINCE + since);
  return lines.join('\n');
}

/** When the log of a record was noted first, as {@link encodeNotes} has it; never for none. */
export function sinceOf(
  record: string | undefined,
  notes: readonly HeldNote[] = decodeNotes(record),
): number {
  if (record?.startsWith(SINCE) === true) return Number.parseInt(record.slice(SINCE.length), 10);
  return notes[0]?.at ?? Infinity;
}

/** The notes of a record, none when there is none. */
export function decodeNotes(record: string | undefined): readonly HeldNote[] {
  const lines = record?.split('\n') ?? [];
  if (lines[0]?.startsWith(SINCE) === true) lines.shift();
  return lines.map((line) => {
    const [at, height, tip = '', sideHeight, sideTip] = line.split(' ');
    const side = sideTip === undefined ? undefined : { height: Number(sideHeight), tip: sideTip };
    return { at: Number(at), height: Number(height), tip, side };
  });
}

function numberIn(text: string): number | undefined {
  const number = text === '' ? Number.NaN : Number(text);
  return Number.isFinite(number) ? number : undefined;
}
