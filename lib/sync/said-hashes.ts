import { equalBytes } from '../base/bytes.ts';
import { equalParts, type TipsHashes } from '../log/tips-digest.ts';

/** What follows from what both sides said of their state vectors by hashes. */
export type HashesVerdict =
  /** Nothing yet. */
  | { readonly is: 'open' }
  /** The vectors are the same. */
  | { readonly is: 'equal' }
  /** They are not: this side says the hashes of its parts. */
  | { readonly is: 'asked' }
  /** They are not, and this side shows all of its own. */
  | { readonly is: 'unequal' }
  /** These parts are the same, and nothing of them need be shown. */
  | { readonly is: 'partly'; readonly equal: ReadonlySet<number> }
  /** The other side said what does not come next. */
  | { readonly is: 'fault' };

/** What one side says by hashes. */
interface OwnHashes extends TipsHashes {
  /** Whether it says those of its parts when the digests differ. */
  readonly saysParts: boolean;
}

/**
 * What two sides say by hashes before they show their state vectors: both a digest, and when these differ the hashes of
 * their parts, those who have enough logs. Only parts that both spoke of can be known to be equal, and as what one side
 * says comes in order, both know which: a side that shows logs before it said the hashes of its parts shows all.
 */
export class SaidHashes {
  /** False when the other side is not to say the hashes of its parts. */
  readonly #takesParts: boolean;
  #own: OwnHashes | undefined;
  #theirs: Uint8Array | undefined;
  #differ = false;
  #hasTheirParts = false;

  constructor(takesParts: boolean) {
    this.#takesParts = takesParts;
  }

  /** Says the digest of this side, once. */
  say(own: OwnHashes): HashesVerdict {
    this.#own = own;
    return this.#compare();
  }

  /** Takes the digest of the other side. */
  hearDigest(digest: Uint8Array): HashesVerdict {
    if (this.#theirs !== undefined) return { is: 'fault' };
    this.#theirs = digest;
    return this.#compare();
  }

  /** Takes the hashes of the other side's parts, which come to nothing when this side said none. */
  hearParts(hashes: Uint8Array): HashesVerdict {
    if (!this.#takesParts || !this.#differ || this.#hasTheirParts) return { is: 'fault' };
    this.#hasTheirParts = true;
    const { parts, saysParts } = this.#own!;
    return saysParts ? { is: 'partly', equal: equalParts(parts, hashes) } : { is: 'open' };
  }

  #compare(): HashesVerdict {
    if (this.#own === undefined || this.#theirs === undefined) return { is: 'open' };
    if (equalBytes(this.#own.digest, this.#theirs)) return { is: 'equal' };
    this.#differ = true;
    return { is: this.#own.saysParts ? 'asked' : 'unequal' };
  }
}
