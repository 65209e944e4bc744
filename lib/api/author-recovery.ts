import { fromBase64Url } from '../base/byte-texts.ts';
import type { LogName } from '../log/heights.ts';
import { encodeLogQuestion, parseLogAnswer, type ShownOperation } from '../wire/log-question.ts';
import type { KeptOperation } from './author-log.ts';
import type { Uplink } from './uplink.ts';

/** What recovery needs of the log. */
export interface RecoveredLog {
  readonly name: LogName;
  /** The last place at or above a place whose operation is not here; undefined when all of them are. */
  missing(from: number): Promise<number | undefined>;
  /** Keeps what fits below what is here, and leaves out the rest. */
  keep(shown: readonly KeptOperation[]): Promise<void>;
  /** Calls back when a link may have ended; gives the way to stop that. */
  onStatus(listener: () => void): () => void;
}

/**
 * Operations of an author's log that are not here any more, as after a storage was restored or with a key that comes to
 * another device: taken back from peers that have shown that they hold the log. They prove themselves by their hashes.
 */
export class AuthorRecovery {
  readonly #log: RecoveredLog;
  /** Up to which place peers hold the log, as their last answer had it. */
  readonly #sources = new Map<Uplink, number>();

  constructor(log: RecoveredLog) {
    this.#log = log;
  }

  /** A peer has shown that it holds the log up to a place. */
  shown(uplink: Uplink, height: number): void {
    for (const source of this.#sources.keys()) if (source.isClosed) this.#sources.delete(source);
    this.#sources.set(uplink, height);
  }

  /** Takes back what is missing from a place on; true when nothing is missing there any more. */
  async recover(from: number): Promise<boolean> {
    let missing = await this.#log.missing(from);
    for (const [uplink, height] of this.#sources) {
      while (missing !== undefined && missing <= height && !uplink.isClosed) {
        await this.#log.keep(await this.#ask(uplink, missing));
        const before: number = missing;
        missing = await this.#log.missing(from);
        if (missing === before) break;
      }
    }
    return missing === undefined;
  }

  #ask(uplink: Uplink, down: number): Promise<readonly KeptOperation[]> {
    const { author, log } = this.#log.name;
    return new Promise((resolve) => {
      const end = (json: string | undefined): void => {
        stop();
        const shown = (json === undefined ? undefined : parseLogAnswer(json))?.down ?? [];
        resolve(shown.map(readShown).filter((operation) => operation !== undefined));
      };
      // Who is gone answers nothing any more.
      const stop = this.#log.onStatus(() => {
        if (uplink.isClosed) end(undefined);
      });
      uplink.ask({
        selector: { soul: `@${author}/`, reverse: false },
        more: encodeLogQuestion({ log, at: [], down }),
        answered: (_isSilent, json) => end(json),
      });
    });
  }
}

function readShown([headerText, bodyText]: ShownOperation): KeptOperation | undefined {
  const header = fromBase64Url(headerText);
  const body = bodyText === undefined ? undefined : fromBase64Url(bodyText);
  return header === undefined ? undefined : { header, body };
}
