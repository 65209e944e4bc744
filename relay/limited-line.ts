import { CLOSE } from '../lib/mesh/link.ts';
import type { LogFrame } from '../lib/sync/log-frames.ts';
import type { LogSocketListener, LogWire } from './log-socket.ts';
import { Pacer, type Metered, type PacerParts } from './pacer.ts';

/** What a limited line is made of. */
export interface LimitedLineParts extends Omit<PacerParts, 'link' | 'warn' | 'giveUp' | 'tooFastMs'> {
  readonly wire: LogWire & Metered;
  /** Told when the line is gone. */
  readonly onGone: () => void;
}

/**
 * A line of log frames that is read no faster than its other side's allowances let it. Who has much to catch up with is
 * slowed down for as long as that takes: only who could not be stopped in time is closed, with 1013.
 */
export class LimitedLine implements LogWire {
  readonly #wire: LogWire;
  readonly #pacer: Pacer;
  readonly #onGone: () => void;

  constructor(parts: LimitedLineParts) {
    const { wire, onGone } = parts;
    this.#wire = wire;
    this.#onGone = onGone;
    this.#pacer = new Pacer({
      ...parts,
      link: wire,
      tooFastMs: Infinity,
      warn: () => undefined,
      giveUp: () => wire.close(CLOSE.overloaded, 'too fast'),
    });
  }

  get name(): string {
    return this.#wire.name;
  }

  listen(listener: LogSocketListener): void {
    this.#wire.listen({
      frame: (bytes) => {
        this.#pacer.heard(bytes?.length ?? 0);
        if (this.#pacer.isOpen) listener.frame(bytes);
      },
      close: () => {
        this.#pacer.close();
        this.#onGone();
        listener.close();
      },
    });
  }

  pause(): void {
    this.#pacer.pause();
  }

  resume(): void {
    this.#pacer.resume();
  }

  send(frame: LogFrame): Promise<void> | void {
    return this.#wire.send(frame);
  }

  close(code: number, reason: string): void {
    this.#wire.close(code, reason);
  }

  /** Charges what came since the last time; to be called now and then, for pings. */
  check(): void {
    this.#pacer.check();
  }
}
