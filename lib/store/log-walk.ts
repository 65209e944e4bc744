import type { LogName } from '../log/heights.ts';
import type { Branch } from './log-keys.ts';
import type { LogPlace, LogStore, StoredOperation } from './log-store.ts';

/** Places read in one step. */
const STEP_PLACES = 256;
/** Bytes of operations in memory at once; one alone may have more. */
const STEP_BYTES = 1024 * 1024;
/** Sequence number that no operation has. */
const BEYOND = 2 ** 32 - 1;

/** Operations of a branch in order, after one sequence number and up to another; few of them are in memory at once. */
export async function* operationsIn(
  store: LogStore,
  branch: Branch,
  name: LogName,
  { after, until = BEYOND }: { readonly after?: number | undefined; readonly until?: number } = {},
): AsyncGenerator<StoredOperation> {
  let last = after;
  for (;;) {
    const places = await store.places(branch, name, last, until, STEP_PLACES);
    if (places.length === 0) return;
    for (const some of portionsOf(places)) {
      yield* await Promise.all(some.map((place) => store.operationAt(name, place)));
    }
    last = places.at(-1)!.sequence;
  }
}

/** Operations of the canonical branch of a log, then of its side branch. */
export async function* operationsOf(
  store: LogStore,
  { author, log }: LogName,
): AsyncGenerator<StoredOperation> {
  yield* operationsIn(store, 'canonical', { author, log });
  yield* operationsIn(store, 'side', { author, log });
}

function* portionsOf(places: readonly LogPlace[]): Generator<LogPlace[]> {
  let portion: LogPlace[] = [];
  let bytes = 0;
  for (const place of places) {
    if (portion.length > 0 && bytes + place.bytes > STEP_BYTES) {
      yield portion;
      portion = [];
      bytes = 0;
    }
    portion.push(place);
    bytes += place.bytes;
  }
  if (portion.length > 0) yield portion;
}
