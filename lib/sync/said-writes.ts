import { toHex } from '../base/byte-texts.ts';
import { failure, success, type Result } from '../base/result.ts';
import type { Operation } from '../log/operation.ts';
import type { LogReason } from '../log/reasons.ts';
import { decodeDelta, decodeDeltaInSteps, type Delta } from '../store/delta-codec.ts';
import { mayWrite } from '../store/key-soul.ts';
import type { PutRequest } from '../store/put-request.ts';

/** What an operation says to the graph. */
type Writes = PutRequest['writes'];

/** What an operation says to the graph; of souls that belong to other keys it says nothing. */
export function writesOf(operation: Operation): Result<Writes, LogReason> {
  return operation.body === undefined ? success([]) : ownOf(operation, decodeDelta(operation.body));
}

/** {@link writesOf} in steps. */
export function* writesInSteps(operation: Operation): Generator<void, Result<Writes, LogReason>> {
  const { body } = operation;
  return body === undefined ? success([]) : ownOf(operation, yield* decodeDeltaInSteps(body));
}

function ownOf(operation: Operation, delta: Result<Delta | undefined>): Result<Writes, LogReason> {
  if (!delta.ok) return failure('body');
  const writes = delta.value?.writes ?? [];
  if (areOfEverybody(writes)) return success(writes);
  const author = toHex(operation.header.author);
  return success(writes.filter(({ soul }) => mayWrite(soul, author)));
}

/** Writes to one node stand together, so most souls are looked at once. */
function areOfEverybody(writes: Writes): boolean {
  let last: string | undefined;
  for (let at = 0; at < writes.length; at += 1) {
    const { soul } = writes[at]!;
    if (soul !== last && !mayWrite(soul, undefined)) return false;
    last = soul;
  }
  return true;
}
