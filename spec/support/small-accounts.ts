import { failure, success, type Result } from '../../lib/base/result.ts';
import type { Fields } from '../../lib/graph/node.ts';
import type { Entry, FieldWrite } from '../../lib/graph/write.ts';
import type { AccountGraph } from '../../lib/sea/user.ts';

/** A graph that keeps whatever it is given. */
export class SmallAccounts implements AccountGraph {
  readonly nodes = new Map<string, Map<string, Entry>>();
  refusal: string | undefined;
  #state = 1000;

  readNode(soul: string): Fields | undefined {
    return this.nodes.get(soul);
  }

  put(writes: readonly FieldWrite[]): Result<undefined> {
    if (this.refusal !== undefined) return failure(this.refusal);
    for (const { soul, key, state, json } of writes) {
      const node = this.nodes.get(soul) ?? new Map<string, Entry>();
      this.nodes.set(soul, node.set(key, { state, json }));
    }
    return success(undefined);
  }

  nextState(): number {
    return (this.#state += 1);
  }

  get writes(): FieldWrite[] {
    return [...this.nodes].flatMap(([soul, node]) =>
      [...node].map(([key, { state, json }]) => ({ soul, key, state, json })),
    );
  }
}
