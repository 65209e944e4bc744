import { GraphError } from '../base/errors.ts';
import type { FieldWrite } from '../graph/write.ts';
import { BODY_KIND } from '../log/envelope.ts';
import { MOST_BODY_BYTES } from '../log/operation.ts';
import { encodeDelta, encodeSaid, saidBy, unsignable } from './delta-codec.ts';

/** Properties and characters in one operation: more would hold the event loop while it is made and hashed. */
const MOST_PROPERTIES = 1000;
const MOST_CHARACTERS = 32_768;

/** A body, and what it says. */
export interface SeenBody {
  readonly bytes: Uint8Array;
  /** In the order of the body. */
  readonly says: readonly FieldWrite[];
}

/**
 * Bodies that say what was seen, one with each step. What CBOR cannot carry, and a value too large for an operation,
 * is in none: it stays in the graph without a witness.
 */
export function* seenBodies(batches: Iterable<readonly FieldWrite[]>): Generator<SeenBody, void> {
  const portion = new Portion();
  for (const batch of batches) {
    for (let at = 0; at < batch.length; at += 1) {
      const write = batch[at]!;
      const { soul, key, state, json } = write;
      // A long value that has no room in an operation is not even gone through.
      const length = soul.length + key.length + json.length;
      if (length > MOST_BODY_BYTES || soul === '' || key === '' || !Number.isFinite(state)) continue;
      if (!portion.hasRoom(length)) yield* portion.take();
      portion.add(write, length);
    }
  }
  yield* portion.take();
}

/** Writes that go into one body; what is large alone is a portion alone. */
class Portion {
  #writes: FieldWrite[] = [];
  #characters = 0;

  hasRoom(length: number): boolean {
    if (this.#writes.length === 0) return true;
    return this.#characters + length <= MOST_CHARACTERS && this.#writes.length < MOST_PROPERTIES;
  }

  add(write: FieldWrite, length: number): void {
    this.#writes.push(write);
    this.#characters += length;
  }

  /** The body of what was added, unless nothing of it can be in one; a new portion begins. */
  *take(): Generator<SeenBody, void> {
    const writes = this.#writes;
    this.#writes = [];
    this.#characters = 0;
    const body = bodyOf(writes) ?? bodyOf(writes.filter((write) => unsignable(write) === undefined));
    if (body !== undefined) yield body;
  }
}

/** Undefined where there is nothing to say, or something that no body can say. */
function bodyOf(writes: readonly FieldWrite[]): SeenBody | undefined {
  if (writes.length === 0) return undefined;
  try {
    const says = saidBy(BODY_KIND.seen, writes);
    const body = encodeSaid(BODY_KIND.seen, says);
    return body.ok ? { bytes: body.value, says } : undefined;
  } catch (error) {
    if (error instanceof GraphError && error.code === 'CBOR_BAD_VALUE') return undefined;
    throw error;
  }
}

/** A body that says nothing, where only something else of its operation counts. */
export function emptySeenBody(): SeenBody {
  const body = encodeDelta(BODY_KIND.seen, []);
  if (!body.ok) throw new Error(body.reason);
  return { bytes: body.value, says: [] };
}
