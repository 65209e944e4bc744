import type { Names } from '../graph/selector.ts';
import { isLink, type Value } from '../graph/value.ts';
import type { LiveNodes, LivePart, Watch } from './live-nodes.ts';
import type { Place } from './input.ts';

/** Which properties of the node at the end of a path are meant, and how they are asked for. */
export interface Wanted {
  readonly key?: Names;
  readonly reverse: boolean;
  readonly byteLimit?: number;
}

/** All properties. */
export const EVERYTHING: Wanted = { reverse: false };

/**
 * Watches what stands at a path: each property on the way, and when the last one holds a link, the node behind
 * it. A link that changes is followed to its new end.
 */
export class PathFollower {
  readonly #live: LiveNodes;
  readonly #place: Place;
  readonly #wanted: Wanted;
  readonly #changed: (key: string | undefined) => void;
  /** One for each property on the way, and one for the node behind. */
  readonly #watches: Watch[] = [];
  #isFollowing = false;
  #isLoaded = false;
  #value: Value | undefined;
  #node: LivePart | undefined;

  /** @param changed told the property of the node at the end that changed, undefined for anything else */
  constructor(live: LiveNodes, place: Place, wanted: Wanted, changed: (key: string | undefined) => void) {
    this.#live = live;
    this.#place = place;
    this.#wanted = wanted;
    this.#changed = changed;
    this.#follow();
  }

  /** True when all that is kept here of what is watched was read. */
  get isLoaded(): boolean {
    return this.#isLoaded && (this.#node?.isLoaded ?? true);
  }

  /** What the last property holds; undefined for nothing, and for a path without keys. */
  get value(): Value | undefined {
    return this.#value;
  }

  /** The node at the end, when there is a link to one. */
  get node(): LivePart | undefined {
    return this.#node;
  }

  /** What is watched now. */
  get parts(): LivePart[] {
    return this.#watches.map(({ part }) => part);
  }

  close(): void {
    this.#trim(0);
  }

  #follow(): void {
    const { keys } = this.#place;
    let { soul } = this.#place;
    this.#isFollowing = true;
    this.#isLoaded = true;
    this.#value = undefined;
    this.#node = undefined;
    let at = 0;
    for (; at < keys.length; at += 1) {
      const { part } = this.#ensure(at, soul, { key: keys[at]!, reverse: false });
      this.#isLoaded = part.isLoaded;
      const value = part.node.valueOf(keys[at]!);
      const link = linkOf(value);
      if (at === keys.length - 1) this.#value = value;
      if (!part.isLoaded || link === undefined) break;
      soul = link;
    }
    if (at === keys.length) this.#node = this.#ensure(at, soul, this.#wanted).part;
    this.#trim(at + 1);
    this.#isFollowing = false;
  }

  #ensure(at: number, soul: string, wanted: Wanted): Watch {
    const before = this.#watches[at];
    if (before?.part.node.soul === soul) return before;
    const isEnd = at === this.#place.keys.length;
    const watch = this.#live.watch(
      { soul, ...wanted },
      {
        changed: (key) => {
          if (isEnd) this.#changed(key);
          else if (key === undefined || key === wanted.key) this.#refollow();
        },
      },
    );
    this.#watches[at] = watch;
    before?.release();
    return watch;
  }

  #refollow(): void {
    if (this.#isFollowing) return;
    this.#follow();
    this.#changed(undefined);
  }

  #trim(length: number): void {
    for (const watch of this.#watches.splice(length)) watch.release();
  }
}

/** The soul that a value links to. */
export function linkOf(value: Value | undefined): string | undefined {
  return isLink(value) ? value['#'] : undefined;
}
