import { equalBytes, fromHex, toHex } from '../base/bytes.ts';
import { failure, success, type Result } from '../base/result.ts';
import { checkEvidence, MOST_SIDE_OPERATIONS } from '../log/fork.ts';
import { logIdOf } from '../log/hash.ts';
import { compareTips, type LogName, type Tips } from '../log/heights.ts';
import { readOperation } from '../log/integrity.ts';
import { namesOf, type Operation } from '../log/operation.ts';
import type { LogReason } from '../log/reasons.ts';
import type { VerifySignature } from '../log/strict-ed25519.ts';
import { decodeDelta } from '../store/delta-codec.ts';
import { mayWrite } from '../store/key-soul.ts';
import type { LogStore } from '../store/log-store.ts';
import type { PutOutcome, PutRequest } from '../store/writer.ts';
import type { OutgoingOperation, SessionFault } from './log-sync.ts';
import { planParts } from './plan.ts';
import type { PlanPart, SyncPlan, SyncStore, TakenOperation } from './sync-store.ts';

/** Places that are looked at in one step of a plan. */
const PLAN_STEP = 4096;
/** Sequence number that no operation has. */
const BEYOND = 2 ** 32 - 1;

/** What synchronisation over a store needs. */
export interface StoredLogsOptions {
  readonly store: LogStore;
  readonly submit: (request: PutRequest) => void;
  readonly verify?: VerifySignature | undefined;
}

/** Stored logs as sessions see them: read from the store, taken in through the one writer. */
export class StoredLogs implements SyncStore {
  readonly #options: StoredLogsOptions;

  constructor(options: StoredLogsOptions) {
    this.#options = options;
  }

  tips(topic: Uint8Array): Promise<Tips> {
    return this.#options.store.tips(toHex(topic));
  }

  async plan(topic: Uint8Array, remote: Tips): Promise<SyncPlan> {
    const local = await this.tips(topic);
    const ids = await this.#idsAtHeights(local, remote);
    const comparison = compareTips(local, remote, MOST_SIDE_OPERATIONS, (author, log) =>
      ids.get(author + log),
    );
    const froms = new Map<string, number>();
    for (const { author, log } of comparison.sides) {
      froms.set(author + log, (await this.#options.store.head({ author, log }))?.side?.from ?? 0);
    }
    const parts = planParts(
      comparison,
      ({ author, log }) => froms.get(author + log)!,
      ({ author, log }) => local.get(author)!.get(log)!.height,
    );
    return { ...(await this.#sizeOf(parts)), parts };
  }

  async read(part: PlanPart, most: number): Promise<readonly OutgoingOperation[]> {
    const { side, after } = part;
    return this.#options.store.read(
      side ? 'side' : 'canonical',
      part,
      after,
      Math.min(part.until, BEYOND),
      most,
    );
  }

  async evidence(author: string, log: string): Promise<readonly [Uint8Array, Uint8Array] | undefined> {
    const head = await this.#options.store.head({ author, log });
    if (head?.side === undefined) return undefined;
    return this.#options.store.evidence({ author, log }, head.side.from);
  }

  async take(
    topic: Uint8Array,
    headerBytes: Uint8Array,
    body: Uint8Array | undefined,
  ): Promise<Result<TakenOperation, LogReason | SessionFault>> {
    const read = readOperation(headerBytes, body, this.#options.verify);
    if (!read.ok) return read;
    if (!equalBytes(read.value.extensions.logId, logIdOf(topic))) return failure('log');
    const writes = writesOf(read.value);
    if (!writes.ok) return writes;
    const operation = read.value;
    const outcome = await new Promise<PutOutcome>((settle) => {
      this.#options.submit({
        writes: writes.value,
        operation,
        owner: toHex(operation.header.author),
        settle,
      });
    });
    if (outcome.ok) return success(takenOperation(operation, outcome));
    return failure(outcome.logReason ?? 'storage');
  }

  takeEvidence(first: Uint8Array, second: Uint8Array): LogReason | undefined {
    const evidence = checkEvidence(first, second, this.#options.verify);
    return evidence.ok ? undefined : evidence.reason;
  }

  /** Ids of this side at the heights of the other, where it is ahead. */
  async #idsAtHeights(local: Tips, remote: Tips): Promise<Map<string, Uint8Array>> {
    const ids = new Map<string, Uint8Array>();
    for (const [author, logs] of remote) {
      for (const [log, { height }] of logs) {
        const own = local.get(author)?.get(log);
        if (own === undefined || height >= own.height) continue;
        const id = await this.#options.store.idAt({ author, log }, height);
        if (id !== undefined) ids.set(author + log, fromHex(id)!);
      }
    }
    return ids;
  }

  /** How much the parts of a plan are. */
  async #sizeOf(parts: readonly PlanPart[]): Promise<Pick<SyncPlan, 'operations' | 'bytes'>> {
    let operations = 0;
    let bytes = 0;
    for (const part of parts) {
      const branch = part.side ? 'side' : 'canonical';
      let { after } = part;
      for (;;) {
        const until = Math.min(part.until, BEYOND);
        const page = await this.#options.store.places(branch, part, after, until, PLAN_STEP);
        if (page.length === 0) break;
        operations += page.length;
        for (const place of page) bytes += place.bytes;
        after = page.at(-1)!.sequence;
      }
    }
    return { operations, bytes };
  }
}

/** What an operation says to the graph; of souls that belong to other keys it says nothing. */
export function writesOf(operation: Operation): Result<PutRequest['writes'], LogReason> {
  if (operation.body === undefined) return success([]);
  const delta = decodeDelta(operation.body);
  if (!delta.ok) return failure('body');
  const { author } = namesOf(operation);
  return success((delta.value?.writes ?? []).filter(({ soul }) => mayWrite(soul, author)));
}

function takenOperation(operation: Operation, outcome: Extract<PutOutcome, { ok: true }>): TakenOperation {
  const { header, extensions, body } = operation;
  const { placement = 'known' } = outcome;
  const names: LogName & { readonly id: string } = namesOf(operation);
  return {
    ...names,
    sequence: header.sequence,
    header: header.bytes,
    body,
    forkedAt: placement === 'side-start' || placement === 'switch' ? header.sequence : undefined,
    mayFollow: extensions.prune || placement.startsWith('side'),
    known: placement === 'known',
  };
}
