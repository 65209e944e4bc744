import { Chore } from './chore.ts';
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
import { committed, type PutRequest } from './put-request.ts';
import { appendForgotten } from './written-nodes.ts';

/** Operations that a prune point removes in its own commit; of more that is left to {@link GivenUp}. */
export const MOST_REMOVED_AT_ONCE = 1024;
/** Operations removed by one commit, and records of them; an operation that wrote to many nodes has more. */
const STEP_OPERATIONS = 128;
const STEP_RECORDS = 5000;
/** With whose requests those of the removal take turns. */
const OWNER = 'given up';

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
  readonly #chore: Chore;

  constructor(options: GivenUpOptions) {
    this.#options = options;
    this.#chore = new Chore({
      work: () => this.#removeAll(),
      startTimer: options.startTimer,
      failed: (reason) => options.report?.({ kind: 'log-removing-failed', reason }),
    });
  }

  /** Removes what there is to remove. */
  wake(): void {
    this.#chore.wake();
  }

  /** Resolves when nothing is left, or it failed and waits. */
  idle(): Promise<void> {
    return this.#chore.idle();
  }

  /** Ends early; the rest is done after the next start. */
  close(): Promise<void> {
    return this.#chore.close();
  }

  async #removeAll(): Promise<void> {
    for (
      let next = await this.#next();
      next !== undefined && !this.#chore.isClosed;
      next = await this.#next()
    )
      await this.#removeSome(next);
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
    await committed(this.#options.submit, {
      writes: [],
      isReplay: true,
      owner: OWNER,
      drops: changes.map(([key]) => key),
      records: [[note, last === undefined ? undefined : String(last + 1)]],
    });
  }

  async #appendRemoval(changes: Change[], at: Omit<OperationPlace, 'id'>, record: string): Promise<void> {
    const { id, body, isApart } = decodeOperation(record);
    const whole = isApart ? await this.#options.storage.getBytes(bodyKey({ ...at, id })) : body;
    for (const _ of appendForgotten(changes, id, writesIn(whole)));
    changes.push([operationKey(id), undefined]);
    if (isApart) changes.push([bodyKey({ ...at, id }), undefined]);
  }
}
