import { equalBytes } from '../base/bytes.ts';
import type { MaybePromise } from '../base/maybe-promise.ts';
import type { Slices, Steps } from '../base/slices.ts';
import type { FieldWrite } from '../graph/write.ts';
import { failure } from '../base/result.ts';
import { namesHash, namesItsContent } from './content-soul.ts';
import { isLongJson, isSameInSteps, unescapeInSteps } from './long-text.ts';
import { hashInSteps, type StartHash } from './running-hash.ts';
import { REFUSAL } from './refusals.ts';
import { sha256 } from './signature.ts';
import { parseLongSigned, type LongSignedValue, type SignedValue } from './signed-value.ts';
import type { Judgement, Ways } from './verifier.ts';

/** What relays do with values that are longer than may be gone through at once: the same, in slices. */
export class LongValues implements Ways {
  readonly #slices: Slices;
  readonly #startHash: StartHash;

  /** @param startHash hashes texts part by part */
  constructor(slices: Slices, startHash: StartHash) {
    this.#slices = slices;
    this.#startHash = startHash;
  }

  /** True when two values have the same text. */
  isSame(a: string, b: string): MaybePromise<boolean> {
    if (!isLongJson(b)) return a === b;
    return this.#slices.run(isSameInSteps(a, b));
  }

  /** {@link parseLongSigned} over as many turns as it takes. */
  parse(write: FieldWrite, owner: string): MaybePromise<LongSignedValue | undefined> {
    return this.#slices.run(parseLongSigned(write, owner));
  }

  /** True when the last part of a key is the hash of the value. */
  namesItsContent(key: string, json: string): Promise<boolean> {
    return isLongJson(json) ? this.#namesLongContent(key, json) : namesItsContent(key, json);
  }

  async #namesLongContent(key: string, json: string): Promise<boolean> {
    const text = json.startsWith('"') ? await this.#slices.run(unescapeInSteps(json)) : [json];
    return namesHash(key, await this.digest(text));
  }

  async judgeLong(
    write: FieldWrite,
    owner: string,
    rival: string | undefined,
    judge: (signed: LongSignedValue) => Promise<Judgement>,
  ): Promise<Judgement> {
    const signed = await this.parse(write, owner);
    if (signed === undefined) return failure(REFUSAL.unverified);
    const judgement = await judge(signed);
    if (!judgement.ok || rival === undefined) return judgement;
    const isSame = await this.saysTheSame({ ...write, json: rival }, owner, signed);
    return isSame ? { ok: true, value: false } : judgement;
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
    const [a, b] = await Promise.all([this.digest(other.text), this.digest(text)]);
    return equalBytes(a, b);
  }

  /** Of a text's parts none ends within a character. */
  digest(text: string | readonly string[]): MaybePromise<Uint8Array<ArrayBuffer>> {
    if (typeof text === 'string' && !isLongJson(text)) return sha256(text);
    return this.#slices.runWaiting(hashInSteps([text].flat(), this.#startHash));
  }

  /** What an iterator gives next whose steps take long, each in a slice of its own. */
  next<T>(iterator: Iterator<T, void>): MaybePromise<IteratorResult<T, void>> {
    return this.#slices.later(nextOf(iterator));
  }
}

/** What an iterator gives next, as work for a slice. */
function* nextOf<T>(iterator: Iterator<T, void>): Steps<IteratorResult<T, void>> {
  const next = iterator.next();
  yield;
  return next;
}
