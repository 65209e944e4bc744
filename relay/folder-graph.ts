/** The graph of a data folder that no relay runs on, beside the one that its logs tell. */
import { LevelStorage } from '../adapters/level.ts';
import { GraphError } from '../lib/base/errors.ts';
import { DEFAULT_LIMITS } from '../lib/base/limits.ts';
import { mayBeBlocked } from '../lib/sea/demand.ts';
import type { Entry, FieldWrite } from '../lib/graph/write.ts';
import type { SaysTheSame } from '../lib/ham/merge.ts';
import { saysTheSame } from '../lib/sea/signed-value.ts';
import {
  differingProperties,
  missingNotes,
  missingWaiting,
  wholeWrite,
  type PropertyDifference,
} from '../lib/store/graph-differences.ts';
import { LogGraph } from '../lib/store/log-graph.ts';
import { markRange } from '../lib/store/log-keys.ts';
import { rebuildGraph } from '../lib/store/rebuild.ts';
import type { ReplayOptions, ReplayResult } from '../lib/store/replay.ts';
import { AccessPolicy } from './access-policy.ts';
import { DataFolder } from './data-folder.ts';
import { openFolder, type OpenFolder } from './folder-logs.ts';
import { DEFAULT_OPTIONS, type RelayOptions } from './option-table.ts';
import { Progress, type Terminal } from './progress.ts';
import type { DifferenceReport, EntryReport, GraphReport } from './rebuild-lines.ts';
import { fittingNames } from './relay-logs.ts';

/** Operations that are looked at to tell which one says something of a node, and bytes of them. */
const MOST_TOLD = 1024;
const MOST_TOLD_BYTES = 4 * 1024 * 1024;

/** Which folder, and what may be in its graph. */
export interface FolderGraphOptions {
  readonly data: string;
  readonly sea: RelayOptions['sea'];
  readonly nameLength: number;
  /** True to take out what is in no log. */
  readonly purges: boolean;
  /** False for one that is only looked at. */
  readonly writes: boolean;
  /** Where it is shown how far the reading of logs has come. */
  readonly terminal: Terminal;
}

/**
 * Opens the graph of a folder, and makes the one that its logs tell beside it.
 *
 * @throws GraphError OPTION_INVALID when there is no store, or writes that were not signed yet would be taken out;
 * STORAGE_LOCKED when a relay runs on it, STORAGE_DAMAGED, STORAGE_UNREADABLE, STORAGE_FAILED
 */
export async function openFolderGraph(options: FolderGraphOptions): Promise<FolderGraph> {
  const { data, writes, purges } = options;
  // What comes due meanwhile must not be here in one graph and of the future in the other.
  const now = Date.now();
  const folder = await openFolder({
    data,
    writes,
    isNeeded: true,
    network: DEFAULT_OPTIONS.network,
    advice: 'stop the relay that runs on it',
    clock: () => now,
  });
  // Below the data folder, where there is room for what is large.
  const files = new DataFolder(data);
  const location = files.rebuildFolder;
  const place = new LevelStorage({ location, durability: 'os' });
  const close = async (): Promise<void> => {
    await place.close();
    await files.removeRebuild();
    await folder.close();
  };
  try {
    await folder.writer.idle();
    if (purges) await assertSigned(folder, data);
    // Of a run that was killed.
    await files.removeRebuild();
    await place.open();
    const { storage, slices } = folder;
    const limits = DEFAULT_LIMITS;
    const told = new LogGraph({
      logs: storage,
      place,
      limits,
      clock: () => now,
      slices,
      schedule: setImmediate,
    });
    const read = await build(folder, told, options, () => now);
    const isSame = options.sea === 'off' ? undefined : saysTheSame;
    return new FolderGraph({ folder, told, read, purges, saysTheSame: isSame, close });
  } catch (error) {
    await close();
    throw error;
  }
}

/** What a relay has yet to sign is in no log. */
async function assertSigned({ storage }: OpenFolder, data: string): Promise<void> {
  const cursor = storage.range(markRange());
  const [mark] = await cursor.next(1);
  await cursor.close();
  if (mark === undefined) return;
  const detail = `--purge: ${JSON.stringify(data)} has writes to be signed; let a relay run on it with --legacy witness before`;
  throw new GraphError('OPTION_INVALID', detail);
}

/** Who is blocked must be so before what he has written comes. */
function isLater(writes: readonly FieldWrite[]): boolean {
  return writes.some(mayBeBlocked);
}

