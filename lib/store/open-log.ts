import { fromHex } from '../base/byte-texts.ts';
import type { LogName } from '../log/heights.ts';
import type { HeldLog } from '../log/integrity.ts';
import { placePrefix } from './log-keys.ts';
import type { LogHead } from './log-head.ts';

/** A log as a group of operations sees it: stored, overlaid with what the group appended. */
export class OpenLog implements LogName {
  readonly author: string;
  readonly log: string;
  /** What its places begin with. */
  readonly prefix: string;
  head: LogHead | undefined;
  /** Records of places that the group changed; undefined where it emptied them. */
  readonly canonical: Map<number, string | undefined> = new Map();
  readonly side: Map<number, string | undefined> = new Map();
  /** A tip whose bytes are known. */
  #tip: string | undefined;
  #tipId: Uint8Array | undefined;

  constructor({ author, log }: LogName, head: LogHead | undefined) {
    this.author = author;
    this.log = log;
    this.prefix = placePrefix(author, log);
    this.head = head;
  }

  /** What an operation of an author is compared with, given the head of this log. */
  heldOf(author: Uint8Array, { first, height, tip }: LogHead): HeldLog {
    if (this.#tipId === undefined || this.#tip !== tip) {
      this.#tip = tip;
      this.#tipId = fromHex(tip)!;
    }
    return { author, height, tip: this.#tipId, first };
  }

  /** Notes the bytes of an id, if that is the tip now. */
  noteTip(tip: string, id: Uint8Array): void {
    if (this.head?.tip !== tip) return;
    this.#tip = tip;
    this.#tipId = id;
  }
}
