/** A small store with logs under its graph, a log of its own, and a witness. */
import type { MemoryStorage } from '../../adapters/memory.ts';
import { toHex } from '../../lib/base/byte-texts.ts';
import { limitsWith, type Limits } from '../../lib/base/limits.ts';
import type { ForkPolicy } from '../../lib/log/fork.ts';
import type { Signer } from '../../lib/log/key-pair.ts';
import type { VerifyLater } from '../../lib/log/strict-ed25519.ts';
import { namesOf, type Operation } from '../../lib/log/operation.ts';
import { ChangedSources } from '../../lib/store/changed-sources.ts';
import { CountingEntries } from '../../lib/store/counting-entries.ts';
import { ForkHider, type ForkHiderEvent } from '../../lib/store/fork-hider.ts';
import { ForkMarks } from '../../lib/store/fork-marks.ts';
import { LogGroup } from '../../lib/store/log-group.ts';
import { LoggedCommits } from '../../lib/store/logged-commits.ts';
import { History } from '../../lib/store/history.ts';
import { Past } from '../../lib/store/past.ts';
import { LogRefusals } from '../../lib/store/log-refusals.ts';
import { LogRoom } from '../../lib/store/log-room.ts';
import { LogStore } from '../../lib/store/log-store.ts';
import { OwnLog } from '../../lib/store/own-log.ts';
import { pagesOf } from '../../lib/store/replay.ts';
import { WitnessMarks } from '../../lib/store/witness-marks.ts';
import { Witness, type WitnessEvent } from '../../lib/store/witness.ts';
import type { PutOutcome } from '../../lib/store/put-request.ts';
import { writesOf } from '../../lib/sync/said-writes.ts';
import { StoredLogs } from '../../lib/sync/stored-logs.ts';
import { FakeClock } from './fake-clock.ts';
import { authorOf, LOG_ID, TOPIC, verifyFast } from './log-maker.ts';
import { SmallStore } from './small-store.ts';

/** Characters of writes that wait for a witness in memory. */
const MARKED_LENGTH = 1024 * 1024;

/** How a store with logs is made. */
export interface LoggedStoreOptions {
  readonly memory?: MemoryStorage;
  readonly clock?: FakeClock;
  readonly policy?: ForkPolicy;
  /** Whether unsigned writes are witnessed; they are when absent. */
  readonly witnesses?: boolean;
  readonly signer?: Signer;
  /** Checks the signatures of what others bring in place of `verifyFast`. */
  readonly verifyLater?: VerifyLater;
  readonly limits?: Partial<Limits>;
  readonly snapshotAfter?: number;
}

/** Everything a spec of stored logs needs. */
export class LoggedStore {
  readonly small: SmallStore;
  readonly logs: LogStore;
  readonly history: History;
  readonly past: Past;
  readonly marks: WitnessMarks;
  readonly forks: ForkMarks;
  readonly hider: ForkHider;
  readonly own: OwnLog;
  readonly witness: Witness;
  readonly sync: StoredLogs;
  readonly told: WitnessEvent[] = [];
  readonly hidings: ForkHiderEvent[] = [];
  readonly refusals: LogRefusals = new LogRefusals();

  constructor(options: LoggedStoreOptions = {}) {
    const {
      memory,
      clock = new FakeClock(),
      policy = 'tolerate',
      witnesses = true,
      signer = authorOf(200),
    } = options;
    let made:
      { readonly store: LogStore; readonly marks: WitnessMarks; readonly forks: ForkMarks } | undefined;
    const log = toHex(LOG_ID);
    this.small = new SmallStore({
      ...(memory === undefined ? {} : { memory }),
      clock,
      ...(options.limits === undefined ? {} : { limits: options.limits }),
      logs: (storage) => {
        made = {
          store: new LogStore(storage),
          marks: new WitnessMarks(storage, MARKED_LENGTH),
          forks: new ForkMarks(storage, policy),
        };
        const { store, marks, forks } = made;
        const entries = new CountingEntries(storage, store, forks);
        const room = new LogRoom(storage, limitsWith(options.limits).logAuthors);
        const group = (): LogGroup => new LogGroup(store, forks, (id) => id === log, room);
        return new LoggedCommits({
          group,
          marks: witnesses ? marks : undefined,
          signer: () => this.witness,
          forks: { marks: forks, entries },
          room,
          refusals: this.refusals,
          sources: new ChangedSources(store, witnesses ? marks : undefined),
        });
      },
    });
    this.logs = made!.store;
    this.marks = made!.marks;
    this.forks = made!.forks;
    const { writer, graph } = this.small;
    this.history = new History(this.small.storage, this.logs, (name) => this.forks.isHidden(name));
    this.past = new Past({
      history: this.history,
      store: this.logs,
      readNode: async (soul) => (await graph.readNode(soul))?.fields ?? [],
      now: clock.clock,
    });
    this.hider = new ForkHider({
      store: this.logs,
      marks: this.forks,
      submit: writer.submit.bind(writer),
      allow: (writes) => writes,
      startTimer: clock.startTimer,
      report: (event) => this.hidings.push(event),
    });
    this.own = new OwnLog({
      signer,
      topic: TOPIC,
      submit: writer.submit.bind(writer),
      clock: clock.clock,
    });
    this.witness = new Witness({
      marks: this.marks,
      log: this.own,
      store: this.logs,
      submit: writer.submit.bind(writer),
      history: this.history,
      readField: (soul, key) => graph.readField(soul, key),
      readNode: async (soul) => (await graph.readNode(soul))?.fields ?? [],
      now: clock.clock,
      startTimer: clock.startTimer,
      report: (event) => this.told.push(event),
      snapshotAfter: options.snapshotAfter,
      restores: policy === 'hide',
    });
    this.sync = new StoredLogs({
      marks: this.forks,
      store: this.logs,
      submit: writer.submit.bind(writer),
      verify: verifyFast,
      verifyLater: options.verifyLater,
      refusals: this.refusals,
    });
  }

  /** Submits an operation with what it says. */
  take(operation: Operation): Promise<PutOutcome> {
    const writes = writesOf(operation);
    if (!writes.ok) throw new Error(writes.reason);
    const owner = namesOf(operation).author;
    return new Promise((settle) =>
      this.small.writer.submit({ writes: writes.value, operation, owner, settle }),
    );
  }

  /** What is held of logs, as `LogReplica` writes it. */
  async lines(): Promise<string[]> {
    const lines: string[] = [];
    for (const { author, log } of await this.logs.heads()) {
      for await (const page of pagesOf(this.logs, 'canonical', { author, log })) {
        for (const { sequence, id, body } of page)
          lines.push(`${author} ${log} ${sequence} ${id} ${body?.join()}`);
      }
      for await (const page of pagesOf(this.logs, 'side', { author, log })) {
        for (const { sequence, id } of page) lines.push(`${author} ${log} ${sequence} side ${id}`);
      }
    }
    return lines.toSorted();
  }

  /** Closes witness, writer and storage. */
  async close(): Promise<void> {
    await this.witness.close();
    await this.hider.close();
    await this.small.close();
  }
}

/** Opens a store with logs; close it with {@link LoggedStore.close}. */
export async function openLogged(options: LoggedStoreOptions = {}): Promise<LoggedStore> {
  const store = new LoggedStore(options);
  await store.small.open();
  store.hider.wake();
  return store;
}
