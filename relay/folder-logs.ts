/** A data folder that no relay runs on, opened as a relay would, and its logs. */
import { LevelStorage } from '../adapters/level.ts';
import { systemClock, type Clock } from '../lib/base/clock.ts';
import { GraphError, relayError } from '../lib/base/errors.ts';
import { DEFAULT_LIMITS } from '../lib/base/limits.ts';
import { GraphStore } from '../lib/store/graph-store.ts';
import { Writer } from '../lib/store/writer.ts';
import { Slices } from '../lib/base/slices.ts';
import { AccessPolicy } from './access-policy.ts';
import { DataFolder } from './data-folder.ts';
import type { LogAccess } from './log-access.ts';
import { DEFAULT_OPTIONS } from './option-table.ts';
import { RelayLogs } from './relay-logs.ts';
import { assertStore } from './store-check.ts';
import { GuardedStorage } from './store-guard.ts';

/** Which folder, and what for. */
export interface FolderLogsOptions {
  readonly data: string;
  /** Network whose logs are taken in. */
  readonly network: string;
  /** True to write: a missing store is made, a damaged one refused. */
  readonly writes: boolean;
}

/** How a folder is opened. */
export interface FolderOptions extends FolderLogsOptions {
  /** True for a store that must be there, also to write. */
  readonly isNeeded?: boolean;
  /** What to do about a relay that runs on it. */
  readonly advice: string;
  readonly clock?: Clock;
}

/** A folder that is open. */
export interface OpenFolder {
  readonly storage: GuardedStorage;
  readonly graph: GraphStore;
  readonly writer: Writer;
  readonly logs: RelayLogs;
  readonly slices: Slices;
  close(): Promise<void>;
}

async function openFree(storage: GuardedStorage, data: string, advice: string): Promise<void> {
  try {
    await storage.open();
  } catch (error) {
    if (!(error instanceof GraphError) || error.code !== 'STORAGE_LOCKED') throw error;
    throw new GraphError('STORAGE_LOCKED', `${data}; ${advice}`, { cause: error });
  }
}

function damaged(reason: string, data: string): GraphError {
  return relayError('STORAGE_DAMAGED', `${reason}; run: thicket repair --data ${JSON.stringify(data)}`);
}

/** Whom a folder tells of what is new. */
const NOBODY = {
  relays: [],
  send: () => undefined,
  hasLogs: () => undefined,
  changed: () => undefined,
  drained: () => Promise.resolve(true),
  hold: () => undefined,
};

/**
 * Opens a folder as a relay would that signs nothing.
 *
 * @throws GraphError OPTION_INVALID when there is no store, STORAGE_LOCKED when a relay runs on it, STORAGE_DAMAGED,
 * STORAGE_UNREADABLE
 */
export async function openFolder(wanted: FolderOptions): Promise<OpenFolder> {
  const { data, network, writes, isNeeded = !writes, advice, clock = systemClock } = wanted;
  if (isNeeded) assertStore(new DataFolder(data));
  const level = new LevelStorage({ location: data, durability: 'fsync' });
  const storage = new GuardedStorage({ location: data, durability: 'fsync', storage: level });
  await openFree(storage, data, advice);
  const limits = DEFAULT_LIMITS;
  const slices = new Slices({ schedule: setImmediate });
  const graph = new GraphStore({ storage, limits, slices });
  const options = { ...DEFAULT_OPTIONS, data, network, legacy: 'graph' as const, forks: undefined };
  const logs = new RelayLogs({
    options,
    storage,
    clock,
    slices,
    report: () => undefined,
    hasFolder: true,
    // What comes due while the folder is open.
    leavesMarks: true,
  });
  const common = { storage, graph, limits, clock, slices };
  const writer = new Writer({ ...common, schedule: setImmediate, logs: logs.forWriter });
  const close = async (): Promise<void> => {
    await logs.close();
    await writer.close();
    await storage.close();
  };
  try {
    if (writes && storage.damage !== undefined) throw damaged(storage.damage, data);
    const policy = new AccessPolicy(common);
    await logs.open({ ...NOBODY, writer, graph, allow: policy.allowed.bind(policy) });
    await writer.open();
  } catch (error) {
    await close();
    throw error;
  }
  return { storage, graph, writer, logs, slices, close };
}

/**
 * Opens the logs of a folder as a relay would.
 *
 * @throws GraphError as {@link openFolder} does
 */
export async function openFolderLogs(options: FolderLogsOptions): Promise<LogAccess> {
  const folder = await openFolder({
    ...options,
    advice: 'ask the relay that runs on it by --relay',
  });
  const access = folder.logs.access(folder.graph);
  return {
    heads: (author) => access.heads(author),
    operations: (log) => access.operations(log),
    blame: (soul, key, at) => access.blame(soul, key, at),
    import: (chunks) => access.import(chunks),
    close: () => folder.close(),
  };
}
