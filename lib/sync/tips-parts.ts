import type { Tip, Tips } from '../log/heights.ts';

/** Logs in one frame: about 110 bytes each. */
const LOGS_IN_A_PART = 5000;

/** A state vector in parts that fit into frames; at least one. */
export function tipsInParts(tips: Tips): Tips[] {
  const parts: Map<string, Map<string, Tip>>[] = [new Map()];
  let count = 0;
  for (const [author, logs] of tips) {
    for (const [log, tip] of logs) {
      if (count === LOGS_IN_A_PART) {
        parts.push(new Map());
        count = 0;
      }
      const part = parts.at(-1)!;
      part.set(author, (part.get(author) ?? new Map<string, Tip>()).set(log, tip));
      count += 1;
    }
  }
  return parts;
}

/** A state vector that comes in parts, until it is whole. */
export class GatheredTips {
  #tips = new Map<string, Map<string, Tip>>();
  #size = 0;

  /** Logs in it; not counted anew at each part, which would cost as much as all of them. */
  get size(): number {
    return this.#size;
  }

  /** Adds a part; of a log that came before the later tip counts. */
  add(part: Tips): void {
    for (const [author, logs] of part) {
      const known = this.#tips.get(author) ?? new Map<string, Tip>();
      for (const [log, tip] of logs) {
        if (!known.has(log)) this.#size += 1;
        known.set(log, tip);
      }
      this.#tips.set(author, known);
    }
  }

  /** All of it, which is kept here no longer. */
  take(): Tips {
    const tips = this.#tips;
    this.#tips = new Map();
    return tips;
  }
}
