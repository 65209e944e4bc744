import type { Limits } from '../base/limits.ts';
import type { FieldWrite } from '../graph/write.ts';
import type { SaysTheSame } from './merge.ts';

/** A write whose time has not come. */
export interface Deferred {
  readonly write: FieldWrite;
  /** Whom its place counts against; undefined for nobody, as after a restart. */
  readonly owner: string | undefined;
  /** True for one that was beyond the horizon of unsigned writes when it came: it may wait for ever. */
  readonly isFar: boolean;
}

/** How much waits. */
interface Waiting {
  writes: number;
  bytes: number;
}

/** What an entry costs beside its texts, in bytes; measured, rounded up. */
const OVERHEAD_BYTES = 400;
/** Of the bytes of all this part may be those of far writes. */
const FAR_PART = 1 / 2;
/** Of what far writes may take, in number and bytes, this part may be one owner's. */
const OWNER_PART = 1 / 10;
/** Stale items the heap may hold before it is swept. */
const SPARE_STALE = 64;

/**
 * Writes from the future, ordered by state; bounded in number, in bytes and per owner (D5). Those that may wait for ever
 * are bounded further, all together as one owner's others are, so that none of them keeps others out.
 *
 * One state of one property has one place: of two values the one that HAM would take stays, of two that mean the same the first.
 */
export class DeferralQueue {
  readonly #limits: Limits;
  readonly #saysTheSame: SaysTheSame | undefined;
  readonly #placesByName = new Map<string, Deferred>();
  /** The same places, to know the stale ones by. */
  readonly #places = new Set<Deferred>();
  readonly #countByOwner = new Map<string, number>();
  readonly #farByOwner = new Map<string, Waiting>();
  readonly #far: Waiting = { writes: 0, bytes: 0 };
  /** Binary heap of the places, the earliest state first; replaced places leave stale items behind. */
  #heap: Deferred[] = [];
  #bytes = 0;

  /** @param saysTheSame asked about other texts in one place; none mean the same when absent */
  constructor(limits: Limits, saysTheSame?: SaysTheSame) {
    this.#limits = limits;
    this.#saysTheSame = saysTheSame;
  }

  /** Writes that wait. */
  get size(): number {
    return this.#placesByName.size;
  }

  /** Bytes they take. */
  get bytes(): number {
    return this.#bytes;
  }

  /** State of the earliest, undefined when nothing waits. */
  get nextDue(): number | undefined {
    this.#dropStale();
    return this.#heap[0]?.write.state;
  }

