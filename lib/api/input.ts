import { GraphError } from '../base/errors.ts';
import { isPlainObject } from '../base/record.ts';
import type { MaybePromise } from '../base/maybe-promise.ts';
import { isLink, isValue, type Value } from '../graph/value.ts';
import { writeOf, type FieldWrite } from '../graph/write.ts';
import type { Pointer } from './types.ts';

/** Where a write begins: a root soul and the keys that lead on from it. */
export interface Place {
  readonly soul: string;
  readonly keys: readonly string[];
}

/** Finds the soul that a property links to; undefined when it holds no link. */
export type FindLink = (soul: string, key: string) => MaybePromise<string | undefined>;

/**
 * Turns what an app puts into writes of one state that belong into one message: nested objects become nodes of
 * their own, linked from their parent; where there is a link already its node is written, else one whose soul is
 * that of the parent, a slash and the key (gun-wire section 5.2.6).
 */
export class InputWriter {
  readonly writes: FieldWrite[] = [];
  readonly #state: number;
  readonly #findLink: FindLink;
  readonly #soulsByObject = new Map<object, string>();

  constructor(state: number, findLink: FindLink) {
    this.#state = state;
    this.#findLink = findLink;
  }

  /**
   * Writes a value to a place.
   *
   * @throws GraphError GRAPH_BAD_VALUE for what a property cannot hold, and for a root that would be no node
   */
  async put({ soul, keys }: Place, value: unknown): Promise<void> {
    const last = keys.at(-1);
    if (last === undefined) {
      if (!isPlainObject(value) || isLink(value) || isPointer(value))
        throw badValue(soul, 'a root holds a node');
      return this.#putNode(soul, value);
    }
    await this.#putField(await this.linked(soul, keys.slice(0, -1)), last, value);
  }

  /**
   * Adds a node to a set, under the last key of a place.
   *
   * @param soul of the new node; undefined for the set's soul, a slash and the key
   */
  async putMember({ soul: root, keys }: Place, soul: string | undefined, value: unknown): Promise<void> {
    const id = keys.at(-1)!;
    const parent = await this.linked(root, keys.slice(0, -1));
    if (soul === undefined) return this.#putField(parent, id, value);
    if (!isPlainObject(value)) throw badValue(parent, 'an item is neither a value nor an object');
    this.#add(parent, id, { '#': soul });
    return this.#putNode(soul, value);
  }

  /** The soul at the end of keys; links that are missing on the way are written. */
  async linked(soul: string, keys: readonly string[]): Promise<string> {
    let current = soul;
    for (const key of keys) current = await this.#child(current, key);
    return current;
  }

  async #child(soul: string, key: string): Promise<string> {
    const found = await this.#findLink(soul, key);
    if (found !== undefined) return found;
    const child = `${soul}/${key}`;
    this.#add(soul, key, { '#': child });
    return child;
  }

  async #putNode(soul: string, node: object): Promise<void> {
    this.#soulsByObject.set(node, soul);
    for (const [key, value] of Object.entries(node)) await this.#putField(soul, key, value);
  }

  async #putField(soul: string, key: string, value: unknown): Promise<void> {
    if (key === '' || key === '_') throw badValue(soul, `${JSON.stringify(key)} is no name for a property`);
    if (isPointer(value)) return this.#add(soul, key, { '#': await value.soul() });
    if (isValue(value)) return this.#add(soul, key, value);
    if (!isPlainObject(value))
      throw badValue(soul, `${key} is neither null, text, boolean, a finite number, a link nor an object`);
    const known = this.#soulsByObject.get(value);
    if (known !== undefined) return this.#add(soul, key, { '#': known });
    await this.#putNode(await this.#child(soul, key), value);
  }

  #add(soul: string, key: string, value: Value): void {
    this.writes.push(writeOf(soul, key, this.#state, value));
  }
}

/** True for what leads to a node without being one. */
export function isPointer(value: unknown): value is Exclude<Pointer, { readonly '#': string }> {
  return (
    typeof value === 'object' && value !== null && typeof (value as { soul?: unknown }).soul === 'function'
  );
}

function badValue(soul: string, reason: string): GraphError {
  return new GraphError('GRAPH_BAD_VALUE', `at ${soul}: ${reason}`);
}
