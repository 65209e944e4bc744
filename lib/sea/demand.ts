import { fromValueJson, isLink } from '../graph/value.ts';
import type { FieldWrite } from '../graph/write.ts';
import { isLongJson } from './long-text.ts';
import { accountSoul, ALIASES_SOUL, protectionOf } from './ownership.ts';
import { REFUSAL } from './refusals.ts';
import { parseSigned, type SignedValue } from './signed-value.ts';

/** What has to be done before a write may be believed. */
export type Demand =
  | { readonly kind: 'none' }
  | { readonly kind: 'refused'; readonly reason: string }
  /** The key must name the hash of the value. */
  | { readonly kind: 'content' }
  /** The owner of the soul, or a guest with a certificate, must have signed; a long value may not be taken apart yet. */
  | { readonly kind: 'signature'; readonly owner: string; readonly signed: SignedValue | undefined };

/** Nothing has to be done. */
export const NONE: Demand = { kind: 'none' };
const CONTENT: Demand = { kind: 'content' };
/** JSON of values that JavaScript takes for nothing. */
const EMPTY: ReadonlySet<string> = new Set(['null', 'false', '0', '""']);

/**
 * What a write demands by its soul, key and value alone (gun-wire sections 12.2 and 12.3).
 *
 * @param leavesLong true to leave it to others to take long values apart
 */
export function demandOf(write: FieldWrite, leavesLong = true): Demand {
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
      return demandOfOwner(write, protection.owner, leavesLong);
  }
}

/** True for writes of guests whose certificates name lists of who may not write: what these say when they come matters. */
export function mayBeBlocked(write: FieldWrite): boolean {
  const demand = demandOf(write);
  if (demand.kind !== 'signature') return false;
  return demand.signed === undefined || demand.signed.certificate?.m['wb'] !== undefined;
}

function demandOfLink({ json }: FieldWrite, target: string, missing: string): Demand {
  if (EMPTY.has(json)) return { kind: 'refused', reason: missing };
  const value = isLongJson(json) ? undefined : fromValueJson(json);
  return isLink(value) && value['#'] === target ? NONE : { kind: 'refused', reason: REFUSAL.alias };
}

function demandOfOwner(write: FieldWrite, owner: string, leavesLong: boolean): Demand {
  if (write.key === 'pub' && write.soul === accountSoul(owner)) {
    return write.json === JSON.stringify(owner) ? NONE : { kind: 'refused', reason: REFUSAL.account };
  }
  if (leavesLong && isLongJson(write.json)) return { kind: 'signature', owner, signed: undefined };
  const signed = parseSigned(write, owner);
  return signed === undefined
    ? { kind: 'refused', reason: REFUSAL.unverified }
    : { kind: 'signature', owner, signed };
}
