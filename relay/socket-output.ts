/** What one socket is sent, in order: short frames with one write per turn, long ones in fragments over turns. */
import type { Socket } from 'node:net';
import type { Slices, Steps } from '../lib/base/slices.ts';
import type { Frame } from '../lib/mesh/link.ts';
import { Corks } from './corks.ts';
import { Fragments, framesOf } from './text-frame.ts';

/** Bytes that may wait in a stream before the next fragment does. */
const AHEAD_BYTES = 256 * 1024;

/** Several frames of a turn cost one write. */
const corks = new Corks();

/** The way out of a socket. What other receivers are sent too is encoded once for all of them. */
export class SocketOutput {
  readonly #stream: Socket;
  readonly #slices: Slices;
  /** A long text under way, and what was sent after it. */
  #waiting: (Buffer | Fragments)[] = [];
  #waitingLength = 0;
  /** Fragments of the first one that are written, and characters of it that are not. */
  #sent = 0;
  #left = 0;
  #isPumping = false;
  #whenEmpty: (() => void) | undefined;

  constructor(stream: Socket, slices: Slices) {
    this.#stream = stream;
    this.#slices = slices;
  }

  /** Bytes that the system did not take yet; of long texts, characters. */
  get queuedBytes(): number {
    return this.#stream.writableLength + this.#waitingLength;
  }

  /** True while no other text may be written, as it could come between two fragments. */
  get isBusy(): boolean {
    return this.#waiting.length > 0;
  }

  send(frame: Frame): void {
    const encoded = encodedOf(frame);
    if (!this.isBusy && !(encoded instanceof Fragments)) return this.write(encoded);
    this.#waiting.push(encoded);
    this.#waitingLength += encoded.length;
    this.#pump();
  }

  /** Writes a frame at once. */
  write(bytes: Buffer): void {
    corks.add(this.#stream);
    this.#stream.write(bytes);
  }

  /** Runs a task when everything sent so far is written. */
  whenEmpty(task: () => void): void {
    if (this.isBusy) this.#whenEmpty = task;
    else task();
  }

  /** Forgets what waits. */
  close(): void {
    this.#waiting = [];
    this.#waitingLength = 0;
  }

  #pump(): void {
    if (this.#isPumping) return;
    this.#isPumping = true;
    void this.#slices.later(this.#steps());
  }

  *#steps(): Steps<void> {
    for (let first = this.#waiting[0]; first !== undefined; first = this.#waiting[0]) {
      if (!this.#stream.writable) this.close();
      else if (!(first instanceof Fragments)) this.#writeFirst(first);
      else this.#writeFragment(first);
      // The rest of a long text may as well wait as text, of which all receivers share one.
      if (this.#stream.writableLength >= AHEAD_BYTES) return this.#pumpWhenDrained();
      yield;
    }
    this.#isPumping = false;
    this.#whenEmpty?.();
  }

  #pumpWhenDrained(): void {
    this.#stream.once('drain', () => {
      this.#isPumping = false;
      this.#pump();
    });
  }

  #writeFirst(bytes: Buffer): void {
    this.#waiting.shift();
    this.#waitingLength -= bytes.length;
    this.write(bytes);
  }

  /** Not held back until the turn ends: what the system takes for it counts as part of the step. */
  #writeFragment(text: Fragments): void {
    if (this.#sent === 0) this.#left = text.length;
    const length = Math.min(this.#left, text.step);
    this.#stream.write(text.at(this.#sent)!);
    const isLast = text.isLast(this.#sent);
    this.#sent = isLast ? 0 : this.#sent + 1;
    this.#waitingLength -= isLast ? this.#left : length;
    this.#left -= length;
    if (isLast) this.#waiting.shift();
  }
}

function encodedOf(frame: Frame): Buffer | Fragments {
  const known = frame.encoded;
  if (Buffer.isBuffer(known) || known instanceof Fragments) return known;
  const encoded = framesOf(frame.text);
  frame.encoded = encoded;
  return encoded;
}
