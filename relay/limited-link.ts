import { CLOSE } from '../lib/mesh/link.ts';
import { Pacer, type Metered, type PacerParts } from './pacer.ts';

/** A link of some kind of frames, of texts or of log frames, that counts what came in. */
export interface MeteredLink<Heard, Said, Sent> extends Metered {
  readonly name: string;
  /** Bytes that wait to be sent, where that is known. */
  readonly queuedBytes?: number;
  listen(listener: { frame(frame: Heard): void; close(): void }): void;
  send(frame: Said): Sent;
  close(code: number, reason: string): void;
}

/** What a limited link is made of. */
export interface LimitedLinkParts<Heard, Said, Sent> extends Omit<PacerParts, 'link' | 'giveUp'> {
  readonly link: MeteredLink<Heard, Said, Sent>;
  /** Told when the link is gone. */
  readonly onGone: () => void;
}

/**
 * A link whose other side keeps to its allowances, because it is read no faster. One that has to wait noticeably is
 * warned once; one that does so for too long, or could not be stopped in time, is closed with 1013.
 */
export class LimitedLink<Heard extends { readonly length: number } | undefined, Said, Sent> {
  readonly #link: MeteredLink<Heard, Said, Sent>;
  readonly #pacer: Pacer;
  readonly #onGone: () => void;

  constructor(parts: LimitedLinkParts<Heard, Said, Sent>) {
    const { link, onGone } = parts;
    this.#link = link;
    this.#onGone = onGone;
    this.#pacer = new Pacer({ ...parts, giveUp: () => link.close(CLOSE.overloaded, 'too fast') });
  }

  get name(): string {
    return this.#link.name;
  }

  get queuedBytes(): number {
    return this.#link.queuedBytes ?? 0;
  }

  /** Lets somebody else count the messages, of which a frame may have many. */
  countBy(counter: { readonly messages: number }): void {
    this.#pacer.countBy(counter);
  }

  /** Takes over the listener, who hears nothing any more once the link is gone. */
  listen(listener: { frame(frame: Heard): void; close(): void }): void {
    this.#link.listen({
      frame: (frame) => {
        this.#pacer.heard(frame?.length ?? 0);
        if (this.#pacer.isOpen) listener.frame(frame);
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

  send(frame: Said): Sent {
    return this.#link.send(frame);
  }

  close(code: number, reason: string): void {
    this.#link.close(code, reason);
  }

  /** Charges what came since the last time; to be called now and then, for what comes without frames. */
  check(): void {
    this.#pacer.check();
  }
}
