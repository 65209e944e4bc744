import type { FieldWrite } from '../graph/write.ts';
import { BODY_KIND } from '../log/envelope.ts';
import { MOST_BODY_BYTES } from '../log/operation.ts';
import { encodeDelta, encodeSaid, saidBy, unsignable } from './delta-codec.ts';

/** Properties and characters in one operation: more would hold the event loop while it is made and hashed. */
const MOST_PROPERTIES = 500;
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
  for (const portion of portionsOf(batches)) {
    const says = saidBy(BODY_KIND.seen, portion);
    const body = encodeSaid(BODY_KIND.seen, says);
    if (body.ok) yield { bytes: body.value, says };
  }
}

/** A body that says nothing, where only something else of its operation counts. */
export function emptySeenBody(): SeenBody {
  const body = encodeDelta(BODY_KIND.seen, []);
  if (!body.ok) throw new Error(body.reason);
  return { bytes: body.value, says: [] };
}

/** Writes cut into portions; what is large alone is a portion alone. */
function* portionsOf(batches: Iterable<readonly FieldWrite[]>): Generator<FieldWrite[]> {
  let portion: FieldWrite[] = [];
  let characters = 0;
  for (const batch of batches) {
    for (const write of batch) {
      const length = write.soul.length + write.key.length + write.json.length;
      // A long value that has no room in an operation is not even gone through.
      if (length > MOST_BODY_BYTES || unsignable(write) !== undefined) continue;
      if (
        portion.length > 0 &&
        (characters + length > MOST_CHARACTERS || portion.length === MOST_PROPERTIES)
      ) {
        yield portion;
        portion = [];
        characters = 0;
      }
      portion.push(write);
      characters += length;
    }
  }
  if (portion.length > 0) yield portion;
}
