import type { GraphCore } from '../api/core.ts';
import type { LiveNode, LivePart, Watch } from '../api/live-nodes.ts';
import { EVERYTHING } from '../api/path-follower.ts';
import type { Entry } from '../graph/write.ts';
import { gunNode, type Property } from './values.ts';
import { MadeSpot, type Spot, type WatchPart } from './spots.ts';

/** How long `once` waits for peers to confirm what is here already, in milliseconds. */
const CONFIRM_MS = 1000;

/** When a listener is told, with Gun's names. */
export type Telling =
  /** What is there, and each change; nothing is no news. */
  | 'on'
  /** The same, and also that there is nothing. */
  | 'get'
  /** One time, when it is known. */
  | 'once';

/** What a listener is shown. */
export interface Shown {
  readonly spot: Spot;
  /** A value, a node with its `_`, or undefined for nothing. */
  readonly data: unknown;
  /** The keys of a node that are new or changed; undefined for a value. */
  readonly changed: readonly string[] | undefined;
}

/** What a display needs of the graph. */
export interface DisplayWorld {
  readonly core: GraphCore;
  readonly watch: WatchPart;
  /** True when nobody is waited for who could know more of some parts. */
  isKnown(parts: Iterable<LivePart>): boolean;
  /** Longest wait for an answer, in milliseconds. */
  readonly lackMs: number;
  /** Has the display drawn with the others that changed. */
  dirty(display: Display): void;
  /** Has a display drawn when the graph's peers come or go. */
  readonly unsettled: Set<Display>;
}

/** How a display tells. */
export interface DisplayOptions {
  readonly telling: Telling;
  /** True when `once` and `get` also tell that there is nothing. */
  readonly tellsNothing: boolean;
  /** What was deleted before anybody looked is not told. */
  readonly skipsNull: boolean;
  /** How long `once` waits for peers to confirm what is here, in milliseconds. */
  readonly waitMs?: number | undefined;
  readonly tell: (shown: Shown) => void;
}

const NOTHING: ReadonlyMap<string, Entry> = new Map();

/** Shows a listener what is at one spot: the value, or the node with all its properties, and how that changes. */
export class Display {
  readonly spot: Spot;
  readonly #world: DisplayWorld;
  readonly #options: DisplayOptions;
  readonly #stop: () => void;
  #node: Watch | undefined;
  #isReady = true;
  #isClosed = false;
  #hasTold = false;
  #last: unknown;
  #lastSoul: string | undefined;
  #lastHolder: string | undefined;
  #entries: ReadonlyMap<string, Entry> = NOTHING;
  #version = -1;
  #timers: ReturnType<typeof setTimeout>[] = [];
  /** True when no answer is waited for any more; what is here is told sooner. */
  #isLate = false;
  #isLateToConfirm = false;

  /** @param after a wait before anything is told for good: earlier writes are on their way */
  constructor(world: DisplayWorld, spot: Spot, options: DisplayOptions, after?: Promise<void>) {
    this.#world = world;
    this.spot = spot;
    this.#options = options;
    this.#stop = spot.watch(() => this.#bind());
    if (after !== undefined) this.#wait(after);
    if (options.telling !== 'on') world.unsettled.add(this);
    if (options.telling !== 'on') this.#later(world.lackMs, () => (this.#isLate = true));
    this.#bind();
  }

  close(): void {
    this.#isClosed = true;
    this.#stop();
    this.#settle();
    this.#node?.release();
    this.#node = undefined;
  }

