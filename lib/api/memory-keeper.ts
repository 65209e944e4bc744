import type { Clock } from '../base/clock.ts';
import type { GraphLimits } from '../base/graph-limits.ts';
import { TwoGenerations } from '../base/two-generations.ts';
import type { Fields } from '../graph/node.ts';
import type { Entry, FieldWrite } from '../graph/write.ts';
import type { MergeView } from '../ham/merge.ts';
import type { PutOutcome } from '../store/put-request.ts';
import { FutureWrites } from './future-writes.ts';
import type { GraphKeeper, KeptWrite } from './keeper.ts';

/** What a property costs beside its texts, in bytes, about. */
const ENTRY_BYTES = 100;
/** Bytes of nodes of others that nobody uses. */
const SPARE_BYTES = 4 * 1024 * 1024;

/** A node in memory. */
interface MemoryNode {
  readonly fields: Map<string, Entry>;
  bytes: number;
  holds: number;
  /** True when this app wrote to it: it is kept for good. */
  isOwn: boolean;
}

/**
 * A graph in memory: what the app wrote and what it uses, and for a while what it used lately.
 *
 * Writes from the future wait, bounded in number, until their time has come (D5).
 */
export class MemoryKeeper implements GraphKeeper {
  readonly #future: FutureWrites;
  readonly #nodes = new Map<string, MemoryNode>();
  readonly #spare = new TwoGenerations<string, MemoryNode>(SPARE_BYTES);
  #matured: (changed: readonly FieldWrite[]) => void = () => undefined;

  constructor(limits: GraphLimits, clock: Clock) {
    this.#future = new FutureWrites(limits, { clock }, () => this.#mature());
  }

  async open(): Promise<readonly KeptWrite[]> {
    return [];
  }

  async close(): Promise<void> {
    this.#future.close();
  }

  onMatured(listener: (changed: readonly FieldWrite[]) => void): void {
    this.#matured = listener;
  }

  read(soul: string): Fields {
    return this.#find(soul)?.fields ?? new Map<string, Entry>();
  }

  commit(writes: readonly FieldWrite[], isOwn: boolean): PutOutcome {
    const merged = this.#future.merge(writes, isOwn, this.#view(isOwn));
    return merged.ok ? { ok: true, changed: merged.value.changed } : merged;
  }

  hold(soul: string): void {
    const node = this.#make(soul);
    node.holds += 1;
    this.#place(soul, node);
  }

  release(soul: string): void {
    const node = this.#nodes.get(soul);
    if (node === undefined) return;
    node.holds -= 1;
    this.#place(soul, node);
  }

  keepUnsent(): void {
    // The queue itself is as durable as this.
  }

  dropUnsent(): void {
    // Nothing was kept.
  }

  #view(isOwn: boolean): MergeView {
    return {
      current: (soul, key) => this.#find(soul)?.fields.get(key),
      accept: (write) => this.#accept(write, isOwn),
    };
  }

  #accept(write: FieldWrite, isOwn: boolean): void {
    const { soul, key, json } = write;
    const node = this.#make(soul);
    const before = node.fields.get(key);
    node.bytes += before === undefined ? 2 * key.length + ENTRY_BYTES : -2 * before.json.length;
    node.bytes += 2 * json.length;
    node.fields.set(key, write);
    node.isOwn ||= isOwn;
    this.#place(soul, node);
  }

  #find(soul: string): MemoryNode | undefined {
    return this.#nodes.get(soul) ?? this.#spare.get(soul, ({ bytes }) => bytes);
  }

  #make(soul: string): MemoryNode {
    return this.#find(soul) ?? { fields: new Map(), bytes: 2 * soul.length, holds: 0, isOwn: false };
  }

  /** Puts a node where it belongs. */
  #place(soul: string, node: MemoryNode): void {
    if (node.isOwn || node.holds > 0) {
      this.#spare.delete(soul);
      this.#nodes.set(soul, node);
      return;
    }
    this.#nodes.delete(soul);
    if (node.fields.size > 0) this.#spare.set(soul, node, node.bytes);
  }

  #mature(): void {
    const changed = this.#future.mature(this.#future.takeDue(), this.#view(false));
    if (changed.length > 0) this.#matured(changed);
  }
}