async function build(
  folder: OpenFolder,
  told: LogGraph,
  { sea, nameLength, terminal }: FolderGraphOptions,
  clock: () => number,
): Promise<ReplayResult> {
  let total = 0;
  for await (const { operations } of folder.logs.access(folder.graph).heads(undefined)) total += operations;
  const progress = new Progress(terminal, total, 'operations');
  let shown = 0;
  const onProgress = (operations: number): void => {
    progress.add(operations - shown);
    shown = operations;
  };
  // What the graph has was checked when it came, and stays what it is, as for a relay to whom it is said again.
  const readField = async (soul: string, key: string): Promise<Entry | undefined> =>
    (await folder.graph.readField(soul, key)) ?? told.graph.readField(soul, key);
  const policy = new AccessPolicy({
    graph: { readField },
    limits: DEFAULT_LIMITS,
    clock,
    slices: folder.slices,
  });
  const allow: ReplayOptions['allow'] = (writes, author) => {
    const fitting = fittingNames(writes, nameLength);
    return sea === 'off' ? fitting : policy.allowed(fitting, author);
  };
  try {
    return await told.build({ onProgress, allow, isLater });
  } finally {
    progress.stop();
  }
}

/** What a {@link FolderGraph} has. */
interface FolderGraphParts {
  readonly folder: OpenFolder;
  readonly told: LogGraph;
  readonly read: ReplayResult;
  readonly purges: boolean;
  readonly saysTheSame: SaysTheSame | undefined;
  readonly close: () => Promise<void>;
}

/** Two graphs that should be one; close it with {@link FolderGraph.close}. */
export class FolderGraph {
  readonly #parts: FolderGraphParts;
  #found: Omit<GraphReport, 'operations' | 'refused'> = {
    lost: 0,
    older: 0,
    unsigned: 0,
    histories: 0,
    waiting: 0,
  };

  /** Use {@link openFolderGraph}. */
  constructor(parts: FolderGraphParts) {
    this.#parts = parts;
  }

  /** What was found so far. */
  get found(): GraphReport {
    const { operations, refused } = this.#parts.read;
    return { operations, refused, ...this.#found };
  }

  /** Makes the graph of the folder what its logs tell. */
  async rebuild(): Promise<GraphReport> {
    const { folder, told, purges, saysTheSame: isSame } = this.#parts;
    this.#found = await rebuildGraph({
      store: folder.storage,
      logs: told.storage,
      submit: (request) => folder.writer.submit(request),
      dropsUnsigned: purges,
      saysTheSame: isSame,
    });
    return this.found;
  }

  /** What a rebuild would change; all of it is counted, also what it would leave alone. */
  async *differences(): AsyncGenerator<DifferenceReport> {
    const { folder, told, purges, saysTheSame: isSame } = this.#parts;
    const [store, logs] = [folder.storage, told.storage];
    const counts = { lost: 0, older: 0, unsigned: 0, histories: 0, waiting: 0 };
    this.#found = counts;
    const ids = new NodeIds(told);
    for await (const difference of differingProperties(store, logs, isSame)) {
      counts[difference.kind] += 1;
      if (purges || difference.kind !== 'unsigned') yield this.#reportOf(difference, ids);
    }
    for await (const { soul, note } of missingNotes(store, logs)) {
      counts.histories += 1;
      yield { kind: 'history', soul, operation: note.shortId };
    }
    for await (const { write } of missingWaiting(store, logs)) {
      counts.waiting += 1;
      const { soul, key } = write;
      yield { kind: 'waiting', soul, key, logs: entryReport(write) };
    }
  }

  async #reportOf(
    { soul, key, kind, has, told }: PropertyDifference,
    ids: NodeIds,
  ): Promise<DifferenceReport> {
    const { folder, told: graph } = this.#parts;
    const here = has && entryReport(await wholeWrite(folder.storage, { soul, key }, has));
    const said = told && (await wholeWrite(graph.storage, { soul, key }, told));
    return {
      kind,
      soul,
      key,
      ...(here === undefined ? {} : { graph: here }),
      ...(said === undefined ? {} : { logs: { ...entryReport(said), id: await ids.of(said) } }),
    };
  }

  /** Closes the folder, and removes what was made beside its graph. */
  close(): Promise<void> {
    return this.#parts.close();
  }
}

/** Tells which operations say what nodes have, of one node after the other. */
class NodeIds {
  readonly #graph: LogGraph;
  #soul: string | undefined;
  #ids: ReadonlyMap<string, string> = new Map();

  constructor(graph: LogGraph) {
    this.#graph = graph;
  }

  /** Undefined when very many operations wrote to the node, and that one is not among the latest. */
  async of({ soul, key, state }: FieldWrite): Promise<string | undefined> {
    if (this.#soul !== soul) {
      const wanted = { until: Infinity, most: MOST_TOLD, mostBytes: MOST_TOLD_BYTES };
      const winners = await this.#graph.history.winners(soul, wanted);
      this.#ids = new Map(Array.from(winners, ([name, entry]) => [`${entry.state} ${name}`, entry.id]));
      this.#soul = soul;
    }
    return this.#ids.get(`${state} ${key}`);
  }
}

function entryReport({ state, json }: FieldWrite): EntryReport {
  return { value: JSON.parse(json) as unknown, state };
}
