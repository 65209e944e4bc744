import type { Limits } from '../base/limits.ts';
import type { MaybePromise } from '../base/maybe-promise.ts';
import { failure, success, type Result } from '../base/result.ts';
import { TwoGenerations } from '../base/two-generations.ts';
import { fromValueJson, isLink } from '../graph/value.ts';
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
import { PublicKeys } from './keys.ts';
import { accountSoul, ALIASES_SOUL, isForgotten, isSpecialSoul, protectionOf } from './ownership.ts';
import { blockedRefusal, REFUSAL } from './refusals.ts';
import { parseSigned, plainValue, type SignedValue } from './signed-value.ts';
import { signatureBytes, verifyText } from './signature.ts';
import { VerifiedWrites } from './verified.ts';

/** What the store holds for a property. */
export type ReadStored = (soul: string, key: string) => MaybePromise<Entry | undefined>;

/** What has to be done before a write may be believed. */
export type Demand =
  | { readonly kind: 'none' }
  | { readonly kind: 'refused'; readonly reason: string }
  /** The key must name the hash of the value. */
  | { readonly kind: 'content' }
  /** The owner of the soul, or a guest with a certificate, must have signed. */
  | { readonly kind: 'signature'; readonly owner: string; readonly signed: SignedValue };

/** A write that cannot be decided at once; what it demands is found later where many stand before it. */
interface Undecided {
  readonly write: FieldWrite;
  readonly demand: Demand | undefined;
}

/** Checks of one message in flight; those of one peer, when its messages are checked one after the other. */
const WIDTH = 8;
/** Undecided writes of one message that are taken apart on arrival; the others between the checks, not to hold up everybody. */
const EAGER = 100;
/** Part of the memory for verified values that certificates get. */
const CERTIFICATE_SHARE = 1 / 8;
const NONE: Demand = { kind: 'none' };
const CONTENT: Demand = { kind: 'content' };
/** JSON of values that JavaScript takes for nothing. */
const EMPTY: ReadonlySet<string> = new Set(['null', 'false', '0', '""']);

/** Writes to one node stand together, so that most souls are looked at once. */
function hasSpecialSoul(writes: readonly FieldWrite[]): boolean {
  let last = '';
  for (const { soul } of writes) {
    if (soul === last) continue;
    if (isSpecialSoul(soul)) return true;
    last = soul;
  }
  return false;
}

/** What a write demands by its soul, key and value alone (gun-wire sections 12.2 and 12.3). */
export function demandOf(write: FieldWrite): Demand {
  const protection = protectionOf(write.soul);
  switch (protection.kind) {
    case 'open':
      return NONE;
    case 'hashed':
      return CONTENT;
    case 'aliases':
      return demandOfLink(write, ALIASES_SOUL + write.key, REFUSAL.dataMissing);
    case 'accounts':
      return demandOfLink(write, write.key, REFUSAL.aliasMissing);
    case 'owned':
      return demandOfOwner(write, protection.owner);
  }
}

function demandOfLink({ json }: FieldWrite, target: string, missing: string): Demand {
  if (EMPTY.has(json)) return { kind: 'refused', reason: missing };
  const value = fromValueJson(json);
  return isLink(value) && value['#'] === target ? NONE : { kind: 'refused', reason: REFUSAL.alias };
}

function demandOfOwner(write: FieldWrite, owner: string): Demand {
  if (write.key === 'pub' && write.soul === accountSoul(owner)) {
    return write.json === JSON.stringify(owner) ? NONE : { kind: 'refused', reason: REFUSAL.account };
  }
  const signed = parseSigned(write, owner);
  return signed === undefined
    ? { kind: 'refused', reason: REFUSAL.unverified }
    : { kind: 'signature', owner, signed };
}

/**
 * Guards the spaces of users: every write of a put is checked before any of them is merged, and one that is wrong
 * refuses them all. Imported keys and verified values are remembered within bounds.
 */
export class SeaChecker {
  readonly #keys: PublicKeys;
  readonly #verified: VerifiedWrites;
  /** Certificates with the right signature, by owner and text. */
  readonly #certificates: TwoGenerations<string, true>;
  readonly #certificateBytes: number;

  constructor(limits: Pick<Limits, 'publicKeys' | 'verifiedBytes'>) {
    this.#certificateBytes = limits.verifiedBytes * CERTIFICATE_SHARE;
    this.#keys = new PublicKeys(limits.publicKeys);
    this.#verified = new VerifiedWrites(limits.verifiedBytes - this.#certificateBytes);
    this.#certificates = new TwoGenerations(this.#certificateBytes);
  }

