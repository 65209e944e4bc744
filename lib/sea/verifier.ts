import type { GraphLimits } from '../base/graph-limits.ts';
import type { MaybePromise } from '../base/maybe-promise.ts';
import { failure, success, type Result } from '../base/result.ts';
import { TwoGenerations } from '../base/two-generations.ts';
import { isLink } from '../graph/value.ts';
import type { Entry, FieldWrite } from '../graph/write.ts';
import {
  certificateFault,
  certificateTexts,
  writeBlockOf,
  type BlockRecord,
  type Certificate,
  type GuestWrite,
} from './certificate.ts';
import { namesItsContent } from './content-soul.ts';
import { demandOf, NONE, type Demand } from './demand.ts';
import { PublicKeys } from './keys.ts';
import { isLongJson } from './long-text.ts';
import { blockedRefusal, REFUSAL } from './refusals.ts';
import { plainValue, type LongSignedValue, type SignedValue } from './signed-value.ts';
import { sha256, signatureBytes, verifyDigest, verifyText } from './signature.ts';
import { LONGEST_NAME, VerifiedWrites } from './verified.ts';

/** What the store holds for a property. */
export type ReadStored = (soul: string, key: string) => MaybePromise<Entry | undefined>;

/** What a write is checked against. */
export interface Circumstances {
  /** Clock in milliseconds. */
  readonly now: number;
  readonly readStored: ReadStored;
}

/** True for a write that may be merged, false for one that the store has in other words (D30); or why it is refused. */
export type Judgement = Result<boolean>;

type Signed = SignedValue | LongSignedValue;

/** How a verifier goes through values; what long ones need is apart from it, because apps load nothing of that. */
export interface Ways {
  /** True when two values have the same text. */
  isSame(stored: string, json: string): MaybePromise<boolean>;
  /** True when the last part of a key is the hash of the value. */
  namesItsContent(key: string, json: string): MaybePromise<boolean>;
  /** SHA-256 of the UTF-8 of a text, which may come in parts. */
  digest(text: string | readonly string[]): MaybePromise<Uint8Array<ArrayBuffer>>;
  /** What an iterator gives next whose steps take long. */
  next<T>(iterator: Iterator<T, void>): MaybePromise<IteratorResult<T, void>>;
  /**
   * Judges a long write that is not parsed yet; when absent, long values are parsed like all others.
   *
   * @param rival the value that is stored at the same state
   * @param judge judges what was parsed
   */
  judgeLong?(
    write: FieldWrite,
    owner: string,
    rival: string | undefined,
    judge: (signed: LongSignedValue) => Promise<Judgement>,
  ): Promise<Judgement>;
}

/** All at once. */
const AT_ONCE: Ways = {
  isSame: (stored, json) => stored === json,
  namesItsContent,
  digest: (text) => sha256(String(text)),
  next: (iterator) => iterator.next(),
};

/** Part of the memory for verified values that certificates get. */
const CERTIFICATE_SHARE = 1 / 8;
const TAKEN: Judgement = success(true);

/** Judges single writes; imported keys, verified values and certificates are remembered within bounds. */
export class Verifier {
  readonly #ways: Ways;
  readonly #keys: PublicKeys;
  readonly #verified: VerifiedWrites;
  /** Certificates with the right signature, by owner and text. */
  readonly #certificates: TwoGenerations<string, true>;
  readonly #certificateLength: number;

  /** @param ways how values are gone through; at once when absent */
  constructor(
    { publicKeys, verifiedBytes }: Pick<GraphLimits, 'publicKeys' | 'verifiedBytes'>,
    ways: Ways = AT_ONCE,
  ) {
    const certificateBytes = verifiedBytes * CERTIFICATE_SHARE;
    this.#ways = ways;
    this.#keys = new PublicKeys(publicKeys);
    this.#verified = new VerifiedWrites(verifiedBytes - certificateBytes);
    this.#certificates = new TwoGenerations(certificateBytes);
    this.#certificateLength = Math.min(LONGEST_NAME, certificateBytes);
  }

  /** Values kept as verified, and keys kept as imported. */
  get sizes(): { readonly verified: number; readonly certificates: number; readonly keys: number } {
    return {
      verified: this.#verified.size,
      certificates: this.#certificates.size,
      keys: this.#keys.size,
    };
  }

