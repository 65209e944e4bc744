/**
 * One figure of the bench with what belongs to it, as one case measured it in one round on one relay.
 */
import type { Memory } from '../process-meter.ts';
import type { Latency } from './statistics.ts';

/** A row of the report before medians are taken. */
export interface Row {
  /** Name of the row; the same on all relays and in all rounds. */
  readonly name: string;
  /** Unit of `value`: `…/s` for rates, otherwise the unit itself. */
  readonly unit: string;
  readonly value: number;
  /** Microseconds of CPU of the relay, all threads, per unit of work. */
  readonly cpuMicroseconds?: number | undefined;
  /** Latency in milliseconds. */
  readonly latency?: Latency | undefined;
  readonly memory?: Memory | undefined;
}
