/** The logs of an open store, for operators. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { LogName } from '../lib/log/heights.ts';
import { namesOf } from '../lib/log/operation.ts';
import { SequenceReader, type OperationBytes } from '../lib/log/sequence.ts';
import type { LogHead } from '../lib/store/log-head.ts';
import type { LogStore } from '../lib/store/log-store.ts';
import { operationsOf } from '../lib/store/log-walk.ts';
import type { Blame, Moment, Past } from '../lib/store/past.ts';
import { takeOne } from '../lib/sync/intake.ts';
import { faultOf } from '../lib/sync/session-faults.ts';
import type { SyncStore, TakeResult } from '../lib/sync/sync-store.ts';
import type { BlameReport, HeadReport, ImportReport, LogAccess } from './log-access.ts';
import { timeText } from './log-lines.ts';

/** Operations on their way into the store at once. */
const IN_FLIGHT = 128;
/** Operations that are checked in one turn: a signature takes a tenth of a millisecond. */
const CHECKED_IN_A_TURN = 16;
/** Heads read in one step. */
const STEP_HEADS = 256;

/** What the access is to. */
export interface StoredLogAccessParts {
  readonly store: LogStore;
  /** Where operations are taken in. */
  readonly intake: Pick<SyncStore, 'take'>;
  readonly topic: Uint8Array;
  readonly past: Past;
}

/** Logs of a store that somebody else opens and closes. */
export class StoredLogAccess implements LogAccess {
  readonly #parts: StoredLogAccessParts;

  constructor(parts: StoredLogAccessParts) {
    this.#parts = parts;
  }

  async *heads(author: string | undefined): AsyncGenerator<HeadReport> {
    let after: LogName | undefined;
    for (;;) {
      const page = await this.#parts.store.headPage(author, after, STEP_HEADS);
      if (page.length === 0) return;
      for (const { head, ...name } of page) yield reportHead(name, head);
      after = page.at(-1)!;
    }
  }

  operations(log: LogName): AsyncIterable<OperationBytes> {
    return operationsOf(this.#parts.store, log);
  }

  async *blame(soul: string, key: string | undefined, at: Moment | undefined): AsyncGenerator<BlameReport> {
    for (const blame of await this.#parts.past.blame(soul, key, at)) yield reportBlame(soul, blame);
  }

  async import(chunks: AsyncIterable<Uint8Array>): Promise<ImportReport> {
    const tally = new Tally();
    const reader = new SequenceReader();
    let waiting: Promise<void>[] = [];
    let checked = 0;
    for await (const chunk of chunks) {
      for (const { header, body } of reader.take(chunk)) {
        waiting.push(this.#takeOne(header, body, tally));
        checked += 1;
        if (checked % CHECKED_IN_A_TURN === 0) await nextTurn();
        if (waiting.length < IN_FLIGHT) continue;
        await Promise.all(waiting);
        waiting = [];
      }
      tally.assertDecided();
      if (reader.fault !== undefined) break;
    }
    reader.end();
    await Promise.all(waiting);
    tally.assertDecided();
    return tally.report(reader.fault);
  }

  /** Never rejects: nobody may wait for it before the next chunk comes. */
  async #takeOne(header: Uint8Array, body: Uint8Array | undefined, tally: Tally): Promise<void> {
    try {
      tally.add(await takeOne(this.#parts.intake, this.#parts.topic, header, body));
    } catch (error) {
      tally.fail(error);
    }
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

function reportHead({ author, log }: LogName, { first, height, tip, side }: LogHead): HeadReport {
  const onSide = side === undefined ? 0 : side.height - side.from + 1;
  const branch = side && { from: side.from, tip: side.tip };
  return { author, log, first, height, tip, side: branch, operations: height - first + 1 + onSide };
}

function reportBlame(soul: string, { key, value, state, said }: Blame): BlameReport {
  if (said === undefined) return { soul, key, value, state };
  const { operation, kind } = said;
  const { author, log, id } = namesOf(operation);
  const { header, extensions } = operation;
  const time = timeText(extensions.timestamp);
  return { soul, key, value, state, said: { author, log, sequence: header.sequence, id, time, kind } };
}

/** Counts verdicts. */
class Tally {
  #taken = 0;
  #known = 0;
  readonly #refused = new Map<string, number>();
  #failure: { readonly error: unknown } | undefined;

  /** Notes that nobody knows what became of one. */
  fail(error: unknown): void {
    this.#failure ??= { error };
  }

  /** @throws the first error of {@link fail} */
  assertDecided(): void {
    if (this.#failure !== undefined) throw this.#failure.error;
  }

  add(taken: TakeResult): void {
    if (taken.ok) {
      if (taken.value.known) this.#known += 1;
      else this.#taken += 1;
      return;
    }
    const { text } = faultOf(taken.reason);
    this.#refused.set(text, (this.#refused.get(text) ?? 0) + 1);
  }

  report(fault: string | undefined): ImportReport {
    const counts = { taken: this.#taken, known: this.#known, refused: Object.fromEntries(this.#refused) };
    return fault === undefined ? counts : { ...counts, fault };
  }
}