  /**
   * The writes that may be merged: all of them, save those to souls with `<?` that are too old to be kept. Without a
   * signature that is new the answer comes at once. Failures carry SEA's own words.
   *
   * Rejects when `readStored` does.
   *
   * @param now clock in milliseconds, for certificates and `<?`
   * @param readStored asked for block lists, and whether a signed value is stored already
   */
  check(
    writes: readonly FieldWrite[],
    now: number,
    readStored: ReadStored,
  ): MaybePromise<Result<readonly FieldWrite[]>> {
    if (!hasSpecialSoul(writes)) return success(writes);
    const kept = writes.filter((write) => !isForgotten(write.soul, write.state, now));
    const undecided: Undecided[] = [];
    for (const write of kept) {
      if (!isSpecialSoul(write.soul)) continue;
      const demand = undecided.length < EAGER ? this.#demandOf(write, now) : undefined;
      if (demand?.kind === 'refused') return failure(demand.reason);
      if (demand?.kind !== 'none') undecided.push({ write, demand });
    }
    return undecided.length === 0 ? success(kept) : this.#decide(undecided, now, readStored, success(kept));
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
  #demandOf(write: FieldWrite, now: number): Demand {
    const known = this.#verified.get(write);
    if (known === undefined) return demandOf(write);
    if (known.certificate === undefined) return NONE;
    const demand = demandOf(write);
    if (demand.kind !== 'signature' || known.certificate.m['wb'] !== undefined) return demand;
    const guestWrite = { ...write, owner: demand.owner, guest: known.guest! };
    return certificateFault(known.certificate, guestWrite, now) === undefined ? NONE : demand;
  }

  async #decide(
    undecided: readonly Undecided[],
    now: number,
    readStored: ReadStored,
    allowed: Result<readonly FieldWrite[]>,
  ): Promise<Result<readonly FieldWrite[]>> {
    let fault: string | undefined;
    let next = 0;
    const lane = async (): Promise<void> => {
      while (fault === undefined && next < undecided.length) {
        const { write, demand = this.#demandOf(write, now) } = undecided[next]!;
        next += 1;
        fault = (await this.#faultOf(write, demand, now, readStored)) ?? fault;
      }
    };
    await Promise.all(Array.from({ length: Math.min(WIDTH, undecided.length) }, lane));
    return fault === undefined ? allowed : failure(fault);
  }

  async #faultOf(
    write: FieldWrite,
    demand: Demand,
    now: number,
    readStored: ReadStored,
  ): Promise<string | undefined> {
    if (demand.kind === 'none') return undefined;
    if (demand.kind === 'refused') return demand.reason;
    // What is stored was checked when it came, and stays what it is even when its certificate expires (D14).
    const stored = await readStored(write.soul, write.key);
    if (stored?.json === write.json && stored.state === write.state) return undefined;
    if (demand.kind === 'signature') return this.#signatureFault(write, demand, now, readStored);
    if (!(await namesItsContent(write.key, write.json))) return REFUSAL.hash;
    this.#verified.add(write);
    return undefined;
  }

  async #signatureFault(
    write: FieldWrite,
    { owner, signed }: Extract<Demand, { kind: 'signature' }>,
    now: number,
    readStored: ReadStored,
  ): Promise<string | undefined> {
    const { signer, certificate } = signed;
    if (this.#verified.get(write) === undefined) {
      if (!(await this.#isSigned(signed))) return REFUSAL.unverified;
      if (certificate !== undefined && !(await this.#isIssued(certificate, owner)))
        return REFUSAL.certificate;
      this.#verified.add(write, certificate && signer, certificate);
    }
    if (certificate === undefined) return undefined;
    const { soul, key, state } = write;
    const guestWrite = { soul, key, state, owner, guest: signer };
    return (
      certificateFault(certificate, guestWrite, now) ??
      (await blockFault(certificate, guestWrite, readStored))
    );
  }

  async #isSigned({ signer, text, signature }: SignedValue): Promise<boolean> {
    const key = await this.#keys.get(signer);
    return key !== undefined && verifyText(text, signature, key);
  }

  async #isIssued(certificate: Certificate, owner: string): Promise<boolean> {
    const name = `${owner} ${JSON.stringify(certificate)}`;
    if (this.#certificates.get(name, () => name.length) === true) return true;
    const key = await this.#keys.get(owner);
    const signature = signatureBytes(certificate.s);
    if (key === undefined || signature === undefined) return false;
    for (const text of certificateTexts(certificate)) {
      if (!(await verifyText(text, signature, key))) continue;
      if (name.length <= this.#certificateBytes) this.#certificates.set(name, true, name.length);
      return true;
    }
    return false;
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
  return entry === undefined ? undefined : plainValue(soul, key, entry);
}
