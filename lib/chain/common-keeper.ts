import { systemClock } from '../base/clock.ts';
import { graphLimitsWith } from '../base/graph-limits.ts';
import { chain } from '../base/maybe-promise.ts';
import type { FieldWrite } from '../graph/write.ts';
import type { GraphKeeper } from '../api/keeper.ts';
import { MemoryKeeper } from '../api/memory-keeper.ts';

/** A graph in memory of a page or process: everybody who opens the same name has the same graph, as with a file. */
export class CommonMemory {
  readonly #graphs = new Map<string, Graph>();

  /** One more owner of the graph of a name. */
  open(name: string): GraphKeeper {
    const known = this.#graphs.get(name) ?? { keeper: newMemory(), owners: new Set() };
    this.#graphs.set(name, known);
    return ownerOf(known);
  }
}

/** A graph in memory that nobody else has. */
export function newMemory(): GraphKeeper {
  return new MemoryKeeper(graphLimitsWith(), systemClock);
}

interface Graph {
  readonly keeper: GraphKeeper;
  readonly owners: Set<(changed: readonly FieldWrite[]) => void>;
}

function ownerOf({ keeper, owners }: Graph): GraphKeeper {
  let changed: ((writes: readonly FieldWrite[]) => void) | undefined;
  const tell = (writes: readonly FieldWrite[]): void => changed?.(writes);
  return {
    async open() {
      owners.add(tell);
      keeper.onMatured((writes) => {
        for (const owner of owners) owner(writes);
      });
      return [];
    },
    async close() {
      owners.delete(tell);
    },
    onMatured(listener) {
      changed = listener;
    },
    read: (soul, names) => keeper.read(soul, names),
    commit: (writes, isOwn) =>
      chain(keeper.commit(writes, isOwn), (outcome) => {
        if (outcome.ok && outcome.changed.length > 0)
          for (const owner of owners) if (owner !== tell) owner(outcome.changed);
        return outcome;
      }),
    hold: (soul) => keeper.hold(soul),
    release: (soul) => keeper.release(soul),
    keepUnsent: (write) => keeper.keepUnsent(write),
    dropUnsent: (id) => keeper.dropUnsent(id),
  };
}
