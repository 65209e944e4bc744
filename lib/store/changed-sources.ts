import type { WaitingSteps } from '../base/slices.ts';
import { TwoGenerations } from '../base/two-generations.ts';
import type { CommitGroup } from './commit-group.ts';
import type { LogStore } from './log-store.ts';
import { idOfSource, markOfSource, sourceText } from './node-source.ts';
import type { WitnessMarks } from './witness-marks.ts';

/** Sources that are looked at in one go. */
const STEP_SOURCES = 128;
/** Numbers whose operations are remembered: most nodes change again soon, and many have the same. */
const KNOWN_NUMBERS = 256;

/** A node whose record names its source, until a commit changes it. */
interface Sourced {
  readonly soul: string;
  source: string | undefined;
}

/**
 * Finds what becomes of the sources of nodes that a commit changes: the histories of these nodes note the operations that
 * are held; of marks that wait the operation will be noted once it is made.
 */
export class ChangedSources {
  readonly #store: LogStore;
  readonly #marks: WitnessMarks | undefined;
  /** The first halves of the ids of operations, by their numbers. */
  readonly #shortIds = new TwoGenerations<number, string>(KNOWN_NUMBERS);

  /** @param marks what waits to be witnessed; undefined when nothing does */
  constructor(store: LogStore, marks: WitnessMarks | undefined) {
    this.#store = store;
    this.#marks = marks;
  }

  /**
   * Leaves nodes the sources alone that are to be noted.
   *
   * @param witnessed ids of the operations that witness marks in this very commit
   */
  *settle(graph: CommitGroup, witnessed: ReadonlyMap<number, string>): WaitingSteps<void> {
    const changed = graph.changedSources();
    for (let from = 0; from < changed.length; from += STEP_SOURCES) {
      const some = changed.slice(from, from + STEP_SOURCES);
      for (const node of some) node.source = yield* this.#operationOf(node, witnessed);
      yield* this.#dropDead(
        some.filter(({ source }) => source !== undefined),
        witnessed,
      );
      yield;
    }
  }

  /** The source by its operation; undefined for a mark whose operation is not made yet, or never will be. */
  *#operationOf(
    { soul, source }: Sourced,
    witnessed: ReadonlyMap<number, string>,
  ): WaitingSteps<string | undefined> {
    const mark = source === undefined ? undefined : markOfSource(source);
    if (mark === undefined) return source;
    const id = witnessed.get(mark);
    if (id !== undefined) return id === '' ? undefined : sourceText(id, true);
    if (this.#marks?.waits(mark) === true) {
      this.#marks.displace(mark, soul);
      return undefined;
    }
    const shortId = this.#shortIds.get(mark) ?? (yield* this.#store.witnessSteps(mark));
    if (shortId === undefined) return undefined;
    this.#shortIds.set(mark, shortId);
    return sourceText(shortId, true);
  }

  /** Forgets sources that are held no more. */
  *#dropDead(nodes: readonly Sourced[], witnessed: ReadonlyMap<number, string>): WaitingSteps<void> {
    const made = new Set([...witnessed.values()].map(idOfSource));
    const ids = [...new Set(nodes.map(({ source }) => idOfSource(source!)))].filter((id) => !made.has(id));
    if (ids.length === 0) return;
    const held = yield* this.#store.heldSteps(ids);
    const dead = new Set(ids.filter((_, at) => held[at] === false));
    for (const node of nodes) if (dead.has(idOfSource(node.source!))) node.source = undefined;
  }
}
