import type { LivePart, Watch } from '../api/live-nodes.ts';
import type { Place } from '../api/input.ts';
import type { Wanted } from '../api/path-follower.ts';
import { matchesNames } from '../graph/selector.ts';
import type { Value } from '../graph/value.ts';
import { FieldSpot, FrozenSpot, MadeSpot, MemberSpot, RootSpot, type Spot, type WatchPart } from './spots.ts';

/** Told which spots a chain means. */
export interface SpotEvents {
  entered(spot: Spot): void;
  left(spot: Spot): void;
}

/** Calls back once what is at a spot is as well known as it will be soon; gives the way to stop. */
export type Settle = (spot: Spot, settled: () => void) => () => void;

/** What sources need of the graph. */
export interface SourceWorld {
  readonly watch: WatchPart;
  readonly settle: Settle;
}

/** What a chain means: one spot, or many that come and go. */
export interface Source {
  /** The same for chains that mean the same; that of what lies below begins with it. */
  readonly id: string;
  /** True for one concrete place. */
  readonly isOne: boolean;
  /** Tells which spots there are until the returned function is called. */
  open(world: SourceWorld, events: SpotEvents): () => void;
}

/** Stands before each part of the id of a source. */
export const BELOW = '\u001b';

/** The node with a soul. */
export function nodeSource(soul: string): Source {
  return {
    id: `${BELOW}s${soul}`,
    isOne: true,
    open(_world, events) {
      const spot = new RootSpot(soul);
      events.entered(spot);
      return () => spot.close();
    },
  };
}

/** A property of each thing that another source means. */
export function keySource(parent: Source, key: string): Source {
  return {
    id: `${parent.id}${BELOW}k${key}`,
    isOne: parent.isOne,
    open: (world, events) =>
      openEach(world, parent, (spot) => {
        const field = new FieldSpot(spot, key, world.watch);
        events.entered(field);
        return () => {
          events.left(field);
          field.close();
        };
      }),
  };
}

/** The members, all or those that are wanted, of each thing that another source means. */
export function memberSource(parent: Source, wanted: Wanted): Source {
  return {
    id: `${parent.id}${BELOW}m${JSON.stringify(wanted)}`,
    isOne: false,
    open: (world, events) =>
      openEach(world, parent, (spot) => {
        const members = new Members(spot, wanted, world, events);
        return () => members.close();
      }),
  };
}

/** What another source means now, with the members it has now, once that is known. */
export function frozenSource(parent: Source): Source {
  return {
    id: `${parent.id}${BELOW}o`,
    isOne: parent.isOne,
    open: (world, events) =>
      openEach(world, parent, (spot) => {
        let frozen: FrozenSpot | undefined;
        const stop = world.settle(spot, () => {
          frozen = new FrozenSpot(spot);
          events.entered(frozen);
        });
        return () => {
          stop();
          if (frozen === undefined) return;
          events.left(frozen);
          frozen.close();
        };
      }),
  };
}

/** What an app, or an extension of the chain, puts in by hand; of each key the latest is kept. */
export class MadeSource implements Source {
  readonly id: string;
  readonly isOne = false;
  readonly #spots = new Map<string, MadeSpot>();
  readonly #listeners = new Set<SpotEvents>();

  /** @param name unlike that of any other */
  constructor(name: string) {
    this.id = `${BELOW}f${name}`;
  }

  open(_world: SourceWorld, events: SpotEvents): () => void {
    this.#listeners.add(events);
    for (const spot of this.#spots.values()) events.entered(spot);
    return () => this.#listeners.delete(events);
  }

  /** Puts something in under a key, in the place of what was there. */
  put(key: string, value: Value | undefined, place: Place | undefined, made?: unknown): void {
    const known = this.#spots.get(key);
    if (known !== undefined) return known.become(value, place, made);
    const spot = new MadeSpot(key);
    spot.become(value, place, made);
    this.#spots.set(key, spot);
    for (const events of this.#listeners) events.entered(spot);
  }

  /** Takes out what stands under a key. */
  remove(key: string): void {
    const spot = this.#spots.get(key);
    if (spot === undefined) return;
    this.#spots.delete(key);
    for (const events of this.#listeners) events.left(spot);
    spot.close();
  }
}

/** Opens a source for as long as each of its spots is there. */
function openEach(world: SourceWorld, source: Source, enter: (spot: Spot) => () => void): () => void {
  const leave = new Map<Spot, () => void>();
  const stop = source.open(world, {
    entered: (spot) => leave.set(spot, enter(spot)),
    left: (spot) => {
      leave.get(spot)?.();
      leave.delete(spot);
    },
  });
  return () => {
    for (const each of leave.values()) each();
    leave.clear();
    stop();
  };
}

/** The members of the node at a spot, whichever node that is. */
class Members {
  readonly #spot: Spot;
  readonly #wanted: Wanted;
  readonly #world: SourceWorld;
  readonly #events: SpotEvents;
  readonly #members = new Map<string, MemberSpot>();
  readonly #stop: () => void;
  #watch: Watch | undefined;
  #isFixed = false;

  constructor(spot: Spot, wanted: Wanted, world: SourceWorld, events: SpotEvents) {
    this.#spot = spot;
    this.#wanted = wanted;
    this.#world = world;
    this.#events = events;
    this.#stop = spot.watch(() => this.#bind());
    this.#bind();
  }

  close(): void {
    this.#stop();
    this.#clear();
    this.#watch?.release();
  }

  #bind(): void {
    const { soul } = this.#spot;
    const before = this.#watch;
    if (before?.part.node.soul === soul) return;
    this.#clear();
    this.#watch =
      soul === undefined
        ? undefined
        : this.#world.watch({ soul, ...this.#wanted }, (key) => this.#changed(key));
    before?.release();
    this.#scan();
  }

  #clear(): void {
    for (const member of this.#members.values()) {
      this.#events.left(member);
      member.close();
    }
    this.#members.clear();
  }

  #changed(key: string | undefined): void {
    if (key === undefined) return this.#scan();
    const member = this.#members.get(key);
    if (member !== undefined) member.changed();
    else if (!this.#isFixed && this.#watch !== undefined) this.#add(this.#watch.part, key);
  }

  /** Finds the members, when there are any to be found; those that are known may be better known. */
  #scan(): void {
    const part = this.#watch?.part;
    for (const member of this.#members.values()) member.changed();
    if (part === undefined || this.#isFixed) return;
    for (const key of part.node.fields.keys()) if (!this.#members.has(key)) this.#add(part, key);
    this.#isFixed = this.#spot.isFrozen && part.isLoaded;
  }

  #add(part: LivePart, key: string): void {
    const names = this.#wanted.key;
    if (names !== undefined && !matchesNames(key, names)) return;
    if (part.node.valueOf(key) === undefined) return;
    const member = new MemberSpot(this.#spot, part, key);
    this.#members.set(key, member);
    this.#events.entered(member);
  }
}
