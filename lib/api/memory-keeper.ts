import type { Clock } from '../base/clock.ts';
import type { Limits } from '../base/limits.ts';
import { TwoGenerations } from '../base/two-generations.ts';
import type { Fields } from '../graph/node.ts';
import type { Entry, FieldWrite } from '../graph/write.ts';
import { merge } from '../ham/merge.ts';
import type { PutOutcome } from '../store/writer.ts';
import { latest, type GraphKeeper, type KeptWrite } from './keeper.ts';

/** What a property costs beside its texts, in bytes, about. */
const ENTRY_BYTES = 100;
/** Bytes of nodes of others that nobody uses. */
const SPARE_BYTES = 4 * 1024 * 1024;
/** A timer cannot wait longer than this, in milliseconds. */
const LONGEST_TIMER_MS = 2_147_483_647;

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
  readonly #limits: Limits;
  readonly #clock: Clock;
  readonly #nodes = new Map<string, MemoryNode>();
  readonly #spare = new TwoGenerations<string, MemoryNode>(SPARE_BYTES);
  #future: FieldWrite[] = [];
  #timer: ReturnType<typeof setTimeout> | undefined;
  #matured: (changed: readonly FieldWrite[]) => void = () => undefined;

  constructor(limits: Limits, clock: Clock) {
    this.#limits = limits;
    this.#clock = clock;
  }

  async open(): Promise<KeptWrite[]> {
    return [];
  }

  async close(): Promise<void> {
    clearTimeout(this.#timer);
    this.#future = [];
  }

  onMatured(listener: (changed: readonly FieldWrite[]) => void): void {
    this.#matured = listener;
  }

  read(soul: string): Fields {
    return this.#find(soul)?.fields ?? new Map<string, Entry>();
  }

  commit(writes: readonly FieldWrite[], isOwn: boolean): PutOutcome {
    const now = isOwn ? latest(writes, this.#clock()) : this.#clock();
    const future = writes.filter(({ state }) => state > now);
    const reason = this.#refusal(future, now);
    if (reason !== undefined) return { ok: false, reason };
    const changed = this.#merge(writes, isOwn, now);
    if (future.length > 0) {
      this.#future.push(...future);
      this.#arm();
    }
    return { ok: true, changed };
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

  #refusal(future: readonly FieldWrite[], now: number): string | undefined {
    const { futureMs, futureWrites } = this.#limits;
    if (future.some(({ state }) => state > now + futureMs)) return 'state is too far in the future';
    return this.#future.length + future.length > futureWrites
      ? 'too many writes wait for their time'
      : undefined;
  }

  #merge(writes: readonly FieldWrite[], isOwn: boolean, now: number): readonly FieldWrite[] {
    const { accepted } = merge(
      writes,
      {
        current: (soul, key) => this.#find(soul)?.fields.get(key),
        accept: (write) => this.#accept(write, isOwn),
      },
      now,
    );
    return accepted.filter((write) => this.#find(write.soul)?.fields.get(write.key) === write);
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

  #arm(): void {
    clearTimeout(this.#timer);
    const first = this.#future.reduce((least, { state }) => Math.min(least, state), Infinity);
    if (first === Infinity) return;
    const waitMs = Math.min(Math.max(first - this.#clock(), 1), LONGEST_TIMER_MS);
    this.#timer = setTimeout(() => this.#mature(), waitMs);
    (this.#timer as { unref?(): void }).unref?.();
  }

  #mature(): void {
    const now = this.#clock();
    const due = this.#future.filter(({ state }) => state <= now);
    this.#future = this.#future.filter(({ state }) => state > now);
    this.#arm();
    const changed = this.#merge(due, false, now);
    if (changed.length > 0) this.#matured(changed);
  }
}
