import type { FieldWrite } from '../graph/write.ts';
import type { SaysTheSame } from '../ham/merge.ts';
import { CommitSize } from './commit-size.ts';
import {
  differingProperties,
  missingNotes,
  missingWaiting,
  wholeWrite,
  type PropertyDifference,
} from './graph-differences.ts';
import { nodeKey } from './keys.ts';
import { historyOf } from './history-record.ts';
import { REBUILD_KEY } from './log-keys.ts';
import { sourceIn } from './node-record.ts';
import { idOfSource } from './node-source.ts';
import { durable } from './replay.ts';
import type { Change, Storage } from './storage.ts';
import type { PutRequest } from './put-request.ts';

/** With whose requests those of a rebuild take turns. */
const OWNER = 'rebuild';

/** What a rebuild needs. */
export interface RebuildOptions {
  readonly store: Storage;
  /** The graph that the logs tell, see `log-graph.ts`. */
  readonly logs: Storage;
  readonly submit: (request: PutRequest) => void;
  /** True to take out what no log says. */
  readonly dropsUnsigned: boolean;
  /** Asked about other texts at equal states, likewise as {@link differingProperties} does. */
  readonly saysTheSame?: SaysTheSame | undefined;
}

/** What a rebuild found: it has put all of it right, save what is unsigned unless that was to be dropped. */
export interface RebuildReport {
  /** Properties that the graph had not. */
  readonly lost: number;
  /** Properties of which logs say something that wins. */
  readonly older: number;
  /** Properties of which no log says what the graph had. */
  readonly unsigned: number;
  /** Operations that the histories of nodes did not tell of, each counted for each node. */
  readonly histories: number;
  /** Writes of the future that did not wait for their time. */
  readonly waiting: number;
}

/**
 * Makes the graph of a store what its logs tell, in portions of one commit each. Every commit makes some properties what
 * they are to be and leaves the others as they were, so that whatever is killed leaves a graph that can be served, and the
 * next run does the rest; until then the store has a note that it is not done.
 *
 * @throws GraphError STORAGE_FAILED with the writer's reason when it refuses
 */
export async function rebuildGraph(options: RebuildOptions): Promise<RebuildReport> {
  const { store, logs, dropsUnsigned, saysTheSame } = options;
  const report = { lost: 0, older: 0, unsigned: 0, histories: 0, waiting: 0 };
  const work = new Work(options);
  for await (const difference of differingProperties(store, logs, saysTheSame)) {
    report[difference.kind] += 1;
    if (difference.kind !== 'unsigned' || dropsUnsigned) await work.put(difference);
  }
  await work.flush();
  for await (const { soul, note } of missingNotes(store, logs)) {
    report.histories += 1;
    await work.note(historyOf(soul, note));
  }
  for await (const { write, owner } of missingWaiting(store, logs)) {
    report.waiting += 1;
    await work.wait(write, owner);
  }
  await work.end();
  return report;
}

/** What is to be done, gathered into commits. */
class Work {
  readonly #options: RebuildOptions;
  #requests: Omit<PutRequest, 'settle'>[] = [];
  readonly #size = new CommitSize();
  /** What is put back of one node. */
  #node: { readonly soul: string; readonly writes: FieldWrite[] } | undefined;
  /** The last node that was put back in parts. */
  #divided: string | undefined;
  #isNoted = false;

  constructor(options: RebuildOptions) {
    this.#options = options;
  }

  /** Makes a property what logs say; those of one node come one after the other. */
  async put({ soul, key, kind, has, told }: PropertyDifference): Promise<void> {
    const { store, logs } = this.#options;
    const next = told === undefined ? undefined : await wholeWrite(logs, { soul, key }, told);
    if (kind === 'unsigned') {
      const write = await wholeWrite(store, { soul, key }, has!);
      this.#add({ writes: [write], instead: new Map([[write, next]]), owner: OWNER }, [write, next]);
      return this.#flushFull();
    }
    if (this.#node?.soul !== soul) await this.#endNode();
    this.#node ??= { soul, writes: [] };
    this.#node.writes.push(next!);
    this.#size.add(next);
    await this.#flushFull();
  }

  /** Puts a record into the history of a node. */
  async note(record: Change): Promise<void> {
    this.#add({ writes: [], isReplay: true, records: [record], owner: OWNER });
    await this.#flushFull();
  }

  /** Lets a write wait for its time. */
  async wait(write: FieldWrite, owner = OWNER): Promise<void> {
    this.#add({ writes: [write], isReplay: true, owner }, [write]);
    await this.#flushFull();
  }

  /** Makes what was gathered durable. */
  async flush(): Promise<void> {
    await this.#endNode();
    const requests = this.#requests;
    this.#requests = [];
    this.#size.clear();
    if (requests.length === 0) return;
    if (!this.#isNoted) await this.#setNote('begun');
    this.#isNoted = true;
    await Promise.all(requests.map((request) => durable(this.#options.submit, request)));
  }

  /** Does the rest, and forgets that it was begun, by this run or an earlier one. */
  async end(): Promise<void> {
    await this.flush();
    if (this.#isNoted || (await this.#options.store.getText(REBUILD_KEY)) !== undefined)
      await this.#setNote(undefined);
  }

  async #setNote(note: string | undefined): Promise<void> {
    const records: Change[] = [[REBUILD_KEY, note]];
    await durable(this.#options.submit, { writes: [], isReplay: true, records, owner: OWNER });
  }

  async #flushFull(): Promise<void> {
    if (!this.#size.isFull) return;
    this.#divided = this.#node?.soul;
    await this.flush();
  }

  #add(request: Omit<PutRequest, 'settle'>, writes: readonly (FieldWrite | undefined)[] = []): void {
    this.#requests.push(request);
    this.#size.add(...writes);
  }

  /** Hands over what is put back of a node; where one operation said all of it the node's record notes that again. */
  async #endNode(): Promise<void> {
    const node = this.#node;
    this.#node = undefined;
    if (node === undefined) return;
    const { soul, writes } = node;
    const replays = this.#divided === soul ? undefined : await this.#sourceOf(soul);
    this.#requests.push({ writes, isReplay: true, replays, owner: OWNER });
  }

  /** What the id of that operation begins with; undefined for a node of which something is left. */
  async #sourceOf(soul: string): Promise<string | undefined> {
    const { store, logs } = this.#options;
    const source = sourceIn(await logs.getText(nodeKey(soul)));
    if (source === undefined || (await store.getText(nodeKey(soul))) !== undefined) return undefined;
    return idOfSource(source);
  }
}
