/** A line of log frames that notes what is done with it. */
import type { LogFrame } from '../../lib/sync/log-frames.ts';
import type { LogSocketListener, LogWire } from '../../relay/log-socket.ts';
import type { Metered } from '../../relay/pacer.ts';

/** A wire without an other side. */
export class NotingWire implements LogWire, Metered {
  readonly name: string;
  bytesRead = 0;
  noise = 0;
  isPaused = false;
  readonly sent: LogFrame[] = [];
  closedWith: readonly [number, string] | undefined = undefined;
  listener: LogSocketListener | undefined;

  constructor(name: string) {
    this.name = name;
  }

  listen(listener: LogSocketListener): void {
    this.listener = listener;
  }

  pause(): void {
    this.isPaused = true;
  }

  resume(): void {
    this.isPaused = false;
  }

  send(frame: LogFrame): void {
    this.sent.push(frame);
  }

  close(code: number, reason: string): void {
    this.closedWith = [code, reason];
    this.listener?.close();
  }
}
