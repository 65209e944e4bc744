import type { MaybePromise } from '../base/maybe-promise.ts';
import type { FieldWrite } from '../graph/write.ts';
import type { LogName } from '../log/heights.ts';
import { Chore } from './chore.ts';
import { CommitSize } from './commit-size.ts';
import type { StartTimer } from './deferred-writes.ts';
import { hidingChange, type ForkMarks, type Hiding } from './fork-marks.ts';
import type { LogStore } from './log-store.ts';
import { operationsOf } from './log-walk.ts';
import { committed, hideAll, type PutRequest } from './put-request.ts';
import { saidBy } from './replay.ts';

/** With whose requests those of the hider take turns. */
const OWNER = 'forks';

/** What the hider tells its operator. */
export type ForkHiderEvent =
  | (LogName & { readonly kind: 'log-hidden' | 'log-shown'; readonly operations: number })
  | { readonly kind: 'log-hiding-failed'; readonly reason: string };

/** What the hider needs. */
export interface ForkHiderOptions {
  readonly store: LogStore;
  readonly marks: ForkMarks;
  readonly submit: (request: PutRequest) => void;
  /** Those writes of an operation that the graph may hold. */
  readonly allow: (writes: readonly FieldWrite[], author: string) => MaybePromise<readonly FieldWrite[]>;
  readonly startTimer: StartTimer;
  readonly report?: ((event: ForkHiderEvent) => void) | undefined;
}

/**
 * Takes what forked logs say out of the graph where the policy is to hide them, and puts it back where it is no more
 * (log-mapping section 7). It goes through each of these logs once, some operations a commit; how far it is stands in
 * the store, so that whatever is killed goes on after a restart. Operations that come later say nothing to the graph.
 */
export class ForkHider {
  readonly #options: ForkHiderOptions;
  readonly #chore: Chore;

  constructor(options: ForkHiderOptions) {
    this.#options = options;
    this.#chore = new Chore({
      work: () => this.#goThroughAll(),
      startTimer: options.startTimer,
      failed: (reason) => options.report?.({ kind: 'log-hiding-failed', reason }),
    });
    options.marks.onMarked(() => this.wake());
  }

  /** Does what there is to do, beside what it does already. */
  wake(): void {
    if (this.#next() !== undefined) this.#chore.wake();
  }

  /** Resolves when there is nothing to do, or it failed and waits. */
  idle(): Promise<void> {
    return this.#chore.idle();
  }

  /** Ends early; the rest is done after the next start. */
  close(): Promise<void> {
    return this.#chore.close();
  }

  async #goThroughAll(): Promise<void> {
    for (let log = this.#next(); log !== undefined && !this.#chore.isClosed; log = this.#next())
      await (this.#options.marks.policy === 'hide' ? this.#hide(log) : this.#show(log));
  }

  #next(): LogName | undefined {
    const { marks } = this.#options;
    if (marks.policy !== 'hide') return marks.hidden()[0];
    for (const mark of marks.all()) if (marks.hidingOf(mark) !== 'done') return mark;
    return undefined;
  }

  async #hide(log: LogName): Promise<void> {
    if (this.#options.marks.hidingOf(log) === undefined) await this.#note(log, 'begun');
    const operations = await this.#each(log, (writes) =>
      hideAll((request) => this.#commit(request), writes, OWNER),
    );
    if (this.#chore.isClosed) return;
    await this.#note(log, 'done');
    this.#options.report?.({ kind: 'log-hidden', author: log.author, log: log.log, operations });
  }

  async #show(log: LogName): Promise<void> {
    const operations = await this.#each(log, async (writes) => {
      const allowed = await this.#options.allow(writes, log.author);
      await this.#commit({ writes: allowed, isReplay: true, owner: log.author });
    });
    if (this.#chore.isClosed) return;
    await this.#note(log, undefined);
    this.#options.report?.({ kind: 'log-shown', author: log.author, log: log.log, operations });
  }

  /** Notes how far a log is hidden, durably. */
  async #note({ author, log }: LogName, hiding: Hiding | undefined): Promise<void> {
    await this.#commit({ writes: [], isReplay: true, records: [hidingChange({ author, log }, hiding)] });
    this.#options.marks.setHiding({ author, log }, hiding);
  }

  /** Goes through what a log says, some operations a commit; gives how many there were. */
  async #each(log: LogName, take: (writes: readonly FieldWrite[]) => Promise<void>): Promise<number> {
    let operations = 0;
    let some: FieldWrite[] = [];
    const size = new CommitSize();
    for await (const operation of operationsOf(this.#options.store, log)) {
      if (this.#chore.isClosed) return operations;
      operations += 1;
      for (const write of saidBy(operation)) {
        some.push(write);
        size.add(write);
        if (!size.isFull) continue;
        await take(some);
        some = [];
        size.clear();
      }
    }
    if (some.length > 0) await take(some);
    return operations;
  }

  #commit(
    request: Omit<PutRequest, 'owner' | 'settle'> & { readonly owner?: string | undefined },
  ): Promise<void> {
    return committed(this.#options.submit, { owner: OWNER, ...request });
  }
}
