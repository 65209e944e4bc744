import type { LogName } from '../log/heights.ts';
import { isBodyPrunable, type HeldWinner, type LogEntry } from '../log/prune.ts';
import { decodeDelta } from './delta-codec.ts';
import { HeldNotes } from './held-notes.ts';
import type { History, HistoryWanted } from './history.ts';
import type { Branch } from './log-keys.ts';
import type { LogStore, StoredOperation } from './log-store.ts';
import { logsOf, operationsIn } from './log-walk.ts';
import type { Change, Storage } from './storage.ts';
import { committed, type PutRequest } from './put-request.ts';
import { appendForgotten } from './written-nodes.ts';

/** Bodies dropped by one commit. */
const STEP_BODIES = 64;
/** Properties whose winners are remembered during a pass. */
const KEPT_WINNERS = 50_000;

/** With whose requests the pruner's take turns. */
const OWNER = 'prune';

/** What a pass did. */
export interface PrunePass {
  /** Bodies that were dropped, and their bytes. */
  readonly bodies: number;
  readonly bytes: number;
}

/** What pruning needs. */
export interface BodyPrunerOptions {
  readonly storage: Storage;
  readonly store: LogStore;
  readonly history: History;
  readonly submit: (request: PutRequest) => void;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Milliseconds that an operation is held, and what supersedes it as well, before its body may go. */
  readonly graceMs: number;
  /**
   * The log of this node's own, which gives up its operations again and again: of it what they say counts as held, however
   * often it was carried over; none when absent.
   */
  readonly own?: (() => LogName | undefined) | undefined;
  /** True for what must stay: moderated topics, and souls whose schema does not take the newer value. */
  readonly isPinned?: (entry: LogEntry) => boolean;
}

/** An operation whose body may be looked at. */
interface Candidate {
  readonly id: string;
  readonly bytes: number;
  readonly entries: readonly LogEntry[];
}

/**
 * Drops the bodies of operations all of whose entries another held operation supersedes (log-mapping section 6), where both
 * are held for the grace time: neither goes because of what came lately, however old its author says it is. Headers stay,
 * so that heights, links and signatures can be checked as before, and the graph is what it was.
 */
export class BodyPruner {
  readonly #options: BodyPrunerOptions;
  readonly #notes: HeldNotes;
  readonly #winners = new Map<string, ReadonlyMap<string, HeldWinner>>();
  #kept = 0;
  #isStopped = false;

  constructor(options: BodyPrunerOptions) {
    this.#options = options;
    this.#notes = new HeldNotes({
      ...options,
      commit: (records) => committed(options.submit, { writes: [], isReplay: true, owner: OWNER, records }),
    });
  }

  /** Ends a pass early; what it dropped stays dropped. */
  stop(): void {
    this.#isStopped = true;
  }

  /**
   * Looks through all logs once.
   *
   * @throws Error with the writer's reason when it refuses
   */
  async run(): Promise<PrunePass> {
    const pass = { bodies: 0, bytes: 0 };
    const now = this.#options.now();
    this.#forgetWinners();
    await this.#notes.look(() => this.#isStopped);
    for await (const log of logsOf(this.#options.store)) {
      const places = await this.#notes.placesOf(log);
      for (const branch of ['canonical', 'side'] satisfies Branch[]) {
        if (places[branch] >= 0) await this.#runBranch(branch, log, places[branch], now, pass);
      }
    }
    this.#forgetWinners();
    return pass;
  }

  async #runBranch(
    branch: Branch,
    { author, log }: LogName,
    until: number,
    now: number,
    pass: { bodies: number; bytes: number },
  ): Promise<void> {
    let some: Candidate[] = [];
    for await (const operation of operationsIn(this.#options.store, branch, { author, log }, { until })) {
      if (this.#isStopped) return;
      const candidate = candidateOf(operation);
      if (candidate === undefined || !(await this.#isPrunable(candidate, now))) continue;
      some.push(candidate);
      if (some.length < STEP_BODIES) continue;
      await this.#drop(some, pass);
      some = [];
    }
    if (some.length > 0) await this.#drop(some, pass);
  }

  async #isPrunable({ id, entries }: Candidate, now: number): Promise<boolean> {
    for (const { soul } of entries) await this.#learn(soul, now);
    return isBodyPrunable(entries, id, {
      now,
      graceMs: 0,
      receivedAt: now,
      isPinned: this.#options.isPinned ?? (() => false),
      winnerOf: (soul, key) => this.#winners.get(soul)?.get(key),
    });
  }

  /** Finds who holds a node; in a pass only more can be superseded, and who wins is never dropped. */
  async #learn(soul: string, now: number): Promise<void> {
    if (this.#winners.has(soul)) return;
    if (this.#kept > KEPT_WINNERS) this.#forgetWinners();
    const winners = new Map<string, HeldWinner>();
    const counts: HistoryWanted['counts'] = (operation) => this.#notes.heldPartOf(operation);
    const held = await this.#options.history.winners(soul, { until: now, counts });
    for (const [key, { state, json, id }] of held) {
      winners.set(key, { state, json, holder: id });
    }
    this.#winners.set(soul, winners);
    this.#kept += winners.size + 1;
  }

  #forgetWinners(): void {
    this.#winners.clear();
    this.#kept = 0;
  }

  async #drop(some: readonly Candidate[], pass: { bodies: number; bytes: number }): Promise<void> {
    const changes: Change[] = [];
    for (const { id, entries } of some) for (const _ of appendForgotten(changes, id, entries));
    const drops = changes.map(([key]) => key);
    const pruned = some.map(({ id }) => id);
    await committed(this.#options.submit, { writes: [], isReplay: true, owner: OWNER, drops, pruned });
    for (const { bytes } of some) {
      pass.bodies += 1;
      pass.bytes += bytes;
    }
  }
}

/** An operation that says something to the graph, or nothing at all; others are left alone. */
function candidateOf({ id, body }: StoredOperation): Candidate | undefined {
  const delta = body === undefined ? undefined : decodeDelta(body);
  if (body === undefined || delta?.ok !== true || delta.value === undefined) return undefined;
  return { id, bytes: body.length, entries: delta.value.writes };
}
