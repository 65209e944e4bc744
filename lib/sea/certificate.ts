import { GraphError } from '../base/errors.ts';
import { isRecord } from '../base/record.ts';
import { matchesLex } from '../graph/lex-match.ts';
import { sortedJson } from './json-text.ts';
import { isPublicKey, type KeyPair } from './keys.ts';
import { accountSoul } from './ownership.ts';
import { nameRefusal, REFUSAL } from './refusals.ts';
import { parseLoosely, SEA_MARK, sign, signatureBytes } from './signature.ts';

/** A certificate as it travels: its terms, and the owner's signature over them. */
export interface Certificate {
  readonly m: Readonly<Record<string, unknown>>;
  readonly s: string;
}

/** Where a guest may write: an exact path, a LEX over path and key, LEXes for the path (`#`) and the key (`.`), or several. */
export type Policy = string | Lex | readonly (string | Lex)[];

/** One policy; `+` with `*` in it wants the guest's public key in the path or key. */
export interface Lex {
  readonly '='?: string;
  readonly '*'?: string;
  readonly '>'?: string;
  readonly '<'?: string;
  readonly '#'?: string | Lex;
  readonly '.'?: string | Lex;
  readonly '+'?: string;
}

/** What an owner allows. */
export interface Terms {
  /** Public keys of the guests, or `*` for everybody. */
  readonly guests: string | readonly string[];
  readonly write?: Policy;
  readonly read?: Policy;
  /** Last millisecond at which it holds; for ever when absent. */
  readonly expires?: number;
  /** Path below the owner's account, or soul that begins with `~`, whose keys are guests that may not write. */
  readonly writeBlock?: string;
  readonly readBlock?: string;
}

/** A write that a guest makes with a certificate. */
export interface GuestWrite {
  readonly soul: string;
  readonly key: string;
  readonly state: number;
  readonly owner: string;
  readonly guest: string;
}

const EVERYBODY = '*';
/** The order in which SEA writes the terms. */
const ORDER = ['c', 'e', 'r', 'w', 'rb', 'wb'];

/** A certificate as text (`SEA{…}`) or as an object with exactly its two fields; undefined for anything else. */
export function parseCertificate(raw: unknown): Certificate | undefined {
  return asCertificate(parseLoosely(raw));
}

/** The certificate that an object is, undefined when it is none. */
export function asCertificate(raw: unknown): Certificate | undefined {
  if (!isRecord(raw) || Object.keys(raw).length !== 2) return undefined;
  const { m, s } = raw;
  if (!isRecord(m) || typeof s !== 'string' || signatureBytes(s) === undefined) return undefined;
  return { m, s };
}

/**
 * Issues a certificate, as the text that SEA hands on.
 *
 * @throws GraphError SEA_BAD_INPUT without guests or policies, SEA_BAD_KEY
 */
export async function certify(terms: Terms, owner: Pick<KeyPair, 'pub' | 'priv'>): Promise<string> {
  const { write, read, expires, writeBlock, readBlock } = terms;
  const guests = guestsOf(terms.guests);
  if (guests === undefined) throw new GraphError('SEA_BAD_INPUT', 'a certificate without guests');
  if (write === undefined && read === undefined) {
    throw new GraphError('SEA_BAD_INPUT', 'a certificate without policies');
  }
  const written = { c: guests, e: expires, r: read, w: write, rb: readBlock, wb: writeBlock };
  return sign(JSON.parse(JSON.stringify(written)), owner);
}

function guestsOf(guests: string | readonly string[]): string | readonly string[] | undefined {
  const list = typeof guests === 'string' ? [guests] : guests;
  if (list.includes(EVERYBODY)) return EVERYBODY;
  if (list.length === 0 || !list.every(isPublicKey)) return undefined;
  return list.length === 1 ? list[0] : list;
}

/**
 * The texts that the owner may have signed, each once: gun in Node sorts keys, browsers do not (D11). One by one, as
 * each takes milliseconds to make when the certificate is as long as it may be.
 */
