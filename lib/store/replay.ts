import type { LogName } from '../log/heights.ts';
import { decodeDelta } from './delta-codec.ts';
import { mayWrite } from './key-soul.ts';
import type { Branch } from './log-keys.ts';
import type { LogStore, StoredOperation } from './log-store.ts';
import type { PutOutcome, PutRequest } from './put-request.ts';

/** Operations read at once. */
const PAGE = 256;

/** What a replay did. */
export interface ReplayResult {
  readonly operations: number;
  readonly writes: number;
}

/**
 * Says to the graph again what all logs say, of both branches of forked ones. As the order of writes does not matter,
 * a graph that was dropped comes back as it was, and with it what its nodes' records noted of who said them; what was never
 * signed or witnessed does not.
 *
 * @throws Error with the writer's reason when it refuses something
 */
export async function replayLogs(
  store: LogStore,
  submit: (request: PutRequest) => void,
  onProgress: (operations: number) => void = () => undefined,
): Promise<ReplayResult> {
  let operations = 0;
  let writes = 0;
  for (const log of await store.heads()) {
    for (const branch of ['canonical', 'side'] satisfies Branch[]) {
      for await (const page of pagesOf(store, branch, log)) {
        const counts = await Promise.all(page.map((operation) => replay(operation, submit)));
        for (const count of counts) writes += count;
        operations += page.length;
        onProgress(operations);
      }
    }
  }
  return { operations, writes };
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

async function replay(
  { id, author, body }: StoredOperation,
  submit: (request: PutRequest) => void,
): Promise<number> {
  const delta = body === undefined ? undefined : decodeDelta(body);
  if (delta?.ok !== true || delta.value === undefined) return 0;
  const writes = delta.value.writes.filter(({ soul }) => mayWrite(soul, author));
  if (writes.length === 0) return 0;
  const outcome = await new Promise<PutOutcome>((settle) => {
    submit({ writes, owner: author, isReplay: true, replays: id, settle });
  });
  if (!outcome.ok) throw new Error(outcome.reason);
  return writes.length;
}
