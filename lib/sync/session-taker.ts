import type { LogShare } from '../store/log-room.ts';
import type { SeenOperation, Taker, TakeResult } from './sync-store.ts';

/** What a session has to do with the operations that it takes in. */
export interface TakingSession {
  readonly node: string | undefined;
  readonly isInvited: boolean;
  /** What it may open otherwise; as much as there is room for when undefined. */
  readonly share?: LogShare | undefined;
  seen(operation: SeenOperation, hasBody: boolean): void;
  /**
   * Told of so many bytes what became of them; undefined when that cannot be decided.
   *
   * @param seen which operation it is, where that was found out
   */
  taken(bytes: number, live: boolean, result: TakeResult | undefined, seen: SeenOperation | undefined): void;
}

/** An operation that a session takes in, on its way. */
export class SessionTaker implements Taker {
  readonly #session: TakingSession;
  readonly #bytes: number;
  readonly #hasBody: boolean;
  readonly #live: boolean;
  #seen: SeenOperation | undefined;

  constructor(session: TakingSession, bytes: number, hasBody: boolean, live: boolean) {
    this.#session = session;
    this.#bytes = bytes;
    this.#hasBody = hasBody;
    this.#live = live;
  }

  get node(): string | undefined {
    return this.#session.node;
  }

  get isInvited(): boolean {
    return this.#session.isInvited;
  }

  get share(): LogShare | undefined {
    return this.#session.share;
  }

  seen(operation: SeenOperation): void {
    this.#seen = operation;
    this.#session.seen(operation, this.#hasBody);
  }

  settle(result: TakeResult): void {
    this.#session.taken(this.#bytes, this.#live, result, this.#seen);
  }

  fail(): void {
    this.#session.taken(this.#bytes, this.#live, undefined, this.#seen);
  }
}
