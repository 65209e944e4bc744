import type { Limits } from '../base/limits.ts';
import type { FieldWrite } from '../graph/write.ts';
import type { SaysTheSame } from './merge.ts';

/** A write whose time has not come. */
export interface Deferred {
  readonly write: FieldWrite;
  /** Whom its place counts against; undefined for nobody, as after a restart. */
  readonly owner: string | undefined;
}

/** What an entry costs beside its texts, in bytes; measured, rounded up. */
const OVERHEAD_BYTES = 400;
/** Stale items the heap may hold before it is swept. */
const SPARE_STALE = 64;

/**
 * Writes from the future, ordered by state; bounded in number, in bytes and per owner (D5).
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

  /** True when `writes` of one owner would still fit. */
  hasRoom(writes: readonly FieldWrite[], owner: string | undefined): boolean {
    const { futureWrites, futureBytes, futureWritesPerPeer } = this.#limits;
    const owned = owner === undefined ? -Infinity : (this.#countByOwner.get(owner) ?? 0);
    if (this.size + writes.length > futureWrites || owned + writes.length > futureWritesPerPeer) return false;
    let bytes = this.#bytes;
    for (const write of writes) bytes += bytesOf(write);
    return bytes <= futureBytes;
  }

  /** What holds the place of a write now. */
  placeOf(write: FieldWrite): Deferred | undefined {
    return this.#placesByName.get(nameOf(write));
  }

  /** Takes a write in; false when the queue holds the same or a greater value for its place already. */
  add(write: FieldWrite, owner: string | undefined): boolean {
    const name = nameOf(write);
    const present = this.#placesByName.get(name);
    if (present !== undefined) {
      if (write.json <= present.write.json) return false;
      if (this.#saysTheSame?.(write.soul, write.key, present.write, write) === true) return false;
      this.#forget(name, present);
    }
    const place: Deferred = { write, owner };
    this.#placesByName.set(name, place);
    this.#places.add(place);
    this.#bytes += bytesOf(write);
    if (owner !== undefined) this.#countByOwner.set(owner, (this.#countByOwner.get(owner) ?? 0) + 1);
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
    this.#bytes -= bytesOf(place.write);
    if (place.owner === undefined) return;
    const count = (this.#countByOwner.get(place.owner) ?? 1) - 1;
    if (count === 0) this.#countByOwner.delete(place.owner);
    else this.#countByOwner.set(place.owner, count);
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

function nameOf(write: FieldWrite): string {
  return `${write.state} ${write.soul.length} ${write.soul}${write.key}`;
}

function bytesOf(write: FieldWrite): number {
  return OVERHEAD_BYTES + 2 * (write.soul.length + write.key.length + write.json.length);
}
