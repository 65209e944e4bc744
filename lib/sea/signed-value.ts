import { randomText } from '../base/random.ts';
import { isValue, toValueJson, type Value } from '../graph/value.ts';
import type { Entry, FieldWrite } from '../graph/write.ts';
import { asCertificate, type Certificate } from './certificate.ts';
import { isRecord, parseCanonical } from './json-text.ts';
import { hollowInSteps, isCanonicalInSteps, LONGEST_AT_ONCE, unescapeInSteps } from './long-text.ts';
import { isPublicKey, signingKey, type KeyPair } from './keys.ts';
import { ownerOf } from './ownership.ts';
import { parseLoosely, SEA_MARK, signatureBytes, signText } from './signature.ts';

/** A value in a user's space, taken apart and not yet verified. */
export interface SignedValue {
  readonly value: Value;
  /** What was signed. */
  readonly text: string;
  /** 64 bytes, r and s. */
  readonly signature: Uint8Array<ArrayBuffer>;
  /** Public key of the owner or guest who must have signed. */
  readonly signer: string;
  /** What allows a guest to write. */
  readonly certificate: Certificate | undefined;
  /** True for the forms that SEA wrote until 2019, whose text does not tell 5 from "5". */
  readonly isOld: boolean;
}

/** A certificate inside a value is nested deepest: policies within lists within the certificate. */
const MAX_DEPTH = 8;
/** Characters of what stands in for a long text. */
const STAND_IN_LENGTH = 32;
const FIELDS: ReadonlySet<string> = new Set([':', '~', '+', '*']);
/** First of January 2019: later values of the oldest form would be shuffled ones. */
const SHUFFLE_END = 1_546_329_600_000;

/** Takes a value apart; undefined when it is in none of SEA's forms (gun-wire sections 12.3, 12.6, D10, D30). */
export function parseSigned(write: FieldWrite, owner: string): SignedValue | undefined {
  if (!write.json.startsWith('"')) return undefined;
  const text = JSON.parse(write.json) as string;
  return text.startsWith(`${SEA_MARK}{`)
    ? parseOld(text.slice(SEA_MARK.length), write, owner)
    : parseCurrent(text, write, owner);
}

/** A long value in the form of today, taken apart. */
export interface LongSignedValue extends Pick<SignedValue, 'signature' | 'signer' | 'certificate'> {
  /** Parts of what was signed; to join them would take long. */
  readonly text: readonly string[];
}

/**
 * {@link parseSigned} for a value that is longer than may be gone through at once. Only the value may be: what else is
 * in the envelope has at most {@link LONGEST_AT_ONCE} characters. The forms of before 2019 are not taken.
 */
export function* parseLongSigned(
  write: FieldWrite,
  owner: string,
): Generator<void, LongSignedValue | undefined, void> {
  if (!write.json.startsWith('"')) return undefined;
  // Nobody can guess it, so it stands nowhere else.
  const standIn = randomText(STAND_IN_LENGTH);
  const hollow = yield* hollowInSteps(yield* unescapeInSteps(write.json), standIn);
  if (hollow === undefined) return undefined;
  const signed = parseCurrent(hollow.json, write, owner);
  if (signed === undefined || toValueJson(signed.value)?.includes(standIn) !== true) return undefined;
  if (!(yield* isCanonicalInSteps(hollow.long))) return undefined;
  const { signature, signer, certificate } = signed;
  const [before = '', after = ''] = signed.text.split(standIn, 2);
  return { text: [before, ...hollow.long, after], signature, signer, certificate };
}

/** The text that is signed for a property. */
function signedText({ soul, key, state }: Omit<FieldWrite, 'json'>, value: Value): string {
  return JSON.stringify({ '#': soul, '.': key, ':': value, '>': state });
}

function parseCurrent(text: string, write: FieldWrite, owner: string): SignedValue | undefined {
  const fields = parseCanonical(text, MAX_DEPTH);
  if (!isRecord(fields) || !Object.keys(fields).every((name) => FIELDS.has(name))) return undefined;
  const { ':': value, '~': s, '*': guest, '+': plus } = fields;
  const signature = signatureBytes(s);
  if (!isValue(value) || signature === undefined) return undefined;
  const certificate = asCertificate(plus);
  if (!isAllowedGuest(guest, owner, plus, certificate)) return undefined;
  return {
    value,
    text: signedText(write, value),
    signature,
    signer: guest ?? owner,
    certificate,
    isOld: false,
  };
}

