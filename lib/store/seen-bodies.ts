import type { FieldWrite } from '../graph/write.ts';
import { BODY_KIND } from '../log/envelope.ts';
import { encodeDelta, encodeNodes, nodesOf, unsignable } from './delta-codec.ts';

/** Properties and characters in one operation: more would hold the event loop while it is made and hashed. */
const MOST_PROPERTIES = 500;
const MOST_CHARACTERS = 32_768;

/** A body, and what it says. */
export interface SeenBody {
  readonly bytes: Uint8Array;
  /** Node by node, in the order of the body. */
  readonly says: readonly FieldWrite[];
}

/**
 * Bodies that say what was seen, one with each step. What CBOR cannot carry, and a value too large for an operation,
 * is in none: it stays in the graph without a witness.
 */
export function* seenBodies(batches: Iterable<readonly FieldWrite[]>): Generator<SeenBody, void> {
  for (const portion of portionsOf(batches)) {
    const nodes = nodesOf(portion);
    const says = nodes.flatMap(([, writes]) => writes);
    const body = encodeNodes(BODY_KIND.seen, nodes);
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
      if (unsignable(write) !== undefined) continue;
      const length = write.soul.length + write.key.length + write.json.length;
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
