/** Links joined in memory: a plain pair, and a network whose faults and time a test controls. */
import { utf8Length } from '../lib/base/bytes.ts';
import type { Clock } from '../lib/base/clock.ts';
import type { Frame, Link, LinkListener } from '../lib/mesh/link.ts';
import type { Timers } from './websocket-link.ts';

/** One direction of a link. */
interface Way {
  /** Takes a frame: calls `arrive` later, once or more. False when the frame is lost. */
  carry(arrive: () => void): boolean;
  /** Calls `arrive` once, after every frame that was taken before. */
  carryEnd(arrive: () => void): void;
}

/** A frame that has come. */
interface Arrival {
  readonly text: string;
  /** It waits no more: its sender may forget it. */
  readonly leave: () => void;
}

class LoopbackLink implements Link {
  readonly name: string;
  readonly #way: Way;
  readonly #waiting: Arrival[] = [];
  #far: LoopbackLink | undefined;
  #listener: LinkListener | undefined;
  #queuedBytes = 0;
  #isPaused = false;
  #isOpen = true;

  /** @param way where frames of this side go */
  constructor(name: string, way: Way) {
    this.name = name;
    this.#way = way;
  }

  static join(names: readonly [string, string], ways: readonly [Way, Way]): [LoopbackLink, LoopbackLink] {
    const near = new LoopbackLink(names[1], ways[0]);
    const far = new LoopbackLink(names[0], ways[1]);
    near.#far = far;
    far.#far = near;
    return [near, far];
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  get isPaused(): boolean {
    return this.#isPaused;
  }

  get queuedBytes(): number {
    return this.#queuedBytes;
  }

  listen(listener: LinkListener): void {
    this.#listener = listener;
    this.#deliver();
    if (!this.#isOpen) listener.close();
  }

  pause(): void {
    this.#isPaused = true;
  }

  resume(): void {
    this.#isPaused = false;
    queueMicrotask(() => this.#deliver());
  }

  send({ text }: Frame): void {
    if (!this.#isOpen) return;
    const bytes = utf8Length(text);
    this.#queuedBytes += bytes;
    let isQueued = true;
    const leave = (): void => {
      if (isQueued) this.#queuedBytes -= bytes;
      isQueued = false;
    };
    const isTaken = this.#way.carry(() => {
      if (this.#far?.isPaused !== true) leave();
      this.#far?.receive({ text, leave });
    });
    if (!isTaken) leave();
  }

  close(): void {
    if (!this.#isOpen) return;
    this.#way.carryEnd(() => this.#far?.end());
    this.end();
  }

  /** The link is gone on this side, whoever ended it. */
  end(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#listener?.close();
  }

  /** A frame came from the other side. */
  receive(arrival: Arrival): void {
    this.#waiting.push(arrival);
    this.#deliver();
  }

  #deliver(): void {
    while (this.#waiting.length > 0 && !this.#isOpen) this.#waiting.shift()!.leave();
    while (this.#waiting.length > 0 && this.#listener !== undefined && !this.#isPaused) {
      const { text, leave } = this.#waiting.shift()!;
      leave();
      this.#listener.frame(text);
    }
  }
}

/** The names of the two sides; each link carries the name of the other one. */
export interface LoopbackPairOptions {
  readonly names?: readonly [string, string];
}

/** Two links joined in memory: what one sends, the other hears in the next microtask, in order. */
export function loopbackPair({ names = ['near', 'far'] }: LoopbackPairOptions = {}): [Link, Link] {
  const way: Way = {
    carry(arrive) {
      queueMicrotask(arrive);
      return true;
    },
    carryEnd: queueMicrotask,
  };
  return LoopbackLink.join(names, [way, way]);
}

/** How a link of a network treats its frames, the same in both directions. */
export interface LinkConditions {
  /** Shortest and longest time on the way, in whole milliseconds. Default 0, and as long as the shortest. */
  readonly minDelayMs?: number;
  readonly maxDelayMs?: number;
  /** Probability that a frame is lost, 0 to 1. Default 0. */
  readonly loss?: number;
  /** Probability that a frame arrives twice, 0 to 1. Default 0. */
  readonly duplication?: number;
  /** True to let a frame overtake an earlier one. Default false. */
  readonly reorder?: boolean;
}

/** Conditions of every link of the network, unless it is joined with its own. */
export interface LoopbackNetworkOptions extends LinkConditions {
  /** Decides every delay and fault; the same seed and the same calls give the same run. */
  readonly seed: number;
  /** Virtual time at the beginning, in milliseconds since 1970. Default 1 750 000 000 000. */
  readonly startMs?: number;
  /** Lets pending promises settle between two events. Default: one turn of the event loop. */
  readonly settle?: () => Promise<void>;
}

interface Event {
  readonly dueMs: number;
  readonly run: () => void;
}

interface Joined {
  readonly names: readonly [string, string];
  readonly links: readonly [LoopbackLink, LoopbackLink];
}

const START_MS = 1_750_000_000_000;
const LONGEST_RUN_MS = 600_000;

/**
 * Links between named peers over virtual time: delay, loss, duplication, reordering, partition and healing.
 *
 * Nothing happens by itself: `advance` and `run` move the time, event by event. Events of one instant keep
 * the order in which they were asked for.
 */
export class LoopbackNetwork {
  /** The virtual time, for whatever needs a clock. */
  readonly clock: Clock = () => this.#nowMs;
  /** Timers over the virtual time. */
  readonly timers: Timers = {
    setTimeout: (run, delayMs) => this.#at(this.#nowMs + Math.max(0, delayMs), run),
    clearTimeout: (timer) => {
      this.#events = this.#events.filter((event) => event !== timer);
    },
  };

  readonly #defaults: LinkConditions;
  readonly #settle: () => Promise<void>;
  #nowMs: number;
  #state: number;
  /** Sorted by time, then by order of arrival. */
  #events: Event[] = [];
  #joined: Joined[] = [];
  #sideByName = new Map<string, number>();
  #cut: 'close' | 'lose' | undefined;

  constructor({ seed, startMs = START_MS, settle = oneTurn, ...conditions }: LoopbackNetworkOptions) {
    this.#defaults = conditions;
    this.#settle = settle;
    this.#nowMs = startMs;
    this.#state = Math.trunc(seed);
  }

  /** The next number of the seeded generator, from 0 up to but without 1 (mulberry32). */
  random(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }

  /** Runs a task at this instant, after what is due already. */
  schedule(task: () => void): void {
    this.#at(this.#nowMs, task);
  }

  /**
   * Joins two peers; the first link belongs to `a`, the second to `b`.
   *
   * Across a closing partition both links are closed from the beginning.
   */
  connect(a: string, b: string, conditions: LinkConditions = {}): [Link, Link] {
    const effective = { ...this.#defaults, ...conditions };
    const links = LoopbackLink.join([a, b], [this.#way(a, b, effective), this.#way(a, b, effective)]);
    if (this.#cut === 'close' && this.#areApart(a, b)) endBoth(links);
    this.#joined = this.#joined.filter((joined) => joined.links.some((link) => link.isOpen));
    this.#joined.push({ names: [a, b], links });
    return links;
  }

  /**
   * Parts the peers into groups; those in no group form one of their own. A new partition replaces the old.
   *
   * @param mode `close` ends the links between groups on both sides; `lose` keeps them and loses each frame
   */
  partition(groups: readonly (readonly string[])[], mode: 'close' | 'lose'): void {
    this.#sideByName = new Map(groups.flatMap((group, side) => group.map((name) => [name, side] as const)));
    this.#cut = mode;
    if (mode === 'lose') return;
    for (const { names, links } of this.#joined) if (this.#areApart(...names)) endBoth(links);
  }

  /** Ends the partition. Links that were closed stay closed; join the peers again. */
  heal(): void {
    this.#cut = undefined;
  }

  /** Moves the time on, with all that happens until then. */
  async advance(ms: number): Promise<void> {
    const untilMs = this.#nowMs + ms;
    while (await this.#step(untilMs));
    this.#nowMs = untilMs;
  }

  /**
   * Moves the time on until nothing is left to happen.
   *
   * @returns false when something was still to come after `limitMs`, as with timers that renew themselves
   */
  async run(limitMs: number = LONGEST_RUN_MS): Promise<boolean> {
    const untilMs = this.#nowMs + limitMs;
    while (await this.#step(untilMs));
    return this.#events.length === 0;
  }

  /** Lets the next event happen; false when there is none until then. */
  async #step(untilMs: number): Promise<boolean> {
    await this.#settle();
    const next = this.#events[0];
    if (next === undefined || next.dueMs > untilMs) return false;
    this.#events.shift();
    this.#nowMs = next.dueMs;
    next.run();
    return true;
  }

  #at(dueMs: number, run: () => void): Event {
    const event = { dueMs, run };
    let place = this.#events.length;
    while (place > 0 && this.#events[place - 1]!.dueMs > dueMs) place -= 1;
    this.#events.splice(place, 0, event);
    return event;
  }

  #areApart(a: string, b: string): boolean {
    return this.#cut !== undefined && this.#sideByName.get(a) !== this.#sideByName.get(b);
  }

  #way(a: string, b: string, conditions: LinkConditions): Way {
    const {
      minDelayMs = 0,
      maxDelayMs = minDelayMs,
      loss = 0,
      duplication = 0,
      reorder = false,
    } = conditions;
    let latestMs = 0;
    const carryOnce = (arrive: () => void): void => {
      const dueMs = this.#nowMs + minDelayMs + Math.floor(this.random() * (maxDelayMs - minDelayMs + 1));
      const orderedMs = Math.max(latestMs, dueMs);
      latestMs = orderedMs;
      this.#at(reorder ? dueMs : orderedMs, arrive);
    };
    return {
      carry: (arrive) => {
        if (this.random() < loss || this.#areApart(a, b)) return false;
        const isTwice = this.random() < duplication;
        const arriveUnlessApart = (): void => {
          if (!this.#areApart(a, b)) arrive();
        };
        carryOnce(arriveUnlessApart);
        if (isTwice) carryOnce(arriveUnlessApart);
        return true;
      },
      carryEnd: (arrive) => {
        this.#at(Math.max(latestMs, this.#nowMs + minDelayMs), arrive);
      },
    };
  }
}

function endBoth(links: readonly LoopbackLink[]): void {
  for (const link of links) link.end();
}

/** Waits until every promise that can settle without timers or input has settled. */
function oneTurn(): Promise<void> {
  const { setImmediate } = globalThis as {
    setImmediate?: (run: () => void) => void;
  };
  return new Promise((resolve) => {
    if (setImmediate !== undefined) return setImmediate(resolve);
    const { port1, port2 } = new MessageChannel();
    port1.addEventListener('message', () => {
      port1.close();
      resolve();
    });
    port1.start();
    port2.postMessage(0);
  });
}
