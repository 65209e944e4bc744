/** Links for specs of the mesh: one without a wire, where the spec plays the other side, and one that listens in. */
import type { Frame, Link, LinkListener } from '../../lib/mesh/link.ts';
import type { RawMessage } from './raw-peer.ts';

/** The messages in the texts of frames, unpacked from arrays. */
export function messagesIn(texts: Iterable<string>): RawMessage[] {
  return [...texts].flatMap((text) => {
    const parsed = JSON.parse(text) as RawMessage | RawMessage[];
    return Array.isArray(parsed) ? parsed : [parsed];
  });
}

/** Keeps the frames it is given; the spec says what the other side says. */
export class RecordingLink implements Link {
  readonly name: string;
  /** Every frame so far, as the object that was sent. */
  readonly frames: Frame[] = [];
  /** How this side closed it. */
  closedWith: { readonly code: number; readonly reason: string } | undefined = undefined;
  /** Bytes that the other side has not read; grows by itself while {@link isStuck}. */
  queuedBytes = 0;
  /** True when the other side reads nothing. */
  isStuck = false;
  /** True while this side does not read. */
  isPaused = false;
  #listener: LinkListener | undefined;
  #isGone = false;
  #taken = 0;

  constructor(name: string) {
    this.name = name;
  }

  listen(listener: LinkListener): void {
    this.#listener = listener;
    if (this.#isGone) listener.close();
  }

  pause(): void {
    this.isPaused = true;
  }

  resume(): void {
    this.isPaused = false;
  }

  send(frame: Frame): void {
    if (this.#isGone) return;
    this.frames.push(frame);
    if (this.isStuck) this.queuedBytes += frame.text.length;
  }

  close(code: number, reason: string): void {
    this.closedWith ??= { code, reason };
    this.hangUp();
  }

  /** The other side says messages, several of them in one array. */
  say(...messages: readonly RawMessage[]): void {
    this.sayText(JSON.stringify(messages.length === 1 ? messages[0] : messages));
  }

  /** The other side sends a frame. */
  sayText(text: string): void {
    this.#listener?.frame(text);
  }

  /** The link is gone. */
  hangUp(): void {
    if (this.#isGone) return;
    this.#isGone = true;
    this.#listener?.close();
  }

  /** The other side reads all that waits. */
  read(): void {
    this.isStuck = false;
    this.queuedBytes = 0;
  }

  /** Every message the other side was sent. */
  get heard(): RawMessage[] {
    return messagesIn(this.frames.map(({ text }) => text));
  }

  /** The messages since the last call. */
  news(): RawMessage[] {
    const frames = this.frames.slice(this.#taken);
    this.#taken = this.frames.length;
    return messagesIn(frames.map(({ text }) => text));
  }
}

/** Passes everything on to another link and keeps the texts that were sent. */
export class TappedLink implements Link {
  readonly sent: string[] = [];
  /** False once this side knows that the link is gone. */
  isOpen = true;
  readonly #inner: Link;

  constructor(inner: Link) {
    this.#inner = inner;
  }

  get name(): string {
    return this.#inner.name;
  }

  get queuedBytes(): number {
    return this.#inner.queuedBytes;
  }

  listen(listener: LinkListener): void {
    this.#inner.listen({
      frame: (text) => listener.frame(text),
      close: () => {
        this.isOpen = false;
        listener.close();
      },
    });
  }

  pause(): void {
    this.#inner.pause();
  }

  resume(): void {
    this.#inner.resume();
  }

  send(frame: Frame): void {
    if (this.isOpen) this.sent.push(frame.text);
    this.#inner.send(frame);
  }

  close(code: number, reason: string): void {
    this.isOpen = false;
    this.#inner.close(code, reason);
  }

  /** Every message that was sent. */
  get messages(): RawMessage[] {
    return messagesIn(this.sent);
  }
}
