/** A stream that counts its bytes, as sockets do. */
export interface CountingStream {
  readonly bytesRead: number;
  readonly bytesWritten: number;
  once(event: 'close', listener: () => void): unknown;
}

/** Bytes over all websockets, those that are gone and those that live; nothing is done while they flow. */
export class Traffic {
  readonly #live = new Set<CountingStream>();
  #read = 0;
  #written = 0;

  /** Counts a stream from its beginning to its end. */
  join(stream: CountingStream): void {
    this.#live.add(stream);
    stream.once('close', () => {
      this.#live.delete(stream);
      this.#read += stream.bytesRead;
      this.#written += stream.bytesWritten;
    });
  }

  /** Bytes that came. */
  get bytesRead(): number {
    return [...this.#live].reduce((sum, { bytesRead }) => sum + bytesRead, this.#read);
  }

  /** Bytes that were sent. */
  get bytesWritten(): number {
    return [...this.#live].reduce((sum, { bytesWritten }) => sum + bytesWritten, this.#written);
  }
}
