import { equalBytes } from '../base/bytes.ts';
import type { MaybePromise } from '../base/maybe-promise.ts';
import type { Slices } from '../base/slices.ts';
import type { FieldWrite } from '../graph/write.ts';
import { namesHash } from './content-soul.ts';
import { isLongJson, isSameInSteps, unescapeInSteps } from './long-text.ts';
import { hashInSteps, type StartHash } from './running-hash.ts';
import { parseLongSigned, type LongSignedValue, type SignedValue } from './signed-value.ts';

/** What a verifier does with values that are longer than may be gone through at once: the same, in slices. */
export class LongValues {
  readonly #slices: Slices;
  readonly #startHash: StartHash;

  /** @param startHash hashes texts part by part */
  constructor(slices: Slices, startHash: StartHash) {
    this.#slices = slices;
    this.#startHash = startHash;
  }

  /** True when two values have the same text. */
  isSame(a: string, b: string): MaybePromise<boolean> {
    return this.#slices.run(isSameInSteps(a, b));
  }

  /** {@link parseLongSigned} over as many turns as it takes. */
  parse(write: FieldWrite, owner: string): MaybePromise<LongSignedValue | undefined> {
    return this.#slices.run(parseLongSigned(write, owner));
  }

  /** True when the last part of a key is the hash of the value. */
  async namesItsContent(key: string, json: string): Promise<boolean> {
    const text = json.startsWith('"') ? await this.#slices.run(unescapeInSteps(json)) : [json];
    return namesHash(key, await this.digest(text));
  }

  /** True when a long write is signed over the very text that a verified one is. */
  async saysTheSame(
    write: FieldWrite,
    owner: string,
    { text }: Pick<SignedValue | LongSignedValue, 'text'>,
  ): Promise<boolean> {
    if (!isLongJson(write.json)) return false;
    const other = await this.parse(write, owner);
    if (other === undefined) return false;
    const [a, b] = await Promise.all([this.digest(other.text), this.digest([text].flat())]);
    return equalBytes(a, b);
  }

  /** SHA-256 of the UTF-8 of a text's parts, none of which ends within a character. */
  digest(parts: readonly string[]): MaybePromise<Uint8Array<ArrayBuffer>> {
    return this.#slices.runWaiting(hashInSteps(parts, this.#startHash));
  }
}
