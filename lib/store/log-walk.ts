import type { LogName } from '../log/heights.ts';
import type { Branch } from './log-keys.ts';
import type { LogStore, StoredOperation } from './log-store.ts';

/** Operations read in one step. */
const STEP_OPERATIONS = 256;
/** Heads read in one step. */
const STEP_HEADS = 256;
/** The last sequence number that there is. */
const LAST_SEQUENCE = 2 ** 32 - 1;

/** Operations of a branch in order, after one sequence number and up to another; few of them are in memory at once. */
export async function* operationsIn(
  store: LogStore,
  branch: Branch,
  name: LogName,
  { after, until = LAST_SEQUENCE }: { readonly after?: number | undefined; readonly until?: number } = {},
): AsyncGenerator<StoredOperation> {
  let last = after;
  for (;;) {
    const page = await store.read(branch, name, last, until, STEP_OPERATIONS);
    if (page.length === 0) return;
    yield* page;
    last = page.at(-1)!.sequence;
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

/** Every log, few of them in memory at once. */
export async function* logsOf(store: LogStore): AsyncGenerator<LogName> {
  let after: LogName | undefined;
  for (;;) {
    const page = await store.headPage(undefined, after, STEP_HEADS);
    if (page.length === 0) return;
    yield* page;
    after = page.at(-1)!;
  }
}
