/** Graphs out of logs for specs: made apart, put right, and stores that lost some of theirs. */
import { MemoryStorage } from '../../adapters/memory.ts';
import type { SaysTheSame } from '../../lib/ham/merge.ts';
import { Slices } from '../../lib/base/slices.ts';
import { LogGraph, type BuildOptions } from '../../lib/store/log-graph.ts';
import { rebuildGraph, type RebuildReport } from '../../lib/store/rebuild.ts';
import type { Change, Storage } from '../../lib/store/storage.ts';
import type { RebuildAction } from '../../relay/log-options.ts';
import type { LoggedStore } from './logged-store.ts';

/** What the command does that puts a graph right and leaves what nobody signed. */
export const REBUILD: RebuildAction = {
  kind: 'rebuild',
  isCheck: false,
  purges: false,
  sea: 'on',
  nameLength: 16_384,
  json: false,
};

/** A report of nothing to do. */
export const NOTHING_FOUND: RebuildReport = { lost: 0, older: 0, unsigned: 0, histories: 0, waiting: 0 };

/** The graph that the logs of a store tell, made in a storage. */
export async function logGraphOf(
  { small }: LoggedStore,
  options: BuildOptions = {},
  place: Storage = new MemoryStorage(),
): Promise<LogGraph> {
  await place.open();
  const graph = new LogGraph({
    logs: small.storage,
    place,
    limits: small.limits,
    clock: small.time.clock,
    slices: new Slices({ schedule: setImmediate }),
    schedule: setImmediate,
  });
  await graph.build(options);
  return graph;
}

/** Makes the graph of a store what its logs tell. */
export async function rebuilt(
  store: LoggedStore,
  dropsUnsigned = false,
  saysTheSame?: SaysTheSame,
): Promise<RebuildReport> {
  const { storage } = await logGraphOf(store);
  return rebuildGraph({
    store: store.small.storage,
    logs: storage,
    submit: (request) => store.small.writer.submit(request),
    dropsUnsigned,
    saysTheSame,
  });
}

/** A copy of a storage, as a kill leaves it, without what is lost. */
export async function copyWithout(
  memory: MemoryStorage,
  isLost: (key: string) => boolean = () => false,
): Promise<MemoryStorage> {
  await memory.open();
  const copy = new MemoryStorage();
  await copy.open();
  const changes: Change[] = [];
  const cursor = memory.range({ from: '', to: '\u{10ffff}' });
  for (;;) {
    const entries = await cursor.next(1000);
    if (entries.length === 0) break;
    for (const [key] of entries) if (!isLost(key)) changes.push([key, await memory.getBytes(key)]);
  }
  await copy.commit(changes);
  return copy;
}

/** The nodes that a commit takes out of a graph. */
export function removedNodes(changes: readonly Change[]): string[] {
  return changes.flatMap(([key, value]) => (key.startsWith('g/') && value === undefined ? [key] : []));
}

/** Takes texts for the same that differ in case alone. */
export const ignoringCase: SaysTheSame = (_soul, _key, one, other) =>
  one.json.toLowerCase() === other.json.toLowerCase();
