import { TwoGenerations } from '../base/two-generations.ts';
import type { Limits } from '../base/limits.ts';

/** The souls a peer wrote lately: at most `most`, of which the older half leaves at once. */
export class RecentSouls {
  readonly #half: number;
  #young: Set<string> | undefined;
  #old: Set<string> | undefined;

  constructor(most: number) {
    this.#half = Math.ceil(most / 2);
  }

  add(soul: string): void {
    this.#young ??= new Set();
    if (this.#young.has(soul)) return;
    if (this.#young.size >= this.#half) {
      this.#old = this.#young;
      this.#young = new Set();
    }
    this.#young.add(soul);
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
  readonly #mostSouls: number;

  constructor(limits: Limits) {
    this.#mostSouls = limits.rememberedSouls;
    this.#soulsByPid = new TwoGenerations(limits.rememberedPeers * limits.rememberedSouls);
  }

  /** Keeps what a leaving peer wrote. */
  left(pid: string, written: RecentSouls): void {
    const souls = written.all();
    for (const soul of this.#soulsByPid.get(pid, weightOf) ?? []) {
      if (souls.size < this.#mostSouls) souls.add(soul);
    }
    if (souls.size > 0) this.#soulsByPid.set(pid, souls, weightOf(souls));
  }

  /** What a peer that came back wrote before. */
  returned(pid: string): ReadonlySet<string> {
    const souls = this.#soulsByPid.get(pid, weightOf);
    this.#soulsByPid.delete(pid);
    return souls ?? new Set();
  }
}

function weightOf(souls: ReadonlySet<string>): number {
  return souls.size;
}
