import { randomId } from '../lib/base/random.ts';
import { CLOSE, type Frame, type Link, type LinkListener } from '../lib/mesh/link.ts';
import { encodeFrameError } from '../lib/wire/codec.ts';
import { Pacer, type Metered, type PacerParts } from './pacer.ts';

const NOTICE = 'too fast: this relay reads you more slowly for now';

/** A link that counts what came in; frames that are no texts are its noise. */
export interface MeteredLink extends Link, Metered {}

/** What a limited link is made of. */
export interface LimitedLinkParts extends Omit<PacerParts, 'link' | 'warn' | 'giveUp'> {
  readonly link: MeteredLink;
  /** Told when the link is gone. */
  readonly onGone: () => void;
}

/**
 * A link whose other side keeps to its allowances, because it is read no faster. One that has to wait
 * noticeably is told so once; one that does so for too long, or could not be stopped in time, is closed with 1013.
 */
export class LimitedLink implements Link {
  readonly #link: MeteredLink;
  readonly #pacer: Pacer;
  readonly #onGone: () => void;

  constructor(parts: LimitedLinkParts) {
    const { link, onGone } = parts;
    this.#link = link;
    this.#onGone = onGone;
    this.#pacer = new Pacer({
      ...parts,
      warn: () => link.send({ text: encodeFrameError(randomId(), NOTICE) }),
      giveUp: () => link.close(CLOSE.overloaded, 'too fast'),
    });
  }

  get name(): string {
    return this.#link.name;
  }

  get queuedBytes(): number {
    return this.#link.queuedBytes;
  }

  /** Lets somebody else count the messages, of which a frame may have many. */
  countBy(counter: { readonly messages: number }): void {
    this.#pacer.countBy(counter);
  }

  listen(listener: LinkListener): void {
    this.#link.listen({
      frame: (text) => {
        this.#pacer.heard(text.length);
        if (this.#pacer.isOpen) listener.frame(text);
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

  send(frame: Frame): void {
    this.#link.send(frame);
  }

  close(code: number, reason: string): void {
    this.#link.close(code, reason);
  }

  /** Charges what came since the last time; to be called now and then, for what comes without texts. */
  check(): void {
    this.#pacer.check();
  }
}
