import { PARSE_ERROR } from '../wire/codec.ts';

/** Why something was refused, for counting: a closed set, whatever the texts say. */
export const REFUSAL_CODES = [
  /** A frame that is no JSON. */
  'json',
  /** A message or frame of the wrong form. */
  'form',
  /** A state too far in the future, or too many of them. */
  'future',
  /** The storage failed. */
  'storage',
  /** Too much is waiting. */
  'busy',
  /** The relay is closing. */
  'closing',
  /** A peer that may not write. */
  'access',
  /** A value in a user's space that its owner did not sign. */
  'signature',
  /** A guest of a user's space whose certificate does not allow it. */
  'certificate',
  /** A protected soul whose keys do not say what they must. */
  'protected',
  'other',
] as const;

/** One of {@link REFUSAL_CODES}. */
export type RefusalCode = (typeof REFUSAL_CODES)[number];

/** What a peer that may not write is told. */
export const NO_WRITES = 'this relay takes writes with a token only';

/** What a peer is told when what is stored could not be read. */
export const READ_FAILED = 'storage failed, nothing was stored';

/** Reasons of the writer, and those of the policy in SEA's words (gun-wire section 12.3). */
const CODES: ReadonlyMap<string, RefusalCode> = new Map([
  [READ_FAILED, 'storage'],
  ['the store is damaged and read-only', 'storage'],
  ['too many writes are waiting', 'busy'],
  ['relay is closing', 'closing'],
  ['put: too many writes from the future are waiting', 'future'],
  [NO_WRITES, 'access'],
  ['Unverified data.', 'signature'],
  ['Certificate expired.', 'certificate'],
  ['Certificate verification fail.', 'certificate'],
  ['Account not same!', 'protected'],
  ['Alias not same!', 'protected'],
  ['Alias must exist!', 'protected'],
  ['Data must exist!', 'protected'],
  ['Data hash not same as hash!', 'protected'],
]);
/** Reasons with a name or number in them, by how they begin or end. */
const FAMILIES: readonly (readonly [begin: string, end: string, code: RefusalCode])[] = [
  ['', ' ms in the future', 'future'],
  ['Certificant ', ' blocked.', 'certificate'],
  ['Path "', '".', 'certificate'],
];

/** The code of a reason that the writer or the policy gave. */
export function codeOfOutcome(reason: string): RefusalCode {
  const known = CODES.get(reason);
  if (known !== undefined) return known;
  const family = FAMILIES.find(([begin, end]) => reason.startsWith(begin) && reason.endsWith(end));
  return family?.[2] ?? 'other';
}

/** The code of a fault that the parser found. */
export function codeOfFault(reason: string): RefusalCode {
  return reason === PARSE_ERROR ? 'json' : 'form';
}

/** Messages of one kind, by what became of them. */
export interface Verdicts {
  accepted: number;
  /** Known already, and dropped. */
  duplicate: number;
  refused: number;
}

/** What the mesh did since it was made; plain numbers that only grow. */
export class MeshCounters {
  readonly put: Verdicts = { accepted: 0, duplicate: 0, refused: 0 };
  readonly get: Verdicts = { accepted: 0, duplicate: 0, refused: 0 };
  readonly ack: Verdicts = { accepted: 0, duplicate: 0, refused: 0 };
  readonly control: Verdicts = { accepted: 0, duplicate: 0, refused: 0 };
  /** Faults of frames, which belong to no message. */
  readonly frame: Verdicts = { accepted: 0, duplicate: 0, refused: 0 };
  readonly refusals: Record<RefusalCode, number> = {
    json: 0,
    form: 0,
    future: 0,
    storage: 0,
    busy: 0,
    closing: 0,
    access: 0,
    signature: 0,
    certificate: 0,
    protected: 0,
    other: 0,
  };

  /** Notes a refusal. */
  refuse(kind: 'put' | 'get' | 'frame', code: RefusalCode): void {
    this[kind].refused += 1;
    this.refusals[code] += 1;
  }
}
