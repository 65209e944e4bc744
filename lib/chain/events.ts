import type { Anything } from './anything.ts';

/** What listens under names, as Gun's `on` has it: one listener after the other, each handing on to the next. */
export interface EventOwner {
  on: EventOn;
  /** The lines of listeners by name, made when the first one comes. */
  tag?: Record<string, EventLine>;
}

/** One listener in its line; what it is called on. */
export interface EventTurn<T = unknown> {
  /** The next listener; what is not handed on to it goes no further. */
  to: { next(message: T): void };
  /** What was given beside the listener. */
  readonly as: unknown;
  /** The object that the listener was given to. */
  readonly on: EventOwner;
  next(message: T): void;
  /** Leaves the line. */
  off(): void;
}

/** A listener. */
export type EventListener<T = never> = (this: EventTurn<T>, message: T, turn: EventTurn<T>) => void;

/** The listeners under one name, in the order in which they came. */
export interface EventLine {
  /** The first of them. */
  to: { next(message: unknown): void };
  /** The object they were given to. */
  readonly on: EventOwner;
}

/** Who gets a message that was sent along a line, also when a listener hands it on later. */
const ends = new WeakMap<object, (message: never) => void>();

/** The listeners of one name. */
class Line implements EventLine {
  to: { next(message: unknown): void };
  readonly turns: Turn[] = [];
  readonly end: { next(message: unknown): void; last?: (message: never) => void } = {
    next: (message) => (ends.get(message as object) ?? this.end.last)?.(message as never),
  };

  readonly on: EventOwner;

  constructor(owner: EventOwner) {
    this.to = this.end;
    this.on = owner;
  }

  /** Joins what is left of the line. */
  join(): void {
    let to: { next(message: unknown): void } = this.end;
    for (const turn of this.turns.toReversed()) {
      turn.to = to;
      to = turn;
    }
    this.to = to;
  }
}

/** One listener of a line. */
class Turn implements EventTurn {
  to: { next(message: unknown): void };
  readonly as: unknown;
  readonly on: EventOwner;
  readonly #line: Line;
  readonly #listener: EventListener;
  #isOff = false;

  constructor(line: Line, listener: EventListener, owner: EventOwner, as: unknown) {
    this.#line = line;
    this.#listener = listener;
    this.to = line.end;
    this.on = owner;
    this.as = as;
  }

  next(message: unknown): void {
    if (this.#isOff) return this.to.next(message);
    (this.#listener as EventListener<unknown>).call(this, message, this);
  }

  off(): void {
    if (this.#isOff) return;
    this.#isOff = true;
    this.#line.turns.splice(this.#line.turns.indexOf(this), 1);
    // A message that is here now still goes on to those behind.
    const { to } = this;
    this.#line.join();
    this.to = to;
  }
}

/** Gun's `on`, to be a method of anything. */
export interface EventOn {
  /** Listens under a name. */
  <T = Anything>(this: EventOwner, name: string, listener: EventListener<T>, as?: unknown): EventTurn<T>;
  /** Tells the first listener of a name; gives the line of them all. */
  (this: EventOwner, name: string, message?: unknown): EventLine;
}

/** Gun's `on`: with a function it listens, with another value it tells the listeners. */
export const on: EventOn = onNamed as EventOn;

function onNamed(this: EventOwner, name: string, arg?: unknown, as?: unknown): EventTurn | EventLine {
  const line = lineOf(this, name);
  if (typeof arg !== 'function') {
    if (arg !== undefined) line.to.next(arg);
    return line;
  }
  const turn = new Turn(line, arg as EventListener, this, as);
  line.turns.push(turn);
  line.join();
  return turn;
}

/** True when anybody listens under the name. */
export function hasListeners(owner: EventOwner, name: string): boolean {
  return (
    (owner.tag?.[name] as Line | undefined)?.turns.length !== undefined &&
    lineOf(owner, name).turns.length > 0
  );
}

/** Sends a message along the listeners of a name; `end` gets what the last of them handed on. */
export function pass<T>(owner: EventOwner, name: string, message: T, end: (message: T) => void): void {
  if (!hasListeners(owner, name)) return end(message);
  const line = lineOf(owner, name);
  const { last } = line.end;
  line.end.last = end;
  if (typeof message === 'object' && message !== null) ends.set(message, end);
  try {
    line.to.next(message);
  } finally {
    // A listener may hand another message on later; then the last end that was given gets it.
    if (last !== undefined) line.end.last = last;
  }
}

/** Says who gets what the last listener of a name hands on, where nothing else is said by {@link pass}. */
export function endOf(owner: EventOwner, name: string, end: (message: unknown) => void): void {
  lineOf(owner, name).end.last = end;
}

function lineOf(owner: EventOwner, name: string): Line {
  owner.tag ??= Object.create(null) as Record<string, EventLine>;
  return (owner.tag[name] ??= new Line(owner)) as Line;
}
