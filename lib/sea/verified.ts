import { TwoGenerations } from '../base/two-generations.ts';
import type { FieldWrite } from '../graph/write.ts';
import type { Certificate } from './certificate.ts';

/** A write whose signature is right; a guest's certificate is kept, because it must be judged each time anew. */
export interface VerifiedWrite {
  readonly soul: string;
  readonly key: string;
  readonly state: number;
  readonly guest: string | undefined;
  readonly certificate: Certificate | undefined;
}

/** What an entry costs besides its characters, in bytes. */
const ENTRY_BYTES = 200;
/** Part of all that one value may take; a larger one is checked again when it comes again. */
const LARGEST_SHARE = 1 / 64;
/** Characters of a text that is looked up: V8 takes longer ones of one length for alike and compares them one by one. */
export const LONGEST_NAME: number = 16_000;

/**
 * Signed values that were verified, so that the same value costs no second check. They are found by their whole text,
 * because a short hash that is quick to make is also quick to forge; the oldest are forgotten.
 */
export class VerifiedWrites {
  readonly #writes: TwoGenerations<string, VerifiedWrite>;
  readonly #largest: number;

  /** @param capacity bytes kept at most */
  constructor(capacity: number) {
    this.#writes = new TwoGenerations(capacity);
    this.#largest = capacity * LARGEST_SHARE;
  }

  /** Values that are kept. */
  get size(): number {
    return this.#writes.size;
  }

  /** What is known about a write; undefined when it has to be verified. */
  get({ soul, key, state, json }: FieldWrite): VerifiedWrite | undefined {
    if (json.length > LONGEST_NAME) return undefined;
    const known = this.#writes.get(json, (write) => weightOf(write, json));
    return known !== undefined && known.state === state && known.key === key && known.soul === soul
      ? known
      : undefined;
  }

  /** Keeps a write that was verified. */
  add(write: FieldWrite, guest?: string, certificate?: Certificate): void {
    const { soul, key, state, json } = write;
    const weight = weightOf(write, json);
    const isKept = weight <= this.#largest && json.length <= LONGEST_NAME;
    if (isKept) this.#writes.set(json, { soul, key, state, guest, certificate }, weight);
  }
}

function weightOf({ soul, key }: Pick<FieldWrite, 'soul' | 'key'>, json: string): number {
  return json.length + soul.length + key.length + ENTRY_BYTES;
}