  /** What is left to demand of a write, given what was verified before. */
  demandOf(write: FieldWrite, now: number): Demand {
    const known = this.#verified.get(write);
    if (known !== undefined && known.certificate === undefined) return NONE;
    const demand = demandOf(write, this.#ways.judgeLong !== undefined);
    if (known?.certificate === undefined || demand.kind !== 'signature') return demand;
    if (known.certificate.m['wb'] !== undefined) return demand;
    const guestWrite = { ...write, owner: demand.owner, guest: known.guest! };
    return certificateFault(known.certificate, guestWrite, now) === undefined ? NONE : demand;
  }

  /** Does what a write demands. Rejects when `readStored` does. */
  async judge(write: FieldWrite, demand: Demand, circumstances: Circumstances): Promise<Judgement> {
    if (demand.kind === 'none') return TAKEN;
    if (demand.kind === 'refused') return failure(demand.reason);
    // What is stored was checked when it came, and stays what it is even when its certificate expires (D14).
    const { soul, key, json } = write;
    const stored = await circumstances.readStored(soul, key);
    const rival = stored?.state === write.state ? stored.json : undefined;
    if (rival !== undefined && (await this.#ways.isSame(rival, json))) return TAKEN;
    if (demand.kind === 'content') return this.#judgeContent(write, stored);
    const { owner, signed } = demand;
    const judge = (value: Signed): Promise<Judgement> =>
      this.#judgeSigned(write, owner, value, circumstances);
    return signed === undefined ? this.#ways.judgeLong!(write, owner, rival, judge) : judge(signed);
  }

  /** What came first stays: a text and a number, null or link of the same JSON have the same hash, so do broken texts. */
  async #judgeContent(write: FieldWrite, stored: Entry | undefined): Promise<Judgement> {
    const { key, json } = write;
    if (!(await this.#ways.namesItsContent(key, json))) return failure(REFUSAL.hash);
    const isOther = stored !== undefined && !(await this.#ways.isSame(stored.json, json));
    if (isOther && (await this.#ways.namesItsContent(key, stored.json))) return success(false);
    this.#verified.add(write);
    return TAKEN;
  }

  async #judgeSigned(
    write: FieldWrite,
    owner: string,
    signed: Signed,
    circumstances: Circumstances,
  ): Promise<Judgement> {
    const { signer, certificate } = signed;
    if (this.#verified.get(write) === undefined) {
      if (!(await this.#isSigned(signed))) return failure(REFUSAL.unverified);
      if (certificate !== undefined && !(await this.#isIssued(certificate, owner)))
        return failure(REFUSAL.certificate);
      this.#verified.add(write, certificate && signer, certificate);
    }
    if (certificate === undefined) return TAKEN;
    const { soul, key, state } = write;
    const guestWrite = { soul, key, state, owner, guest: signer };
    const fault =
      certificateFault(certificate, guestWrite, circumstances.now) ??
      (await blockFault(certificate, guestWrite, circumstances.readStored));
    return fault === undefined ? TAKEN : failure(fault);
  }

  async #isSigned({ signer, text, signature }: Signed): Promise<boolean> {
    const key = await this.#keys.get(signer);
    return key !== undefined && verifyDigest(await this.#ways.digest(text), signature, key);
  }

  async #isIssued(certificate: Certificate, owner: string): Promise<boolean> {
    const name = `${owner} ${JSON.stringify(certificate)}`;
    const isShort = name.length <= this.#certificateLength;
    if (isShort && this.#certificates.get(name, () => name.length) === true) return true;
    const key = await this.#keys.get(owner);
    const signature = signatureBytes(certificate.s);
    if (key === undefined || signature === undefined) return false;
    const texts = certificateTexts(certificate);
    for (;;) {
      const { done, value: text } = isShort ? texts.next() : await this.#ways.next(texts);
      if (done === true) return false;
      if (!(await verifyText(text, signature, key))) continue;
      if (isShort) this.#certificates.set(name, true, name.length);
      return true;
    }
  }
}

/** Looks the guest up in the block list that a certificate names, in the store as it is (D16). */
async function blockFault(
  certificate: Certificate,
  { owner, guest }: GuestWrite,
  readStored: ReadStored,
): Promise<string | undefined> {
  const block = writeBlockOf(certificate, owner, guest);
  if (block === undefined) return undefined;
  const { record, link } = block;
  const target = link === undefined ? undefined : await readPlain(link, readStored);
  const records = isLink(target) ? [record, { soul: target['#'], key: guest }] : [record];
  for (const each of records) {
    const value = await readPlain(each, readStored);
    if (value === 1 || value === true) return blockedRefusal(guest);
  }
  return undefined;
}

async function readPlain({ soul, key }: BlockRecord, readStored: ReadStored): Promise<unknown> {
  const entry = await readStored(soul, key);
  // Neither a link nor what blocks is long.
  return entry === undefined || isLongJson(entry.json) ? undefined : plainValue(soul, key, entry);
}
