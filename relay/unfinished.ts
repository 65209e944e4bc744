/** Messages that began and have not ended, in all connections: bounded in bytes, whoever sends them. */
import type { EventEmitter } from 'node:events';

/** What a chunk costs beside its bytes: one may come for each of them. */
const CHUNK_BYTES = 256;
/** Lengths from which on a masked frame tells them in two and in eight bytes. */
const TWO_BYTES = 126;
const EIGHT_BYTES = 65_536;

/** A connection and what it holds. */
class Holder {
  readonly cut: () => void;
  /** What it costs now. */
  weight = 0;
  /** True once it was cut off or has closed. */
  isGone = false;
  #seen = 0;
  #done = 0;
  #chunks = 0;

  constructor(cut: () => void) {
    this.cut = cut;
  }

  /** Counts a chunk, after the messages in it were counted; what is held now. */
  take(length: number): number {
    this.#seen += length;
    this.#chunks += 1;
    const held = this.#seen - this.#done;
    if (held === 0) this.#chunks = 0;
    return held === 0 ? 0 : held + this.#chunks * CHUNK_BYTES;
  }

  /** A message has ended, in the chunk that is counted next: what came before it has, too. */
  finish(length: number): void {
    this.#done = Math.max(this.#done + frameBytes(length), this.#seen);
    this.#chunks = 0;
  }

  /** A control frame has ended; a message may be under way around it. */
  pass(length: number): void {
    this.#done += frameBytes(length);
  }
}

/** Bytes of a masked frame. */
function frameBytes(length: number): number {
  if (length < TWO_BYTES) return 6 + length;
  return (length < EIGHT_BYTES ? 8 : 14) + length;
}

/**
 * Counts what connections have sent of messages that are not complete. When that is too much in all, those are cut
 * off that have been at it longest, among those that hold no less than the others do on average.
 */
export class Unfinished {
  readonly #mostBytes: number;
  readonly #report: (bytes: number) => void;
  /** In the order in which their messages began. */
  readonly #holders = new Set<Holder>();
  #bytes = 0;

  /** @param report told of each that is cut off, with the bytes that it held */
  constructor(mostBytes: number, report: (bytes: number) => void) {
    this.#mostBytes = mostBytes;
    this.#report = report;
  }

  /** What all of them hold. */
  get bytes(): number {
    return this.#bytes;
  }

  /**
   * Watches a connection until it closes.
   *
   * @param socket a websocket that reads from the stream already
   * @param stream gives nothing in this turn
   */
  watch(socket: EventEmitter, stream: EventEmitter, cut: () => void): void {
    const holder = new Holder(cut);
    const onData = (chunk: Uint8Array): void => {
      if (!holder.isGone) this.#hold(holder, holder.take(chunk.length));
    };
    const end = (): void => {
      holder.isGone = true;
      stream.off('data', onData);
      this.#hold(holder, 0);
    };
    stream.on('data', onData);
    socket.on('message', (data: Uint8Array) => {
      holder.finish(data.length);
      this.#hold(holder, 0);
    });
    const onControl = (data: Uint8Array): void => holder.pass(data.length);
    socket.on('ping', onControl).on('pong', onControl).once('close', end);
  }

  #hold(holder: Holder, weight: number): void {
    this.#bytes += weight - holder.weight;
    holder.weight = weight;
    if (weight === 0) this.#holders.delete(holder);
    else this.#holders.add(holder);
    while (this.#bytes > this.#mostBytes) this.#cutOne();
  }

  #cutOne(): void {
    const average = this.#bytes / this.#holders.size;
    for (const holder of this.#holders) {
      if (holder.weight < average) continue;
      const { weight } = holder;
      holder.isGone = true;
      this.#hold(holder, 0);
      this.#report(weight);
      return holder.cut();
    }
  }
}