/** A guest without a certificate is none; a certificate without a guest is somebody else's addition. */
function isAllowedGuest(
  guest: unknown,
  owner: string,
  plus: unknown,
  certificate: Certificate | undefined,
): guest is string | undefined {
  if (guest === undefined) return plus === undefined;
  if (plus === undefined) return guest === owner;
  return isPublicKey(guest) && certificate !== undefined;
}

/** `SEA{"m","s"}` with a text, or with soul, key, value and state. */
function parseOld(text: string, write: FieldWrite, owner: string): SignedValue | undefined {
  const fields = parseCanonical(text, MAX_DEPTH);
  if (!isRecord(fields) || Object.keys(fields).length !== 2) return undefined;
  const signature = signatureBytes(fields['s']);
  const message = parseLoosely(fields['m']);
  if (signature === undefined || fields['m'] === undefined) return undefined;
  const value = Array.isArray(message) ? valueOfFour(message, write) : valueAlone(message, write);
  if (value === undefined) return undefined;
  // Old SEA hashed what JavaScript makes of a list when it wants text: its parts with commas between them.
  return { value, text: String(message), signature, signer: owner, certificate: undefined, isOld: true };
}

/** Parts with commas in them could be cut elsewhere than their author did, and objects are all the same as text. */
function valueOfFour(parts: readonly unknown[], { soul, key, state }: FieldWrite): Value | undefined {
  const [itsSoul, itsKey, value, itsState] = parts;
  if (parts.length !== 4 || itsSoul !== soul || itsKey !== key || `${soul}${key}`.includes(','))
    return undefined;
  if (typeof itsState !== 'number' || Math.floor(itsState) !== Math.floor(state)) return undefined;
  return isPlain(value) ? value : undefined;
}

function valueAlone(value: unknown, { state }: FieldWrite): Value | undefined {
  return state < SHUFFLE_END && isPlain(value) ? value : undefined;
}

function isPlain(value: unknown): value is Exclude<Value, object> | null {
  return isValue(value) && (typeof value !== 'object' || value === null);
}

/** What a stored property means: the value without its signature in a user's space, and as it is elsewhere. */
export function plainValue(soul: string, key: string, entry: Entry): Value | undefined {
  const owner = ownerOf(soul);
  const signed = owner === undefined ? undefined : parseSigned({ soul, key, ...entry }, owner);
  return signed === undefined ? (JSON.parse(entry.json) as Value) : signed.value;
}

/**
 * True when two values of one property at one state say the same, whoever spelled or signed them: then the one that
 * is stored stays (D30). Both must have been verified. Long values are compared before, by `SeaChecker`.
 */
export function saysTheSame(soul: string, key: string, a: Entry, b: Entry): boolean {
  if (a.state !== b.state) return false;
  if (a.json === b.json) return true;
  if (a.json.length > LONGEST_AT_ONCE || b.json.length > LONGEST_AT_ONCE) return false;
  const owner = ownerOf(soul);
  if (owner === undefined) return false;
  const [first, second] = [a, b].map((entry) => parseSigned({ soul, key, ...entry }, owner));
  if (first === undefined || second === undefined) return false;
  const isOld = first.isOld || second.isOld;
  return meaning(first.value, isOld) === meaning(second.value, isOld);
}

function meaning(value: Value, isOld: boolean): string | undefined {
  return isOld && isPlain(value) ? String(value) : toValueJson(value);
}

/** How a guest signs: with the certificate that the owner of the soul gave. */
export interface GuestOptions {
  readonly certificate?: Certificate;
}

/**
 * Signs a value for its place in a user's space, as SEA stores it.
 *
 * @throws GraphError SEA_BAD_KEY
 */
export async function signWrite(
  place: Omit<FieldWrite, 'json'>,
  value: Value,
  pair: Pick<KeyPair, 'pub' | 'priv'>,
  { certificate }: GuestOptions = {},
): Promise<FieldWrite> {
  const signature = await signText(signedText(place, value), await signingKey(pair));
  const envelope =
    certificate === undefined
      ? { ':': value, '~': signature }
      : { ':': value, '~': signature, '+': certificate, '*': pair.pub };
  return { ...place, json: JSON.stringify(JSON.stringify(envelope)) };
}