  /** True when `writes` of one owner would still fit; far ones need an owner. */
  hasRoom(writes: readonly FieldWrite[], owner: string | undefined, isFar = false): boolean {
    const { futureWrites, futureBytes, futureWritesPerPeer } = this.#limits;
    const more = { writes: writes.length, bytes: 0 };
    for (const write of writes) more.bytes += bytesOf(write);
    if (!fits({ writes: this.size, bytes: this.#bytes }, more, futureWrites, futureBytes)) return false;
    if (isFar) return this.#hasFarRoom(more, owner ?? '');
    const owned = owner === undefined ? -Infinity : (this.#countByOwner.get(owner) ?? 0);
    return owned + more.writes <= futureWritesPerPeer;
  }

  #hasFarRoom(more: Waiting, owner: string): boolean {
    const { futureBytes, futureWritesPerPeer } = this.#limits;
    const mostBytes = futureBytes * FAR_PART;
    if (!fits(this.#far, more, futureWritesPerPeer, mostBytes)) return false;
    const share = Math.max(1, futureWritesPerPeer * OWNER_PART);
    return fits(this.#farByOwner.get(owner) ?? NOTHING, more, share, mostBytes * OWNER_PART);
  }

  /** What holds the place of a write now. */
  placeOf(write: FieldWrite): Deferred | undefined {
    return this.#placesByName.get(nameOf(write));
  }

  /** Takes a write in; false when the queue holds the same or a greater value for its place already. */
  add(write: FieldWrite, owner: string | undefined, isFar = false): boolean {
    const name = nameOf(write);
    const present = this.#placesByName.get(name);
    if (present !== undefined) {
      if (write.json <= present.write.json) return false;
      if (this.#saysTheSame?.(write.soul, write.key, present.write, write) === true) return false;
      this.#forget(name, present);
    }
    const place: Deferred = { write, owner, isFar };
    this.#placesByName.set(name, place);
    this.#places.add(place);
    this.#count(place, 1);
    this.#rise(this.#heap.push(place) - 1);
    if (this.#heap.length > 2 * this.size + SPARE_STALE) this.#sweep();
    return true;
  }

  /** Takes a write out again; it must be the one that holds its place. */
  remove(write: FieldWrite): void {
    const name = nameOf(write);
    const place = this.#placesByName.get(name);
    if (place?.write === write) this.#forget(name, place);
  }

  /** The writes whose state is reached, earliest first; they stay in the queue until removed. */
  takeDue(now: number, most: number): Deferred[] {
    const due: Deferred[] = [];
    while (due.length < most) {
      this.#dropStale();
      const first = this.#heap[0];
      if (first === undefined || first.write.state > now) break;
      due.push(first);
      this.#popHeap();
    }
    return due;
  }

  /** Puts places back that {@link takeDue} gave and that could not be applied. */
  giveBack(places: readonly Deferred[]): void {
    for (const place of places) {
      if (this.#places.has(place)) this.#rise(this.#heap.push(place) - 1);
    }
  }

  #forget(name: string, place: Deferred): void {
    this.#placesByName.delete(name);
    this.#places.delete(place);
    this.#count(place, -1);
  }

  #count({ write, owner, isFar }: Deferred, by: 1 | -1): void {
    const bytes = by * bytesOf(write);
    this.#bytes += bytes;
    if (isFar) this.#countFar(owner ?? '', by, bytes);
    else if (owner !== undefined) {
      const count = (this.#countByOwner.get(owner) ?? 0) + by;
      if (count === 0) this.#countByOwner.delete(owner);
      else this.#countByOwner.set(owner, count);
    }
  }

  #countFar(owner: string, by: 1 | -1, bytes: number): void {
    const own = this.#farByOwner.get(owner) ?? { ...NOTHING };
    for (const waiting of [this.#far, own]) {
      waiting.writes += by;
      waiting.bytes += bytes;
    }
    if (own.writes === 0) this.#farByOwner.delete(owner);
    else this.#farByOwner.set(owner, own);
  }

  #dropStale(): void {
    for (;;) {
      const first = this.#heap[0];
      if (first === undefined || this.#places.has(first)) return;
      this.#popHeap();
    }
  }

  /** Replaced places must not pile up behind an early one. */
  #sweep(): void {
    this.#heap = this.#heap.filter((place) => this.#places.has(place));
    for (let index = (this.#heap.length >> 1) - 1; index >= 0; index -= 1) this.#sink(index);
  }

  #popHeap(): void {
    const last = this.#heap.pop()!;
    if (this.#heap.length === 0) return;
    this.#heap[0] = last;
    this.#sink(0);
  }

  #rise(from: number): void {
    let index = from;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      if (this.#stateAt(parent) <= this.#stateAt(index)) return;
      this.#swap(parent, index);
      index = parent;
    }
  }

  #sink(from: number): void {
    let index = from;
    for (;;) {
      const left = index * 2 + 1;
      let least = index;
      if (this.#stateAt(left) < this.#stateAt(least)) least = left;
      if (this.#stateAt(left + 1) < this.#stateAt(least)) least = left + 1;
      if (least === index) return;
      this.#swap(least, index);
      index = least;
    }
  }

  #stateAt(index: number): number {
    return this.#heap[index]?.write.state ?? Infinity;
  }

  #swap(a: number, b: number): void {
    const kept = this.#heap[a]!;
    this.#heap[a] = this.#heap[b]!;
    this.#heap[b] = kept;
  }
}

const NOTHING: Readonly<Waiting> = { writes: 0, bytes: 0 };

function fits(waiting: Waiting, more: Waiting, mostWrites: number, mostBytes: number): boolean {
  return waiting.writes + more.writes <= mostWrites && waiting.bytes + more.bytes <= mostBytes;
}

function nameOf(write: FieldWrite): string {
  return `${write.state} ${write.soul.length} ${write.soul}${write.key}`;
}

function bytesOf(write: FieldWrite): number {
  return OVERHEAD_BYTES + 2 * (write.soul.length + write.key.length + write.json.length);
}
