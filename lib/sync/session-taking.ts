import type { LogName } from '../log/heights.ts';
import type { LogReason } from '../log/reasons.ts';
import type { LogShare } from '../store/log-room.ts';
import type { SessionFault } from './session-faults.ts';
import type { SessionParts } from './session-sending.ts';
import { SessionTaker, type TakingSession } from './session-taker.ts';
import type { SeenOperation, TakenOperation, TakeResult } from './sync-store.ts';
import type { TakingLoad } from './taking-load.ts';

/** Reasons to leave an operation out that are nobody's fault: forks, what was given up, and authors without room. */
const HARMLESS: ReadonlySet<string> = new Set(['fork', 'pruned', 'frozen', 'full', 'authors', 'newcomers']);

/** From whom a session takes operations in, and who is told of them. */
export interface SessionTakingOptions {
  /** Key of the node at the other side, as hex; undefined when it does not matter. */
  readonly node?: string | undefined;
  /** False for a side whose new authors are taken while there is room for strangers; true when absent. */
  readonly isInvited?: boolean | undefined;
  /** What such a side may open; as much as there is room for when absent. */
  readonly share?: LogShare | undefined;
  /** Told once when authors of the other side are left out whom a later session may bring. */
  readonly onLeftOut?: (() => void) | undefined;
  /** Told of each operation that was new here. */
  readonly onNew: (operation: TakenOperation) => void;
  /** Told of which log the other side has sent evidence of a fork. */
  readonly onEvidence: (log: LogName) => void;
}

/** What a session takes in of the other side, beside what it sends; what is wrong with it ends the session. */
export class SessionTaking implements TakingSession {
  readonly node: string | undefined;
  readonly isInvited: boolean;
  readonly share: LogShare | undefined;
  readonly #parts: Pick<SessionParts, 'session' | 'store' | 'run'>;
  readonly #options: SessionTakingOptions;
  readonly #load: TakingLoad;
  #count = 0;
  /** True when logs of new authors were left out: what follows in these has nothing to follow. */
  #hasLeftOut = false;

  constructor(
    parts: Pick<SessionParts, 'session' | 'store' | 'run'>,
    load: TakingLoad,
    options: SessionTakingOptions,
  ) {
    this.#parts = parts;
    this.#load = load;
    this.#options = options;
    this.node = options.node;
    this.isInvited = options.isInvited ?? true;
    this.share = options.share;
  }

  /** Operations that were new here. */
  get count(): number {
    return this.#count;
  }

  /** Takes an operation in. */
  take(topic: Uint8Array, header: Uint8Array, body: Uint8Array | undefined, live: boolean): void {
    const bytes = header.length + (body?.length ?? 0);
    this.#load.add(bytes);
    this.#parts.store.take(topic, header, body, new SessionTaker(this, bytes, body !== undefined, live));
  }

  seen(operation: SeenOperation, hasBody: boolean): void {
    this.#parts.session.has(operation, hasBody);
  }

  taken(bytes: number, live: boolean, result: TakeResult | undefined, seen: SeenOperation | undefined): void {
    this.#end(bytes, this.#faultOf(result, live, seen));
  }

  /** Takes evidence of a fork in. */
  async takeEvidence(first: Uint8Array, second: Uint8Array): Promise<void> {
    const bytes = first.length + second.length;
    this.#load.add(bytes);
    let fault: LogReason | SessionFault | undefined;
    try {
      const { onEvidence } = this.#options;
      fault = await this.#parts.store.takeEvidence(first, second, onEvidence, this);
    } catch {
      fault = 'storage';
    }
    this.#end(bytes, fault);
  }

  #end(bytes: number, fault: LogReason | SessionFault | undefined): void {
    this.#load.remove(bytes);
    if (fault !== undefined) this.#parts.run(this.#parts.session.fail(fault));
  }

  #faultOf(
    taken: TakeResult | undefined,
    live: boolean,
    seen: SeenOperation | undefined,
  ): LogReason | SessionFault | undefined {
    if (taken === undefined) return 'storage';
    if (!taken.ok) {
      if (seen !== undefined) this.#parts.session.leftOut(seen);
      return this.#isHarmless(taken.reason, live) ? undefined : taken.reason;
    }
    try {
      this.#took(taken.value);
    } catch {
      return 'storage';
    }
    return undefined;
  }

  #took(operation: TakenOperation): void {
    this.#parts.session.took(operation);
    if (operation.known) return;
    this.#count += 1;
    this.#options.onNew(operation);
  }

  /**
   * A branch that parts too far back for a side branch has no place here. Once live it may only be that the fork is not
   * known yet, which another session finds out.
   */
  #isHarmless(reason: LogReason | SessionFault, live: boolean): boolean {
    if (reason === 'newcomers' && !this.#hasLeftOut) {
      this.#hasLeftOut = true;
      this.#options.onLeftOut?.();
    }
    const hasNothingToFollow = reason === 'gap' && this.#hasLeftOut;
    return HARMLESS.has(reason) || (reason === 'backlink' && !live) || hasNothingToFollow;
  }
}
