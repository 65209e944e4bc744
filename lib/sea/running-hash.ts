import { concatBytes, utf8 } from '../base/bytes.ts';
import type { MaybePromise } from '../base/maybe-promise.ts';
import { waitFor, type WaitingSteps } from '../base/slices.ts';
import { digestOf } from './signature.ts';

/** SHA-256 of bytes that come one after the other; `createHash('sha256')` of Node is one. */
export interface RunningHash {
  update(bytes: Uint8Array): unknown;
  /** The 32 bytes, once and at the end. */
  digest(): MaybePromise<Uint8Array>;
}

/** Makes a hash of nothing yet. */
export type StartHash = () => RunningHash;

/** SHA-256 of WebCrypto, which takes all bytes at once, and copies them. */
export class GatheredHash implements RunningHash {
  readonly #parts: Uint8Array[] = [];

  update(bytes: Uint8Array): void {
    this.#parts.push(bytes);
  }

  digest(): Promise<Uint8Array<ArrayBuffer>> {
    return digestOf(concatBytes(...this.#parts));
  }
}

/** SHA-256 of the UTF-8 of a text's parts, none of which ends within a character; in steps of one part. */
export function* hashInSteps(
  parts: readonly string[],
  startHash: StartHash,
): WaitingSteps<Uint8Array<ArrayBuffer>> {
  const hash = startHash();
  for (const part of parts) {
    hash.update(utf8(part));
    yield;
  }
  return new Uint8Array(yield* waitFor(hash.digest()));
}
