import { isPlainObject } from '../base/record.ts';
import type { GraphLimits } from '../base/graph-limits.ts';
import { GraphError } from '../base/errors.ts';
import { randomId } from '../base/random.ts';
import type { LivePart } from '../api/live-nodes.ts';
import type { Selector } from '../graph/selector.ts';
import type { FieldWrite } from '../graph/write.ts';
import { parsePut } from '../wire/parse-put.ts';
import { endOf, hasListeners, type EventOwner } from './events.ts';

/** How long an answer is waited for, in milliseconds; who only looks at reads gives none. */
const ANSWER_MS = 1000;
/** Reads that were not answered in time until it is clear that nobody does. */
const MOST_SILENT = 3;

/** What an event storage needs of the graph. */
export interface EventStorageParts {
  readonly limits: GraphLimits;
  /** What is handed on with each message, as its `$`. */
  readonly $: unknown;
  /** Takes what the storage holds; resolves when it is in the graph. */
  take(writes: readonly FieldWrite[]): Promise<unknown>;
  /** Told when a read was answered, or is not waited for any longer. */
  answered(): void;
  fail(error: unknown): void;
}

/**
 * Storage that an app has hooked to the events of a graph, as adapters of gun are: told of each property by `put`,
 * asked for nodes by `get`, it answers by `on('in', { '@': id, put })`. Reads wait for it as they do for peers.
 */
export class EventStorage {
  readonly #owner: EventOwner;
  readonly #parts: EventStorageParts;
  /** Souls that were asked for, by the id of the question. */
  readonly #asked = new Map<string, string>();
  /** Reads nobody answered; none counts any more once one was. */
  #silent = 0;

  constructor(owner: EventOwner, parts: EventStorageParts) {
    this.#owner = owner;
    this.#parts = parts;
    endOf(owner, 'in', (message) => this.#hear(message));
  }

  /** Asks for a part of a node, if anybody listens. */
  ask({ soul, key }: Selector & { readonly soul: string }): void {
    if (!hasListeners(this.#owner, 'get')) return;
    const id = randomId();
    if (this.#silent < MOST_SILENT) this.#wait(id, soul);
    const get = { '#': soul, ...(key === undefined ? {} : { '.': key }) };
    this.#owner.on('get', { '#': id, get, $: this.#parts.$ });
  }

  /** Tells of properties that are new or changed. */
  tell(changed: readonly FieldWrite[], plain: (write: FieldWrite) => unknown): void {
    if (!hasListeners(this.#owner, 'put')) return;
    for (const write of changed) {
      const { soul, key, state } = write;
      const put = { '#': soul, '.': key, ':': plain(write), '>': state };
      this.#owner.on('put', { '#': randomId(), put, $: this.#parts.$ });
    }
  }

  /** True when no answer about one of the nodes is waited for. */
  isAnswered(parts: Iterable<LivePart>): boolean {
    if (this.#asked.size === 0) return true;
    const souls = new Set(this.#asked.values());
    for (const { node } of parts) if (souls.has(node.soul)) return false;
    return true;
  }

  #wait(id: string, soul: string): void {
    this.#asked.set(id, soul);
    const timer = setTimeout(() => {
      if (!this.#asked.has(id)) return;
      this.#silent += 1;
      this.#settle(id);
    }, ANSWER_MS);
    (timer as { unref?(): void }).unref?.();
  }

  #hear(message: unknown): void {
    if (!isPlainObject(message)) return;
    const { '@': id, put } = message;
    const writes = put === undefined || put === null ? undefined : parsePut(put, this.#parts.limits);
    if (writes?.ok === false) this.#parts.fail(new GraphError('GRAPH_BAD_VALUE', writes.reason));
    const taken = writes?.ok === true ? this.#parts.take(writes.value) : undefined;
    if (!this.#asked.has(String(id))) {
      taken?.catch((error: unknown) => this.#parts.fail(error));
      return;
    }
    this.#silent = -Infinity;
    if (taken === undefined) return this.#settle(String(id));
    taken.catch((error: unknown) => this.#parts.fail(error)).finally(() => this.#settle(String(id)));
  }

  #settle(id: string): void {
    if (this.#asked.delete(id)) this.#parts.answered();
  }
}
