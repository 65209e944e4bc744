import { TwoGenerations } from '../base/two-generations.ts';
import type { Limits } from '../base/limits.ts';
import { weightOf } from './name-weight.ts';

/** So many peers that wrote nothing take the room of one that wrote as much as is remembered. */
const PEERS_FOR_ONE = 10;

/** The souls a peer wrote lately: at most `most`, long names counted as several; the older half leaves at once. */
export class RecentSouls {
  readonly #half: number;
  #young: Set<string> | undefined;
  #old: Set<string> | undefined;
  #youngWeight = 0;

  constructor(most: number) {
    this.#half = Math.ceil(most / 2);
  }

  add(soul: string): void {
    if (this.#young?.has(soul) === true) return;
    const weight = weightOf(soul.length);
    if (weight > this.#half) return;
    if (this.#young === undefined || this.#youngWeight + weight > this.#half) {
      this.#old = this.#young;
      this.#young = new Set();
      this.#youngWeight = 0;
    }
    this.#young.add(soul);
    this.#youngWeight += weight;
  }

  /** The souls, each once. */
  all(): Set<string> {
    return new Set([...(this.#old ?? []), ...(this.#young ?? [])]);
  }
}

/**
 * What peers wrote before they left, by process id: a Gun client does not send again what it wrote while it
 * was away, but it answers when asked (gun-wire section 11.4, D24). Bounded in souls over all peers.
 */
export class Recall {
  readonly #soulsByPid: TwoGenerations<string, Set<string>>;
  /** What the peers that are here write, on the latest link of each process. */
  readonly #writtenByPid = new Map<string, RecentSouls>();
  readonly #mostSouls: number;
  readonly #leastWeight: number;

  constructor(limits: Limits) {
    this.#mostSouls = limits.rememberedSouls;
    this.#leastWeight = Math.ceil(limits.rememberedSouls / PEERS_FOR_ONE);
    this.#soulsByPid = new TwoGenerations(limits.rememberedPeers * limits.rememberedSouls);
  }

  /** Peers remembered that are not here. */
  get size(): number {
    return this.#soulsByPid.size;
  }

  /** True when a peer of that process was here before. */
  knows(pid: string): boolean {
    return this.#soulsByPid.get(pid, soulsWeight) !== undefined || this.#writtenByPid.has(pid);
  }

  /** Keeps what a leaving peer wrote. */
  left(pid: string, written: RecentSouls): void {
    if (this.#writtenByPid.get(pid) === written) this.#writtenByPid.delete(pid);
    const souls = this.#merged(written, this.#soulsByPid.get(pid, soulsWeight));
    this.#soulsByPid.set(pid, souls, Math.max(this.#leastWeight, soulsWeight(souls)));
  }

  /**
   * What a peer that came wrote before: on links that ended, and on one that may be dead without anybody
   * having missed it.
   *
   * @param written where its writes are kept now; they go on from what is remembered
   */
  arrived(pid: string, written: RecentSouls): ReadonlySet<string> {
    const souls = new Set(this.#soulsByPid.get(pid, soulsWeight));
    for (const soul of this.#writtenByPid.get(pid)?.all() ?? []) souls.add(soul);
    this.#soulsByPid.delete(pid);
    this.#writtenByPid.set(pid, written);
    // It may leave again before it has answered.
    for (const soul of souls) written.add(soul);
    return souls;
  }

  /** What was written, and of what was remembered as much as still fits. */
  #merged(written: RecentSouls, remembered: ReadonlySet<string> | undefined): Set<string> {
    const souls = written.all();
    let weight = soulsWeight(souls);
    for (const soul of remembered ?? []) {
      if (souls.has(soul)) continue;
      weight += weightOf(soul.length);
      if (weight > this.#mostSouls) break;
      souls.add(soul);
    }
    return souls;
  }
}

function soulsWeight(souls: ReadonlySet<string>): number {
  let weight = 0;
  for (const soul of souls) weight += weightOf(soul.length);
  return weight;
}
