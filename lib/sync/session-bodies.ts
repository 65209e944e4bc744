import type { LogName } from '../log/heights.ts';
import { BodySearch } from './body-search.ts';
import { OwedBodies } from './owed-bodies.ts';
import type { SessionParts, SessionSending } from './session-sending.ts';
import type { LackingBodies, OutgoingOperation } from './sync-store.ts';
import type { TakingLoad } from './taking-load.ts';

/** The bodies that one side of a session asks the other one for, in both directions. */
export class SessionBodies {
  readonly #parts: Pick<SessionParts, 'session' | 'store' | 'run'>;
  readonly #sending: Pick<SessionSending, 'later' | 'idle' | 'send'>;
  readonly #load: TakingLoad;
  readonly #search: BodySearch;
  readonly #owed = new OwedBodies();

  constructor(
    parts: Pick<SessionParts, 'session' | 'store' | 'run'>,
    sending: Pick<SessionSending, 'later' | 'idle' | 'send'>,
    load: TakingLoad,
  ) {
    this.#parts = parts;
    this.#sending = sending;
    this.#load = load;
    this.#search = new BodySearch(parts.store);
  }

  /** Asks for some of the bodies that are lacking here. */
  ask(): void {
    this.#sending.later(async () => {
      const lacking = await this.#search.next();
      if (lacking !== undefined) this.#parts.run(this.#parts.session.ask(lacking));
    });
  }

  /** Asks on once what came in answer is taken in. */
  async askOn(): Promise<void> {
    await this.#load.idle();
    if (this.#search.goesOn()) this.ask();
  }

  /** Counts a body that came. */
  came(): void {
    this.#search.came();
  }

  /** Sends what is held of some bodies, after what is being sent; who asks for much meanwhile is not read. */
  give(topic: Uint8Array, bodies: LackingBodies): void {
    this.#load.add(0);
    this.#sending.later(async () => {
      for (const place of bodies.places) await this.#giveAt(topic, bodies, place);
      this.#parts.run(this.#parts.session.gave());
    });
    void this.#sending.idle().then(() => this.#load.remove(0));
  }

  async #giveAt(topic: Uint8Array, { author, log }: LogName, place: number): Promise<void> {
    const held = (await this.#parts.store.at?.(topic, { author, log }, place)) ?? [];
    const whole = held.filter(({ body }) => body !== undefined);
    if (whole.length === 0) this.#owed.add({ author, log }, place);
    for (const operation of whole) await this.#sending.send(operation);
  }

  /** True for an operation that brings a body which the other side asked for in vain; it is owed no more then. */
  settle(operation: OutgoingOperation): boolean {
    return this.#owed.settle(operation);
  }
}
