import { Pace } from '../base/pace.ts';
import { TwoGenerations } from '../base/two-generations.ts';
import { runWithPauses, waitFor, type WaitingSteps } from '../base/slices.ts';
import type { LogName } from '../log/heights.ts';
import { isBodyPrunable, type HeldWinner, type LogEntry } from '../log/prune.ts';
import { decodeDeltaInSteps } from './delta-codec.ts';
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
/** The same by what they say, which stands in memory. */
const STEP_ENTRIES = 10_000;
/** Entries that are compared with others in one step. */
const CHECKED_ENTRIES = 512;
/** Properties whose winners are remembered during a pass. */
const KEPT_WINNERS = 50_000;

/** Operations of which it is remembered what still counts. */
const KEPT_NEEDED = 20_000;

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
  /** By operation: where an entry stands that still counted when it was looked at last. */
  readonly #needed = new TwoGenerations<string, number>(KEPT_NEEDED);
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
    let entries = 0;
    for await (const operation of operationsIn(this.#options.store, branch, { author, log }, { until })) {
      if (this.#isStopped) return;
      const candidate = await runWithPauses(candidateOf(operation));
      if (candidate === undefined || !(await runWithPauses(this.#isPrunable(candidate, now)))) continue;
      some.push(candidate);
      entries += candidate.entries.length;
      if (some.length < STEP_BODIES && entries < STEP_ENTRIES) continue;
      await this.#drop(some, pass);
      some = [];
      entries = 0;
    }
    if (some.length > 0) await this.#drop(some, pass);
  }

  *#isPrunable({ id, entries }: Candidate, now: number): WaitingSteps<boolean> {
    const needed = this.#needed.get(id);
    // Most that counted in the pass before still does.
    if (needed !== undefined && !(yield* this.#isOver(id, nodeAt(entries, needed), now))) return false;
    for (let from = 0, to = 0; from < entries.length; from = to) {
      const part = nodeAt(entries, from);
      if (!(yield* this.#isOver(id, part, now))) {
        this.#needed.set(id, from);
        return false;
      }
      to = from + part.length;
    }
    return true;
  }

  /** True when others supersede everything that an operation says of a node, or the part of it that is given. */
  *#isOver(id: string, entries: readonly LogEntry[], now: number): WaitingSteps<boolean> {
    const { soul } = entries[0]!;
    if (!this.#winners.has(soul)) yield* this.#learn(soul, now);
    yield;
    return isBodyPrunable(entries, id, {
      now,
      graceMs: 0,
      receivedAt: now,
      isPinned: this.#options.isPinned ?? (() => false),
      winnerOf: (name, key) => this.#winners.get(name)?.get(key),
    });
  }

  /** Finds who holds a node; in a pass only more can be superseded, and who wins is never dropped. */
  *#learn(soul: string, now: number): WaitingSteps<void> {
    if (this.#kept > KEPT_WINNERS) this.#forgetWinners();
    const winners = new Map<string, HeldWinner>();
    const counts: HistoryWanted['counts'] = (operation) => this.#notes.heldPartOf(operation);
    const held = yield* waitFor(this.#options.history.winners(soul, { until: now, counts }));
    const pace = new Pace();
    for (const [key, { state, json, id }] of held) {
      winners.set(key, { state, json, holder: id });
      if (pace.after(key.length)) yield;
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
    for (const { id, entries } of some) await runWithPauses(appendForgotten(changes, id, entries));
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
function* candidateOf({ id, body }: StoredOperation): Generator<void, Candidate | undefined> {
  const delta = body === undefined ? undefined : yield* decodeDeltaInSteps(body);
  if (body === undefined || delta?.ok !== true || delta.value === undefined) return undefined;
  return { id, bytes: body.length, entries: delta.value.writes };
}

/** The entries of one node that stand at a place, as many as are compared in one step. */
function nodeAt(entries: readonly LogEntry[], from: number): readonly LogEntry[] {
  const most = Math.min(entries.length, from + CHECKED_ENTRIES);
  let to = from;
  while (to < most && entries[to]!.soul === entries[from]!.soul) to += 1;
  return entries.slice(from, to);
}
