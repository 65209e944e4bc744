/**
 * LevelDB's write-ahead log as far as damage goes. LevelDB itself drops what it cannot read in it, and says
 * nothing when it opens.
 *
 * A log is a row of blocks of 32 KiB; records do not cross them but come in pieces: CRC-32C (masked), length,
 * type, content.
 */

/**
 * What a log looks like: `torn` when nothing whole comes after what cannot be read, which is how the end of a
 * process or of the machine amid a write leaves it; `damaged` when something does.
 */
export type LogState = 'whole' | 'torn' | 'damaged';

const BLOCK = 32 * 1024;
const HEADER = 7;
const [ZERO, FULL, FIRST, MIDDLE, LAST] = [0, 1, 2, 3, 4];

const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit += 1) crc = (crc >>> 1) ^ (crc & 1 ? 0x82f63b78 : 0);
  return crc;
});

function crc32c(bytes: Uint8Array, from: number, to: number): number {
  let crc = 0xffffffff;
  for (let at = from; at < to; at += 1) crc = (crc >>> 8) ^ CRC_TABLE[(crc ^ bytes[at]!) & 255]!;
  return (crc ^ 0xffffffff) >>> 0;
}

/** LevelDB stores checksums in this form, because a checksum over bytes that hold one is weak. */
function masked(crc: number): number {
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;
}

/** Follows the pieces of a log and notes whether anything whole comes after something that is not. */
class LogReader {
  state: LogState = 'whole';
  #isInRecord = false;

  /** Something that cannot be read. */
  tear(): void {
    this.#isInRecord = false;
    if (this.state === 'whole') this.state = 'torn';
  }

  /** A piece whose checksum fits. */
  take(type: number): void {
    const begins = type === FULL || type === FIRST;
    if (begins === this.#isInRecord) this.tear();
    if (type === FULL || (type === LAST && this.#isInRecord)) this.#whole();
    this.#isInRecord = type === FIRST || (type === MIDDLE && this.#isInRecord);
  }

  /** The end of the log. */
  end(): void {
    if (this.#isInRecord) this.tear();
  }

  #whole(): void {
    if (this.state === 'torn') this.state = 'damaged';
  }
}

/** How the bytes of a log file are. */
export function logState(bytes: Uint8Array): LogState {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const reader = new LogReader();
  for (let block = 0; block < bytes.length; block += BLOCK) {
    readBlock(view, bytes, block, Math.min(block + BLOCK, bytes.length), reader);
  }
  reader.end();
  return reader.state;
}

/** Reads the pieces of one block; after one that cannot be read, nobody knows where the next begins. */
function readBlock(view: DataView, bytes: Uint8Array, start: number, end: number, reader: LogReader): void {
  const hasTrailer = end - start === BLOCK;
  let at = start;
  while (end - at >= HEADER) {
    const length = view.getUint16(at + 4, true);
    const type = bytes[at + 6]!;
    const next = at + HEADER + length;
    const isKnown = type > ZERO && type <= LAST;
    if (!isKnown || next > end || masked(crc32c(bytes, at + 6, next)) !== view.getUint32(at, true)) {
      return reader.tear();
    }
    reader.take(type);
    at = next;
  }
  if (at < end && !hasTrailer) reader.tear();
}
