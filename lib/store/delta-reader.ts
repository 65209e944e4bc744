import { toValueJson } from '../graph/value.ts';
import type { FieldWrite } from '../graph/write.ts';
import type { CborScanner } from '../log/cbor-scanner.ts';
import { compareRank } from '../log/prune.ts';
import { compareNames } from './name-order.ts';

const NONE: readonly FieldWrite[] = [];

/** Reads the writes of a body, strictly, as many at a time as are wanted. */
export class DeltaReader {
  readonly #scanner: CborScanner;
  /** True when a property may have several states. */
  readonly #mayRepeat: boolean;
  /** Begun with the first: most often it is the only one, and an empty list would make room for many. */
  #writes: FieldWrite[] | undefined;
  #souls: number;
  /** Properties of the soul that are left. */
  #keys = 0;
  #soul: string | undefined;
  /** The write before, of the same soul. */
  #last: FieldWrite | undefined;

  constructor(scanner: CborScanner, mayRepeat: boolean) {
    this.#scanner = scanner;
    this.#mayRepeat = mayRepeat;
    this.#souls = scanner.array();
  }

  /** What was read. */
  get writes(): readonly FieldWrite[] {
    const writes = this.#writes ?? NONE;
    // A list that grew has room for more, which many that wait at a time would hold.
    return writes.length > 1 ? writes.slice() : writes;
  }

  /** Reads at most so many properties; true when nothing is left, or when there is a fault. */
  read(most: number): boolean {
    for (let left = most; left > 0; left -= 1) {
      if (this.#keys === 0 && !this.#beginSoul()) return true;
      this.#readProperty();
      if (this.#scanner.fault !== undefined) return true;
    }
    return false;
  }

  /** False when there is none that has properties. */
  #beginSoul(): boolean {
    const scanner = this.#scanner;
    if (this.#souls === 0 || scanner.fault !== undefined) return false;
    this.#souls -= 1;
    if (scanner.array() !== 2) scanner.refuse('not [soul, properties]');
    const soul = readName(scanner);
    if (this.#soul !== undefined && compareNames(this.#soul, soul) >= 0) scanner.refuse('souls out of order');
    this.#soul = soul;
    this.#keys = scanner.array();
    this.#last = undefined;
    if (this.#keys === 0) scanner.refuse('a soul without properties');
    return scanner.fault === undefined;
  }

  #readProperty(): void {
    const scanner = this.#scanner;
    this.#keys -= 1;
    if (scanner.array() !== 3) scanner.refuse('not [key, state, value]');
    const write = {
      soul: this.#soul!,
      key: readName(scanner),
      state: scanner.number(),
      json: readValue(scanner),
    };
    if (this.#last !== undefined && !follows(this.#last, write, this.#mayRepeat))
      scanner.refuse('keys out of order');
    this.#last = write;
    if (this.#writes === undefined) this.#writes = [write];
    else this.#writes.push(write);
  }
}

function follows(last: FieldWrite, write: FieldWrite, mayRepeat: boolean): boolean {
  const order = compareNames(last.key, write.key);
  return order < 0 || (order === 0 && mayRepeat && compareRank(last, write) < 0);
}

function readName(scanner: CborScanner): string {
  const name = scanner.text();
  if (name === '') scanner.refuse('an empty soul or key');
  return name;
}

/** The JSON of a value. */
function readValue(scanner: CborScanner): string {
  switch (scanner.next()) {
    case 'null':
      scanner.isNull();
      return 'null';
    case 'bool':
      return scanner.bool() ? 'true' : 'false';
    case 'text':
      return JSON.stringify(scanner.text());
    case 'map':
      return readLink(scanner);
    default:
      return JSON.stringify(scanner.number());
  }
}

function readLink(scanner: CborScanner): string {
  if (scanner.map() !== 1 || scanner.text() !== '#') scanner.refuse('a map that is no link');
  return toValueJson({ '#': readName(scanner) }) ?? 'null';
}
