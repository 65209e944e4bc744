import type { Clock } from '../base/clock.ts';
import type { Limits } from '../base/limits.ts';
import type { Slices } from '../base/slices.ts';
import type { FieldWrite } from '../graph/write.ts';
import type { LogName } from '../log/heights.ts';
import { ApartStorage } from './apart-storage.ts';
import { ChangedSources } from './changed-sources.ts';
import { CommitSize } from './commit-size.ts';
import { CountingEntries } from './counting-entries.ts';
import { ForkMarks } from './fork-marks.ts';
import { GraphStore } from './graph-store.ts';
import { History } from './history.ts';
import { LogGroup } from './log-group.ts';
import { LogStore } from './log-store.ts';
import { logsOf, operationsOf } from './log-walk.ts';
import { LoggedCommits } from './logged-commits.ts';
import { hideAll } from './put-request.ts';
import { replayLogs, saidBy, durable, type ReplayOptions, type ReplayResult } from './replay.ts';
import type { Storage } from './storage.ts';
import { Writer } from './writer.ts';

const OWNER = 'log graph';

/** What a graph out of logs is made from. */
export interface LogGraphOptions {
  /** Where the logs are; it is only read. */
  readonly logs: Storage;
  /** An open, empty storage for the graph. */
  readonly place: Storage;
  readonly limits: Limits;
  readonly clock: Clock;
  readonly slices: Slices;
  /** Runs a task at the end of the turn. */
  readonly schedule: (task: () => void) => void;
}

/** How a graph is made. */
export interface BuildOptions extends Omit<ReplayOptions, 'isMeant'> {
  /** True for what operations say of which the rest of the graph tells what is allowed: they are said after all others. */
  readonly isLater?: ((writes: readonly FieldWrite[]) => boolean) | undefined;
}

/**
 * The graph that logs alone tell, made apart from the one that stands beside them, with the histories of its nodes. What
 * counts for nothing in the store, as hidden logs do, counts for nothing here.
 */
export class LogGraph {
  /** The logs, and the graph out of them. */
  readonly storage: Storage;
  readonly graph: GraphStore;
  /** Who said what is in it. */
  readonly history: History;
  readonly #store: LogStore;
  readonly #forks: ForkMarks;
  readonly #writer: Writer;

  constructor({ logs, place, limits, clock, slices, schedule }: LogGraphOptions) {
    const storage = new ApartStorage(logs, place);
    const [store, forks] = [new LogStore(storage), new ForkMarks(storage, undefined)];
    this.storage = storage;
    this.#store = store;
    this.#forks = forks;
    this.graph = new GraphStore({ storage, limits, slices });
    this.history = new History(storage, store, (name) => forks.isHidden(name));
    this.#writer = new Writer({
      storage,
      graph: this.graph,
      limits,
      clock,
      slices,
      schedule,
      logs: new LoggedCommits({
        // Takes no operation in: those that are held are said again.
        group: () => new LogGroup(store, forks, () => false),
        marks: undefined,
        sources: new ChangedSources(store, undefined),
        forks: { marks: forks, entries: new CountingEntries(storage, store, forks) },
      }),
    });
  }

  /**
   * Makes the graph; once.
   *
   * @throws GraphError STORAGE_FAILED and others of the storages
   */
  async build(options: BuildOptions = {}): Promise<ReplayResult> {
    await this.#writer.open();
    try {
      const result = await this.#say(options);
      for await (const log of logsOf(this.#store)) if (this.#forks.isHidden(log)) await this.#hide(log);
      return result;
    } finally {
      await this.#writer.close();
    }
  }

  async #say({ allow, onProgress, isLater }: BuildOptions): Promise<ReplayResult> {
    const submit = this.#writer.submit.bind(this.#writer);
    if (isLater === undefined) return replayLogs(this.#store, submit, { allow, onProgress });
    let hasLater = false;
    const isMeant = (writes: readonly FieldWrite[]): boolean => {
      const comesLater = isLater(writes);
      hasLater ||= comesLater;
      return !comesLater;
    };
    const { operations, writes, refused } = await replayLogs(this.#store, submit, {
      allow,
      onProgress,
      isMeant,
    });
    if (!hasLater) return { operations, writes, refused };
    const later = await replayLogs(this.#store, submit, { allow, isMeant: isLater });
    return { operations, writes: writes + later.writes, refused: refused + later.refused };
  }

  /** Takes out what a log says that counts for nothing; its histories stay, which tell what others have said. */
  async #hide(log: LogName): Promise<void> {
    let some: FieldWrite[] = [];
    const size = new CommitSize();
    const take = (): Promise<void> => {
      const writes = some;
      some = [];
      size.clear();
      const submit = this.#writer.submit.bind(this.#writer);
      return hideAll((request) => durable(submit, request), writes, OWNER);
    };
    for await (const operation of operationsOf(this.#store, log)) {
      for (const write of saidBy(operation)) {
        some.push(write);
        size.add(write);
        if (size.isFull) await take();
      }
    }
    if (some.length > 0) await take();
  }
}
