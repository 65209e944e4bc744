import { writesIn } from './delta-codec.ts';
import type { StartTimer } from './deferred-writes.ts';
import {
  bodyKey,
  givenUpRange,
  lackKey,
  logInKey,
  operationKey,
  placeKey,
  placeRange,
  sequenceOfPlace,
  type OperationPlace,
} from './log-keys.ts';
import { decodeOperation, hasBody } from './operation-record.ts';
import type { Change, Storage, TextEntry } from './storage.ts';
import type { PutOutcome, PutRequest } from './writer.ts';
import { appendForgotten } from './written-nodes.ts';

/** Operations that a prune point removes in its own commit; of more that is left to {@link GivenUp}. */
export const MOST_REMOVED_AT_ONCE = 1024;
/** Operations removed by one commit, and records of them; an operation that wrote to many nodes has more. */
const STEP_OPERATIONS = 128;
const STEP_RECORDS = 5000;
/** Pause after a failure, in milliseconds. */
const RETRY_MS = 1000;

/** What is told when something cannot be removed; it is tried again. */
export interface GivenUpEvent {
  readonly kind: 'log-removing-failed';
  readonly reason: string;
}

/** What removing needs. */
export interface GivenUpOptions {
  readonly storage: Storage;
  readonly submit: (request: PutRequest) => void;
  readonly startTimer: StartTimer;
  readonly report?: ((event: GivenUpEvent) => void) | undefined;
}

/**
 * Removes what authors gave up, where that is too much for the commit of the prune point: some operations a commit, between
 * those of others. Nobody sees them any more; how far it is stands in the store, so that whatever is killed goes on.
 */
export class GivenUp {
  readonly #options: GivenUpOptions;
  #running: Promise<void> | undefined;
  #isToRunAgain = false;
  #stopTimer: () => void = () => undefined;
  #isClosed = false;

  constructor(options: GivenUpOptions) {
    this.#options = options;
  }

  /** Removes what there is to remove. */
  wake(): void {
    this.#stopTimer();
    this.#isToRunAgain = true;
    if (!this.#isClosed) this.#running ??= this.#run();
  }

  /** Resolves when nothing is left, or it failed and waits. */
  async idle(): Promise<void> {
    await this.#running;
  }

  /** Ends early; the rest is done after the next start. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#stopTimer();
    await this.#running;
  }

  async #run(): Promise<void> {
    try {
      while (this.#isToRunAgain && !this.#isClosed) {
        this.#isToRunAgain = false;
        for (let next = await this.#next(); next !== undefined && !this.#isClosed; next = await this.#next())
          await this.#removeSome(next);
      }
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      this.#options.report?.({ kind: 'log-removing-failed', reason });
      if (!this.#isClosed) this.#stopTimer = this.#options.startTimer(() => this.wake(), RETRY_MS);
    } finally {
      this.#running = undefined;
    }
  }

  /** The note of a prune point that is not done. */
  async #next(): Promise<TextEntry | undefined> {
    const cursor = this.#options.storage.range(givenUpRange());
    try {
      return (await cursor.next(1))[0];
    } finally {
      await cursor.close();
    }
  }

  /** Removes some operations below a prune point, and notes how far that is. */
  async #removeSome([note, from]: TextEntry): Promise<void> {
    const { author, log } = logInKey(note);
    const first = Number(from);
    const after = first === 0 ? undefined : first - 1;
    const cursor = this.#options.storage.range(
      placeRange('canonical', author, log, after, sequenceOfPlace(note) - 1),
    );
    const changes: Change[] = [];
    let last: number | undefined;
    try {
      for (const [key, record] of await cursor.next(STEP_OPERATIONS)) {
        if (changes.length >= STEP_RECORDS) break;
        last = sequenceOfPlace(key);
        await this.#appendRemoval(changes, { author, log, sequence: last }, record);
        if (!hasBody(record)) changes.push([lackKey(author, log, last), undefined]);
        changes.push([placeKey('canonical', author, log, last), undefined]);
      }
    } finally {
      await cursor.close();
    }
    await this.#submit(changes, [note, last === undefined ? undefined : String(last + 1)]);
  }

  async #appendRemoval(changes: Change[], at: Omit<OperationPlace, 'id'>, record: string): Promise<void> {
    const { id, body, isApart } = decodeOperation(record);
    const whole = isApart ? await this.#options.storage.getBytes(bodyKey({ ...at, id })) : body;
    for (const _ of appendForgotten(changes, id, writesIn(whole)));
    changes.push([operationKey(id), undefined]);
    if (isApart) changes.push([bodyKey({ ...at, id }), undefined]);
  }

  async #submit(removed: readonly Change[], note: Change): Promise<void> {
    const drops = removed.map(([key]) => key);
    const outcome = await new Promise<PutOutcome>((settle) => {
      this.#options.submit({
        writes: [],
        isReplay: true,
        owner: 'given up',
        drops,
        records: [note],
        settle,
      });
    });
    if (!outcome.ok) throw new Error(outcome.reason);
  }
}
