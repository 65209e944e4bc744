import type { Place } from '../api/input.ts';
import type { LivePart, Watch } from '../api/live-nodes.ts';
import { linkOf } from '../api/path-follower.ts';
import type { Selector } from '../graph/selector.ts';
import type { Value } from '../graph/value.ts';

/** Watches a part of a node. */
export type WatchPart = (
  selector: Selector & { readonly soul: string },
  changed: (key: string | undefined) => void,
) => Watch;

/** One thing that a chain means: what stands at a concrete place now, a value or a link to a node. */
export abstract class Spot {
  /** The key it has in its node; the soul at the root. */
  abstract readonly key: string;
  /** Where it stands; undefined for what a function of the app made. */
  abstract readonly place: Place | undefined;
  /** The value here, links as they are; undefined for none, and at the root. */
  abstract readonly value: Value | undefined;
  /** True when what is kept here of it was read. */
  abstract readonly isLoaded: boolean;
  /** True when only the members it has now are meant, not those that come. */
  readonly isFrozen: boolean = false;
  readonly #watchers = new Set<() => void>();

  /** The node here, undefined when there is none. */
  get soul(): string | undefined {
    return linkOf(this.value);
  }

  /** State of the value. */
  get state(): number | undefined {
    return undefined;
  }

  /** The node whose property this is. */
  get holder(): string | undefined {
    return undefined;
  }

  /** Everything that was asked to know this. */
  abstract parts(): Iterable<LivePart>;

  /** Calls back when the value is another one or better known; gives the way to stop. */
  watch(changed: () => void): () => void {
    this.#watchers.add(changed);
    return () => this.#watchers.delete(changed);
  }

  close(): void {
    this.#watchers.clear();
  }

  protected tell(): void {
    for (const changed of this.#watchers) changed();
  }
}

/** A node named by its soul. */
export class RootSpot extends Spot {
  readonly key: string;
  readonly place: Place;
  readonly value: undefined = undefined;
  readonly isLoaded = true;

  constructor(soul: string) {
    super();
    this.key = soul;
    this.place = { soul, keys: [] };
  }

  override get soul(): string {
    return this.key;
  }

  parts(): LivePart[] {
    return [];
  }
}

/** One property of the node at another spot, whichever node that is at the moment. */
export class FieldSpot extends Spot {
  readonly key: string;
  readonly #parent: Spot;
  readonly #watchPart: WatchPart;
  readonly #stop: () => void;
  #watch: Watch | undefined;

  constructor(parent: Spot, key: string, watchPart: WatchPart) {
    super();
    this.#parent = parent;
    this.key = key;
    this.#watchPart = watchPart;
    this.#stop = parent.watch(() => {
      this.#bind();
      this.tell();
    });
    this.#bind();
  }

  get place(): Place | undefined {
    return below(this.#parent.place, this.key);
  }

  get value(): Value | undefined {
    return this.#watch?.part.node.valueOf(this.key);
  }

  override get state(): number | undefined {
    return this.#watch?.part.node.fields.get(this.key)?.state;
  }

  override get holder(): string | undefined {
    return this.#watch?.part.node.soul;
  }

  get isLoaded(): boolean {
    return this.#parent.isLoaded && this.#watch?.part.isLoaded !== false;
  }

  *parts(): Generator<LivePart> {
    yield* this.#parent.parts();
    if (this.#watch !== undefined) yield this.#watch.part;
  }

  override close(): void {
    super.close();
    this.#stop();
    this.#watch?.release();
    this.#watch = undefined;
  }

  #bind(): void {
    const { soul } = this.#parent;
    const before = this.#watch;
    if (before?.part.node.soul === soul) return;
    this.#watch =
      soul === undefined
        ? undefined
        : this.#watchPart({ soul, key: this.key, reverse: false }, (key) => {
            if (key === undefined || key === this.key) this.tell();
          });
    before?.release();
  }
}

/** A member of the node at another spot, which is watched as a whole. */
export class MemberSpot extends Spot {
  readonly key: string;
  readonly #parent: Spot;
  readonly #part: LivePart;

  constructor(parent: Spot, part: LivePart, key: string) {
    super();
    this.#parent = parent;
    this.#part = part;
    this.key = key;
  }

  get place(): Place | undefined {
    return below(this.#parent.place, this.key);
  }

  get value(): Value | undefined {
    return this.#part.node.valueOf(this.key);
  }

  override get state(): number | undefined {
    return this.#part.node.fields.get(this.key)?.state;
  }

  override get holder(): string {
    return this.#part.node.soul;
  }

  get isLoaded(): boolean {
    return this.#part.isLoaded;
  }

  *parts(): Generator<LivePart> {
    yield* this.#parent.parts();
    yield this.#part;
  }

  /** The property has changed. */
  changed(): void {
    this.tell();
  }
}

/** A spot of which only the members that it has now are meant. */
export class FrozenSpot extends Spot {
  override readonly isFrozen = true;
  readonly #spot: Spot;
  readonly #stop: () => void;

  constructor(spot: Spot) {
    super();
    this.#spot = spot;
    this.#stop = spot.watch(() => this.tell());
  }

  get key(): string {
    return this.#spot.key;
  }

  get place(): Place | undefined {
    return this.#spot.place;
  }

  get value(): Value | undefined {
    return this.#spot.value;
  }

  override get soul(): string | undefined {
    return this.#spot.soul;
  }

  get isLoaded(): boolean {
    return this.#spot.isLoaded;
  }

  parts(): Iterable<LivePart> {
    return this.#spot.parts();
  }

  override close(): void {
    super.close();
    this.#stop();
  }
}

/** What a function of the app, or an extension, put into a chain. */
export class MadeSpot extends Spot {
  readonly key: string;
  readonly isLoaded = true;
  #value: Value | undefined;
  #place: Place | undefined;
  /** What is no value of the graph, such as an object that was made of one. */
  #made: unknown;

  constructor(key: string) {
    super();
    this.key = key;
  }

  get value(): Value | undefined {
    return this.#value;
  }

  get place(): Place | undefined {
    return this.#place;
  }

  /** What is told in the place of a value, undefined for nothing. */
  get made(): unknown {
    return this.#made;
  }

  parts(): LivePart[] {
    return [];
  }

  /** Means something else from now on. */
  become(value: Value | undefined, place: Place | undefined, made?: unknown): void {
    this.#value = value;
    this.#place = place;
    this.#made = made;
    this.tell();
  }
}

function below(place: Place | undefined, key: string): Place | undefined {
  return place === undefined ? undefined : { soul: place.soul, keys: [...place.keys, key] };
}
