/** Two ends of a line between nodes in memory: what one sends the other hears in a later turn. */
import { encodeFrame, type LogFrame } from '../../lib/sync/log-frames.ts';
import type { LogSocketListener, LogWire } from '../../relay/log-socket.ts';

/** One end. */
export class PairedWire implements LogWire {
  readonly name: string;
  other: PairedWire | undefined;
  /** How this end was closed. */
  closedWith: readonly [code: number, reason: string] | undefined;
  /** Frames that this end sent. */
  readonly sent: LogFrame[] = [];
  #listener: LogSocketListener | undefined;
  #isGone = false;

  constructor(name: string) {
    this.name = name;
  }

  listen(listener: LogSocketListener): void {
    this.#listener = listener;
    if (this.#isGone) queueMicrotask(() => listener.close());
  }

  pause(): void {
    // What is on its way arrives; nothing else is asked of a line that cannot stop.
  }

  resume(): void {
    // As above.
  }

  send(frame: LogFrame): void {
    if (this.#isGone) return;
    this.sent.push(frame);
    this.say(encodeFrame(frame));
  }

  /** Sends bytes, or what is no binary frame. */
  say(bytes: Uint8Array | undefined): void {
    const { other } = this;
    setImmediate(() => other?.hear(bytes));
  }

  hear(bytes: Uint8Array | undefined): void {
    if (!this.#isGone) this.#listener?.frame(bytes);
  }

  close(code: number, reason: string): void {
    if (this.#isGone) return;
    this.closedWith = [code, reason];
    this.end();
    const { other } = this;
    setImmediate(() => other?.end());
  }

  end(): void {
    if (this.#isGone) return;
    this.#isGone = true;
    this.#listener?.close();
  }
}

/** Both ends of a new line; the right one may come from an address. */
export function pairedWires(from = 'right'): readonly [PairedWire, PairedWire] {
  const wires = [new PairedWire('left'), new PairedWire(from)] as const;
  wires[0].other = wires[1];
  wires[1].other = wires[0];
  return wires;
}
