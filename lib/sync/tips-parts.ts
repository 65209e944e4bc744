import { MOST_TIPS, type Tip, type Tips } from '../log/heights.ts';
import { PartedTips } from '../log/parted-tips.ts';

/** A state vector in parts that fit into frames, each made when it is asked for; at least one. */
export function* tipsInParts(tips: Tips): Generator<Tips> {
  let part = new Map<string, ReadonlyMap<string, Tip>>();
  let count = 0;
  for (const [author, logs] of tips) {
    for (const some of logs.size === 1 ? [logs] : portionsOf(logs)) {
      if (count + some.size > MOST_TIPS) {
        yield part;
        part = new Map();
        count = 0;
      }
      part.set(author, some);
      count += some.size;
    }
  }
  yield part;
}

/** The logs of one author, of whom no part holds more than one portion. */
function* portionsOf(logs: ReadonlyMap<string, Tip>): Generator<ReadonlyMap<string, Tip>> {
  const entries = [...logs];
  for (let from = 0; from < entries.length; from += MOST_TIPS)
    yield new Map(entries.slice(from, from + MOST_TIPS));
}

/** A state vector that comes in parts, until it is whole. */
export class GatheredTips {
  #tips: PartedTips;
  /** Those of it whose authors came in several parts, which they may in thousands. */
  readonly #inSeveral = new Map<string, Map<string, Tip>>();
  #size = 0;

  /** @param known what need not come; nothing when absent */
  constructor(known: PartedTips = PartedTips.empty()) {
    this.#tips = known.snapshot();
  }

  /** Logs that came; not counted anew at each part, which would cost as much as all of them. */
  get size(): number {
    return this.#size;
  }

  /** Adds a part; of a log that came before the later tip counts. */
  add(part: Tips): void {
    for (const [author, logs] of part) {
      // Who has no logs would not be counted, and there may be any number of them.
      if (logs.size === 0) continue;
      const known = this.#tips.get(author);
      for (const log of logs.keys()) if (known?.has(log) !== true) this.#size += 1;
      this.#tips.set(author, known === undefined ? logs : this.#merged(author, known, logs));
    }
  }

  #merged(author: string, known: ReadonlyMap<string, Tip>, logs: ReadonlyMap<string, Tip>): Map<string, Tip> {
    const merged = this.#inSeveral.get(author) ?? new Map(known);
    for (const [log, tip] of logs) merged.set(log, tip);
    this.#inSeveral.set(author, merged);
    return merged;
  }

  /** All of it, which is kept here no longer. */
  take(): PartedTips {
    const tips = this.#tips;
    this.#tips = PartedTips.empty();
    this.#inSeveral.clear();
    return tips;
  }
}
