/** Two replicas and a line between them that carries frames, counts them, and can be cut. */
import { setImmediate } from 'node:timers/promises';
import { inLaterTurn } from '../../lib/base/turns.ts';
import {
  decodeFrame,
  encodeFrame,
  frameFromJson,
  frameToJson,
  type LogFrame,
} from '../../lib/sync/log-frames.ts';
import type { SessionEnd } from '../../lib/sync/session-actions.ts';
import { SessionHost, type SessionProgress } from '../../lib/sync/session-host.ts';
import type { SyncStore } from '../../lib/sync/sync-store.ts';
import { TOPIC } from './log-maker.ts';

/** How frames go over the line. */
export type LineForm = 'binary' | 'json';

/** Turns in a row in which nothing moves before nothing does any more. */
const QUIET_TURNS = 8;

/** One end of the line. */
interface End {
  readonly host: SessionHost;
  live: SessionProgress | undefined;
  ended: SessionEnd | undefined;
}

/** What a line is made with. */
export interface LineOptions {
  readonly form?: LineForm;
  /** Frames after which the line is cut, of both directions together. */
  readonly cutAfter?: number | undefined;
  readonly wants?: boolean;
  readonly mostLogs?: number;
  /** Whom each side takes the other for. */
  readonly node?: string;
  readonly hashes?: LineHashes;
}

/** Authors from which on each side says hashes; left away where the two sides have not agreed on that. */
export interface LineHashes {
  readonly digestsFrom?: readonly [left: number, right: number];
  readonly partsFrom?: readonly [left: number, right: number];
}

/** Some say hashes that others do not answer, having few logs. */
const HASHES: LineHashes = { digestsFrom: [1, 3], partsFrom: [2, 3] };

function carried(frame: LogFrame, form: LineForm): { readonly frame: LogFrame; readonly bytes: number } {
  if (form === 'binary') {
    const bytes = encodeFrame(frame);
    const decoded = decodeFrame(bytes);
    if (!decoded.ok) throw new Error(`${frame.type}: ${decoded.reason}`);
    return { frame: decoded.value, bytes: bytes.length };
  }
  const text = JSON.stringify(frameToJson(frame));
  const decoded = frameFromJson(JSON.parse(text));
  if (!decoded.ok) throw new Error(`${frame.type}: ${decoded.reason}`);
  return { frame: decoded.value, bytes: text.length };
}

/** A session between two stores over a line. */
export class SyncLine {
  readonly left: End;
  readonly right: End;
  /** Types of the frames that were carried, in their order. */
  readonly carried: LogFrame[] = [];
  bytes = 0;
  readonly #options: LineOptions;
  #moving = 0;

  constructor(left: SyncStore, right: SyncStore, options: LineOptions = {}) {
    this.#options = options;
    this.left = this.#end(left, 0, TOPIC);
    this.right = this.#end(right, 1, undefined);
  }

  /** Opens the session from the left, and waits until nothing moves. */
  async run(): Promise<this> {
    this.left.host.start();
    await this.quiet();
    return this;
  }

  /** Waits until nothing moves. */
  async quiet(): Promise<void> {
    // What a store does in steps, or a session says in a later turn, may take some turns in which nothing moves.
    for (let last = -1, still = 0; still < QUIET_TURNS; still = last === this.#moving ? still + 1 : 0) {
      last = this.#moving;
      await setImmediate();
      await new Promise<void>((resolve) => inLaterTurn(resolve));
      await this.left.host.settled();
      await this.right.host.settled();
    }
  }

  get isCut(): boolean {
    return this.carried.length >= (this.#options.cutAfter ?? Infinity);
  }

  #end(store: SyncStore, side: 0 | 1, topic: Uint8Array | undefined): End {
    const { digestsFrom, partsFrom } = this.#options.hashes ?? HASHES;
    const other = (): End => (side === 0 ? this.right : this.left);
    const end: End = {
      live: undefined,
      ended: undefined,
      host: new SessionHost({
        session: 4,
        topic,
        store,
        node: this.#options.node,
        mostLogs: this.#options.mostLogs ?? 1000,
        asksBodies: true,
        digestsFrom: digestsFrom?.[side],
        partsFrom: partsFrom?.[side],
        wants: () => this.#options.wants ?? true,
        send: (frame) => this.#carry(frame, other),
        onLive: (progress) => {
          end.live = progress;
        },
        onEnd: (reason) => {
          end.ended = reason;
        },
      }),
    };
    return end;
  }

  #carry(frame: LogFrame, to: () => End): void {
    this.#moving += 1;
    if (this.isCut) return;
    const { frame: arriving, bytes } = carried(frame, this.#options.form ?? 'binary');
    this.carried.push(arriving);
    this.bytes += bytes;
    queueMicrotask(() => {
      this.#moving += 1;
      to().host.receive(arriving);
    });
  }
}