  /** Tells what is new, if it is time. */
  draw(): void {
    if (this.#isClosed || !this.spot.isLoaded || this.#node?.part.isLoaded === false) return;
    const { telling } = this.#options;
    if (telling === 'get') this.#noteMove();
    if (telling === 'once') this.#drawOnce();
    else if (!this.#isNothing()) this.#drawChange();
    else if (this.#mayTellNothing()) this.#tell(undefined, undefined);
    else if (telling === 'on' && this.#hasTold) this.#forget();
  }

  #wait(after: Promise<void>): void {
    this.#isReady = false;
    const go = (): void => {
      this.#isReady = true;
      this.#world.dirty(this);
    };
    void after.then(go);
  }

  #bind(): void {
    const { soul } = this.spot;
    const before = this.#node;
    if (before?.part.node.soul !== soul) {
      const changed = (): void => this.#world.dirty(this);
      this.#node = soul === undefined ? undefined : this.#world.watch({ soul, ...EVERYTHING }, changed);
      before?.release();
    }
    this.#world.dirty(this);
  }

  #drawOnce(): void {
    if (!this.#isReady) return;
    const { waitMs, tellsNothing } = this.#options;
    const isSettled = this.#isLate || this.#isSettled();
    if (this.#isNothing()) {
      if (isSettled && tellsNothing) this.#end();
      return;
    }
    if (this.#options.skipsNull && this.spot.value === null) return;
    if (isSettled || this.#isLateToConfirm) return this.#end();
    if (this.#timers.length < 2) this.#later(waitMs ?? CONFIRM_MS, () => (this.#isLateToConfirm = true));
  }

  #end(): void {
    this.#settle();
    const node = this.#node?.part.node;
    const isNothing = this.#isNothing();
    this.#tell(isNothing ? undefined : this.#dataOf(node), undefined);
    this.close();
  }

  #drawChange(): void {
    const node = this.#node?.part.node;
    if (node === undefined) return this.#drawValue();
    if (this.#hasTold && this.#lastSoul === node.soul && this.#version === node.version) return;
    const before = this.#lastSoul === node.soul ? this.#entries : NOTHING;
    const changed = changedKeys(before, node.fields);
    const isSame = this.#hasTold && this.#lastSoul === node.soul && changed.length === 0;
    this.#version = node.version;
    if (isSame) return;
    this.#entries = new Map(node.fields);
    this.#lastSoul = node.soul;
    this.#tell(this.#dataOf(node), changed);
  }

  #drawValue(): void {
    const value = this.#valueHere();
    if (value === null && this.#options.skipsNull && !this.#hasTold) return;
    if (this.#hasTold && this.#lastSoul === undefined && value === this.#last) return;
    this.#forget();
    this.#last = value;
    this.#tell(value, undefined);
  }

  #tell(data: unknown, changed: readonly string[] | undefined): void {
    this.#hasTold = true;
    this.#settle();
    if (data === undefined) this.#forget();
    try {
      this.#options.tell({ spot: this.spot, data, changed });
    } catch (error) {
      this.#world.core.fail(error);
    }
  }

  /** What comes is new, whatever it was before. */
  #forget(): void {
    this.#last = undefined;
    this.#lastSoul = undefined;
    this.#entries = NOTHING;
    this.#version = -1;
  }

  /** A property of another node than before: what the first one had is not here any more, whatever comes. */
  #noteMove(): void {
    const { holder } = this.spot;
    const hasMoved = this.#lastHolder !== undefined && holder !== this.#lastHolder;
    this.#lastHolder = holder;
    if (hasMoved && this.#hasSomething) this.#tell(undefined, undefined);
  }

  get #hasSomething(): boolean {
    return this.#last !== undefined || this.#lastSoul !== undefined;
  }

  #mayTellNothing(): boolean {
    if (this.#options.telling !== 'get' || !this.#isReady || !this.#options.tellsNothing) return false;
    return this.#hasTold ? this.#hasSomething : this.#isLate || this.#isSettled();
  }

  #isNothing(): boolean {
    const node = this.#node?.part.node;
    return node === undefined ? this.#valueHere() === undefined : node.fields.size === 0;
  }

  #valueHere(): unknown {
    return this.spot instanceof MadeSpot && this.spot.made !== undefined ? this.spot.made : this.spot.value;
  }

  #dataOf(node: LiveNode | undefined): unknown {
    return node === undefined ? this.#valueHere() : gunNode(node.soul, propertiesOf(node));
  }

  #isSettled(): boolean {
    return this.#world.isKnown(this.#parts());
  }

  *#parts(): Generator<LivePart> {
    yield* this.spot.parts();
    if (this.#node !== undefined) yield this.#node.part;
  }

  #later(delayMs: number, note: () => void): void {
    this.#timers.push(
      setTimeout(() => {
        note();
        this.#world.dirty(this);
      }, delayMs),
    );
  }

  #settle(): void {
    this.#world.unsettled.delete(this);
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers = [];
  }
}

/** The properties of a node, as far as they mean anything. */
export function propertiesOf(node: LiveNode): Property[] {
  const properties: Property[] = [];
  for (const [key, { state }] of node.fields) {
    const value = node.valueOf(key);
    if (value !== undefined) properties.push({ key, value, state });
  }
  return properties;
}

function changedKeys(before: ReadonlyMap<string, Entry>, now: ReadonlyMap<string, Entry>): string[] {
  const changed: string[] = [];
  for (const [key, { json }] of now) if (before.get(key)?.json !== json) changed.push(key);
  return changed;
}
