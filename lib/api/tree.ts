import { isLink, type Value } from '../graph/value.ts';
import type { GraphCore } from './core.ts';
import type { Place } from './input.ts';
import { readOnce } from './observation.ts';
import { EVERYTHING } from './path-follower.ts';
import { ValueView } from './views.ts';
import type { WaitOptions } from './wait.ts';

/** A value, or a node with the nodes it links to in the place of its links. */
export type Tree = Value | { readonly [key: string]: Tree };

/**
 * Reads what stands at a place and what it links to. A node that is met again is the same object, so circles end;
 * links beyond the depth stay links.
 */
export async function loadTree(
  core: GraphCore,
  place: Place,
  { depth = Infinity, ...options }: WaitOptions & { readonly depth?: number },
): Promise<Tree | undefined> {
  const nodes = new Map<string, Tree>();
  const read = async (at: Place, left: number): Promise<Tree | undefined> => {
    const { value, soul } = await readOnce(
      core,
      (dirty) => new ValueView(core.live, at, EVERYTHING, dirty),
      options,
    );
    if (soul === undefined || typeof value !== 'object' || value === null) return value;
    const known = nodes.get(soul);
    if (known !== undefined) return known;
    const node: Record<string, Tree> = {};
    nodes.set(soul, node);
    await Promise.all(
      Object.entries(value).map(async ([key, field]) => {
        const child =
          isLink(field) && left > 0 ? await read({ soul: field['#'], keys: [] }, left - 1) : field;
        Object.defineProperty(node, key, { value: child ?? field, enumerable: true });
      }),
    );
    return node;
  };
  return read(place, depth);
}
