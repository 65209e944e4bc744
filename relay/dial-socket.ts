/** The websocket classes for dialling other relays: bounded, never compressed, cut off when the other side is gone. */
import type { Socket } from 'node:net';
import { WebSocket, type ClientOptions } from 'ws';
import type { WebSocketClass } from '../adapters/websocket-link.ts';
import { LOG_SUBPROTOCOL, MOST_FRAME_BYTES } from '../lib/sync/log-frames.ts';
import type { Heartbeat } from './heartbeat.ts';
import type { Traffic } from './traffic.ts';

/** Beats in a row without any sign of life after which the other side counts as gone. */
const SILENT_BEATS = 2;
const MAX_FRAGMENTS = 1024;
const MAX_BUFFERED_CHUNKS = 4096;

/** What dialled websockets share. */
export interface DialParts {
  /** Largest frame in bytes; larger ones close the link with 1009. */
  readonly frameBytes: number;
  readonly heartbeat: Heartbeat;
  /** Counts what flows. */
  readonly traffic?: Traffic;
}

function dialOptions(maxPayload: number): ClientOptions {
  return {
    // Compression, which ws offers when it dials, costs ten times the CPU of a small frame.
    perMessageDeflate: false,
    maxPayload,
    maxFragments: MAX_FRAGMENTS,
    maxBufferedChunks: MAX_BUFFERED_CHUNKS,
  };
}

/**
 * Makes the class that a dialler takes.
 *
 * Each socket pings with every beat, because a relay that loses its power closes nothing, and without a ping
 * nobody would dial again for a quarter of an hour.
 */
export function dialSocketClass({ frameBytes, heartbeat, traffic }: DialParts): WebSocketClass {
  const options = dialOptions(frameBytes);
  return class DialSocket extends WebSocket {
    #silentBeats = 0;

    constructor(url: string) {
      super(url, options);
      const leave = heartbeat.join(this);
      this.on('close', leave);
      this.on('upgrade', ({ socket }) => traffic?.join(socket));
      // Whatever goes wrong ends in `close`.
      this.on('error', () => undefined);
      const onLife = (): void => {
        this.#silentBeats = 0;
      };
      this.on('message', onLife).on('ping', onLife).on('pong', onLife);
    }

    /** Pings, and gives up on a side that stays silent. */
    beat(): void {
      if (this.readyState !== WebSocket.OPEN) return;
      if (this.#silentBeats >= SILENT_BEATS) return this.terminate();
      this.#silentBeats += 1;
      this.ping();
    }
  };
}

/** A websocket that was dialled to the path `/log`; whoever makes a line of it lets it live. */
export class LogDialSocket extends WebSocket {
  /** The connection below, once it is open. */
  stream: Socket | undefined = undefined;

  /** @param url where the other side has its logs */
  constructor(url: string) {
    super(url, [LOG_SUBPROTOCOL], { ...dialOptions(MOST_FRAME_BYTES), autoPong: false });
    this.on('upgrade', ({ socket }) => {
      this.stream = socket;
    });
    this.on('error', () => undefined);
  }
}
