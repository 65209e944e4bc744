import { fromBase64Url, toBase64Url } from '../base/byte-texts.ts';
import { decodeHeader } from '../log/codec.ts';
import type { ForkEvidence, ForkPolicy } from '../log/fork.ts';
import type { LogName } from '../log/heights.ts';
import { forkKey, forkRange, hidingKey, hidingRange, parseForkKey, parseHidingKey } from './log-keys.ts';
import type { Change, Storage, TextCursor, TextEntry } from './storage.ts';

/** Records read in one step. */
const STEP_RECORDS = 256;

/** What is remembered of a forked log. */
export interface ForkMark extends LogName {
  /** The place of the fork. */
  readonly sequence: number;
  /** Id of the header in the evidence that is not the canonical one, 32 bytes. */
  readonly side: Uint8Array;
}

/** How far a log is hidden: some of what it says may be out of the graph, or all of it is. */
export type Hiding = 'begun' | 'done';

/**
 * Which logs are forked, by the evidence that is held: one piece for each, the first that came, so that an author who
 * forks often fills nothing. A log stays marked, whatever its author gives up later.
 */
export class ForkMarks {
  #policy: ForkPolicy | undefined;
  readonly #storage: Storage;
  readonly #marks = new Map<string, ForkMark>();
  readonly #hidings = new Map<string, Hiding>();
  readonly #listeners: ((mark: ForkMark) => void)[] = [];

  /** @param policy undefined to go on as an earlier run did, without saying what becomes of logs that fork now */
  constructor(storage: Storage, policy: ForkPolicy | undefined) {
    this.#storage = storage;
    this.#policy = policy;
  }

  /** What becomes of forked logs. */
  get policy(): ForkPolicy {
    return this.#policy ?? (this.#hidings.size > 0 ? 'hide' : 'tolerate');
  }

  /** Forked logs. */
  get size(): number {
    return this.#marks.size;
  }

  /** Reads what an earlier run left. */
  async load(): Promise<void> {
    await this.#each(forkRange(), ([key, record]) => {
      const mark = markOf(parseForkKey(key), record);
      if (mark !== undefined) this.#note(mark);
    });
    await this.#each(hidingRange(), ([key, record]) => {
      const { author, log } = parseHidingKey(key);
      this.#hidings.set(author + log, record === 'done' ? 'done' : 'begun');
    });
  }

  /** What is known of a log's fork, undefined when it is not forked. */
  get({ author, log }: LogName): ForkMark | undefined {
    return this.#marks.get(author + log);
  }

  /** Every forked log. */
  all(): Iterable<ForkMark> {
    return this.#marks.values();
  }

  /** Notes a log whose evidence is durable; one piece of evidence is enough. */
  add(mark: ForkMark): void {
    if (!this.#note(mark)) return;
    for (const listener of this.#listeners) listener(mark);
  }

  /** Calls back when a log turned out to be forked, once that is durable. */
  onMarked(listener: (mark: ForkMark) => void): void {
    this.#listeners.push(listener);
  }

  /** True when forked logs lose against everything, and there are any. */
  get hidesAny(): boolean {
    return this.policy === 'hide' && this.#marks.size > 0;
  }

  /** True for a log that loses against everything. */
  isHidden({ author, log }: LogName): boolean {
    return this.policy === 'hide' && this.#marks.has(author + log);
  }

  /** How far a log is hidden, undefined when nothing of it is. */
  hidingOf({ author, log }: LogName): Hiding | undefined {
    return this.#hidings.get(author + log);
  }

  /** Logs that are hidden, or were when the policy was another one. */
  hidden(): LogName[] {
    return Array.from(this.#hidings.keys(), (name) => ({
      author: name.slice(0, name.length / 2),
      log: name.slice(name.length / 2),
    }));
  }

  /** Notes how far a log is hidden, once that is durable; undefined for no more. */
  setHiding({ author, log }: LogName, hiding: Hiding | undefined): void {
    if (hiding === undefined) this.#hidings.delete(author + log);
    else this.#hidings.set(author + log, hiding);
  }

  #note(mark: ForkMark): boolean {
    const name = mark.author + mark.log;
    if (this.#marks.has(name)) return false;
    this.#marks.set(name, mark);
    return true;
  }

  async #each(
    range: { readonly from: string; readonly to: string },
    take: (entry: TextEntry) => void,
  ): Promise<void> {
    const cursor: TextCursor = this.#storage.range(range);
    try {
      for (;;) {
        const entries = await cursor.next(STEP_RECORDS);
        if (entries.length === 0) return;
        for (const entry of entries) take(entry);
      }
    } finally {
      await cursor.close();
    }
  }
}

/** The change that keeps evidence. */
export function evidenceChange({ author, log }: LogName, { canonical, side }: ForkEvidence): Change {
  const record = `${toBase64Url(canonical.bytes)} ${toBase64Url(side.bytes)}`;
  return [forkKey(author, log, canonical.sequence), record];
}

/** The change that keeps how far a log is hidden; undefined for no more. */
export function hidingChange({ author, log }: LogName, hiding: Hiding | undefined): Change {
  return [hidingKey(author, log), hiding];
}

/** The headers in a record of evidence, undefined when it is none. */
export function headersOf(record: string): readonly [Uint8Array, Uint8Array] | undefined {
  const [first, second] = record.split(' ').map(fromBase64Url);
  return first === undefined || second === undefined ? undefined : [first, second];
}

function markOf(name: LogName, record: string): ForkMark | undefined {
  const headers = headersOf(record);
  const side = headers === undefined ? undefined : decodeHeader(headers[1]);
  return side?.ok === true ? { ...name, sequence: side.value.sequence, side: side.value.id } : undefined;
}
