import { GraphError } from '../base/errors.ts';
import type { MaybePromise } from '../base/maybe-promise.ts';
import type { FieldWrite } from '../graph/write.ts';
import type { LogName } from '../log/heights.ts';
import { decodeDelta } from './delta-codec.ts';
import { mayWrite } from './key-soul.ts';
import type { Branch } from './log-keys.ts';
import type { LogStore, StoredOperation } from './log-store.ts';
import { logsOf } from './log-walk.ts';
import { submitted, type PutRequest } from './put-request.ts';

/** Operations read at once. */
const PAGE = 256;

/** What a replay may do beside saying everything. */
export interface ReplayOptions {
  /** Told how many operations were said. */
  readonly onProgress?: ((operations: number) => void) | undefined;
  /** Those writes of an operation that the graph may hold; all when absent. */
  readonly allow?:
    ((writes: readonly FieldWrite[], author: string) => MaybePromise<readonly FieldWrite[]>) | undefined;
  /** True for what operations say that are said now; all when absent. */
  readonly isMeant?: ((writes: readonly FieldWrite[]) => boolean) | undefined;
}

/** What a replay did. */
export interface ReplayResult {
  readonly operations: number;
  readonly writes: number;
  /** Writes that the graph may not hold. */
  readonly refused: number;
}

/**
 * Says to the graph again what all logs say, of both branches of forked ones. As the order of writes does not matter,
 * a graph that was dropped comes back as it was, and with it what its nodes' records noted of who said them; what was never
 * signed or witnessed does not.
 *
 * @throws GraphError STORAGE_FAILED with the writer's reason when it refuses something
 */
export async function replayLogs(
  store: LogStore,
  submit: (request: PutRequest) => void,
  { onProgress, allow, isMeant }: ReplayOptions = {},
): Promise<ReplayResult> {
  const sum = { operations: 0, writes: 0, refused: 0 };
  const replay = async (operation: StoredOperation): Promise<void> => {
    const { id, author } = operation;
    const said = saidBy(operation);
    if (said.length === 0 || isMeant?.(said) === false) return;
    const writes = (await allow?.(said, author)) ?? said;
    sum.refused += said.length - writes.length;
    sum.writes += writes.length;
    if (writes.length > 0) await durable(submit, { writes, owner: author, isReplay: true, replays: id });
  };
  for await (const log of logsOf(store)) {
    for (const branch of ['canonical', 'side'] satisfies Branch[]) {
      for await (const page of pagesOf(store, branch, log)) {
        await Promise.all(page.map(replay));
        sum.operations += page.length;
        onProgress?.(sum.operations);
      }
    }
  }
  return sum;
}

/** All operations of a branch, some at a time. */
export async function* pagesOf(
  store: LogStore,
  branch: Branch,
  log: LogName,
): AsyncGenerator<StoredOperation[]> {
  let after: number | undefined;
  for (;;) {
    const page = await store.read(branch, log, after, Infinity, PAGE);
    if (page.length === 0) return;
    yield page;
    after = page.at(-1)!.sequence;
  }
}

/** What a stored operation says to the graph: nothing of souls that belong to other keys. */
export function saidBy({ author, body }: Pick<StoredOperation, 'author' | 'body'>): readonly FieldWrite[] {
  const delta = body === undefined ? undefined : decodeDelta(body);
  const writes = (delta?.ok === true ? delta.value?.writes : undefined) ?? [];
  return writes.filter(({ soul }) => mayWrite(soul, author));
}

/**
 * Submits a request and waits until it is durable.
 *
 * @throws GraphError STORAGE_FAILED with the writer's reason when it refuses
 */
export async function durable(
  submit: (request: PutRequest) => void,
  request: Omit<PutRequest, 'settle'>,
): Promise<void> {
  const outcome = await submitted(submit, request);
  if (!outcome.ok) throw new GraphError('STORAGE_FAILED', outcome.reason);
}
