import type { LogName } from '../log/heights.ts';
import type { OutgoingOperation } from './sync-store.ts';

/** Bodies that are owed to the other side at once; what it asks for beyond them it has to ask for again. */
const MOST_OWED = 1024;

/** Bodies that the other side of a session asked for when they were not here, by log and place: it gets them when they come. */
export class OwedBodies {
  readonly #places = new Set<string>();

  /** Notes that one was asked for, while there is room. */
  add({ author, log }: LogName, place: number): void {
    if (this.#places.size < MOST_OWED) this.#places.add(`${author}${log}${place}`);
  }

  /** True for an operation that brings a body which is owed; it is owed no more then. */
  settle(operation: OutgoingOperation): boolean {
    // Nearly always nothing is owed, and names cost to be made.
    return this.#places.size > 0 && this.#settle(operation);
  }

  #settle({ author, log, sequence, body }: OutgoingOperation): boolean {
    return body !== undefined && this.#places.delete(`${author}${log}${sequence}`);
  }
}
