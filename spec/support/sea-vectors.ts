/** The vectors of gun's SEA, typed, and the keys and clock they were made with. */
import type { Value } from '../../lib/graph/value.ts';
import { writeOf, type FieldWrite } from '../../lib/graph/write.ts';
import type { KeyPair } from '../../lib/sea/keys.ts';
import { loadVectors } from './vectors.ts';

/** One put of one property, and what a relay has to make of it. */
export interface SeaCase {
  readonly name: string;
  readonly soul: string;
  readonly key: string;
  readonly value: Value;
  readonly state: number;
  readonly relay_clock?: number;
  readonly relay_must: 'accept' | 'reject';
  readonly plain_value?: Value;
  readonly signed_text?: string;
  readonly signed_text_sha256?: string;
  readonly signature_base64?: string;
  readonly certificate?: string | null;
  readonly real_relay: { readonly outcome: string; readonly err: string | null };
}

interface SeaVectors {
  readonly pairs: Readonly<Record<'alice' | 'bob' | 'carol', KeyPair>>;
  readonly certificates: Readonly<Record<string, string>>;
  readonly primitives: {
    readonly work_pbkdf2: {
      readonly data: string;
      readonly salt: string;
      readonly iterations: number;
      readonly bits: number;
      readonly hash: 'SHA-256';
      readonly out_base64: string;
    };
    readonly work_sha: readonly { readonly data: unknown; readonly out_base64: string }[];
    readonly encrypt: readonly {
      readonly plain: unknown;
      readonly key: string;
      readonly sealed: string;
      readonly decrypts_to: unknown;
    }[];
    readonly secret: { readonly alice_with_bob_epub: string; readonly bob_with_alice_epub: string };
    readonly sign: readonly {
      readonly input: unknown;
      readonly signed: string;
      readonly hashed_text: string;
      readonly verify_returns: unknown;
    }[];
    readonly pub_of_soul: readonly { readonly soul: string; readonly pub: string | null }[];
  };
  readonly cases: readonly SeaCase[];
}

/** Everything in `spec/vectors/gun/sea.json`. */
export const SEA_VECTORS: SeaVectors = loadVectors<SeaVectors>('gun/sea.json');

/** A clock later than every state in the vectors. */
export const AFTER_ALL = 1_800_000_000_000;

/** The write of a case. */
export function writeOfCase({ soul, key, state, value }: SeaCase): FieldWrite {
  return writeOf(soul, key, state, value);
}

/** The case of this name. */
export function caseNamed(name: string): SeaCase {
  const found = SEA_VECTORS.cases.find((each) => each.name === name);
  if (found === undefined) throw new Error(`no vector named ${name}`);
  return found;
}