export function* certificateTexts({ m }: Certificate): Generator<string, void> {
  const received = JSON.stringify(m);
  yield received;
  const known = ORDER.filter((name) => Object.hasOwn(m, name));
  const unknown = Object.keys(m).filter((name) => !ORDER.includes(name));
  const written = JSON.stringify(Object.fromEntries([...known, ...unknown].map((name) => [name, m[name]])));
  if (written !== received) yield written;
  const sorted = sortedJson(m)!;
  if (sorted !== received && sorted !== written) yield sorted;
}

/**
 * Says why a certificate does not allow a write, undefined when it does; its signature and blocks are checked by others.
 *
 * @param now clock in milliseconds; a certificate must hold both then and at the write's state (D14)
 */
export function certificateFault({ m }: Certificate, write: GuestWrite, now: number): string | undefined {
  const fault = expiryFault(m['e'], Math.max(write.state, now));
  if (fault !== undefined) return fault;
  if (!names(m['c'], write.guest)) return REFUSAL.certificate;
  const path = write.soul.includes('/') ? write.soul.slice(write.soul.indexOf('/') + 1) : '';
  const policies: readonly unknown[] = Array.isArray(m['w']) ? m['w'] : [m['w']];
  const place = { path, key: write.key, whole: path === '' ? write.key : `${path}/${write.key}` };
  const policy = policies.find((candidate) => allows(candidate, place));
  if (policy === undefined) return REFUSAL.certificate;
  return wantsName(policy) && path !== '' && !path.includes(write.guest) && !write.key.includes(write.guest)
    ? nameRefusal(path, write.key, write.guest)
    : undefined;
}

/** What is no number expires at once, because nobody can say when it would. */
function expiryFault(expiry: unknown, at: number): string | undefined {
  if (expiry === undefined) return undefined;
  const last = typeof expiry === 'string' ? Number.parseFloat(expiry) : expiry;
  return typeof last === 'number' && at <= last ? undefined : REFUSAL.expired;
}

function names(guests: unknown, guest: string): boolean {
  const list: readonly unknown[] = Array.isArray(guests) ? guests : [guests];
  return list.includes(guest) || list.includes(EVERYBODY);
}

/** What policies are compared with; made once, because a certificate has room for thousands of them. */
interface Place {
  readonly path: string;
  readonly key: string;
  /** Path and key as one text. */
  readonly whole: string;
}

/** A policy for the path, for the key, for both (then both must match, D13), or for path and key as one text. */
function allows(policy: unknown, { path, key, whole }: Place): boolean {
  if (!isRecord(policy)) return matchesLex(whole, policy);
  const { '#': pathLex, '.': keyLex } = policy;
  if (pathLex && keyLex) return matchesLex(path, pathLex) && matchesLex(key, keyLex);
  if (pathLex) return matchesLex(path, pathLex) || matchesLex(whole, pathLex);
  return (Boolean(keyLex) && matchesLex(key, keyLex)) || matchesLex(whole, policy);
}

function wantsName(policy: unknown): boolean {
  if (!isRecord(policy)) return false;
  const { '+': plus } = policy;
  return typeof plus === 'string' ? plus.includes(EVERYBODY) : Boolean(plus);
}

/** A property that says whether a guest is blocked: by `1` or `true`. */
export interface BlockRecord {
  readonly soul: string;
  readonly key: string;
}

/** Where the owner keeps the list of guests that may not write; undefined when there is none. */
export interface WriteBlock {
  /** The record of the guest. */
  readonly record: BlockRecord;
  /** The property that may link to the list under another soul. */
  readonly link: BlockRecord | undefined;
}

/** The block record that a certificate names (D16). */
export function writeBlockOf({ m }: Certificate, owner: string, guest: string): WriteBlock | undefined {
  const { wb: named } = m;
  const account = accountSoul(owner);
  if (typeof named === 'string' && !named.startsWith('~')) {
    if (named === '') return undefined;
    return { record: { soul: `${account}/${named}`, key: guest }, link: { soul: account, key: named } };
  }
  const soul = isRecord(named) ? named['#'] : named;
  return typeof soul === 'string' && soul !== ''
    ? { record: { soul, key: guest }, link: undefined }
    : undefined;
}

/** A certificate as {@link certify} hands it on. */
export function certificateText(certificate: Certificate): string {
  return SEA_MARK + JSON.stringify(certificate);
}
