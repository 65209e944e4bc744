/** Slices that are over after a few steps, so that any longer work takes many turns, whatever the machine. */
import { Slices } from '../../lib/base/slices.ts';

/** Slices with a clock that goes on by a millisecond whenever it is read. */
export class ImpatientSlices extends Slices {
  /** Turns they took so far. */
  turns = 0;
  /** Called in each of these turns, before the work goes on. */
  onTurn: () => void = () => undefined;

  constructor() {
    let nowMs = 0;
    super({
      schedule: (task) =>
        setImmediate(() => {
          this.turns += 1;
          this.onTurn();
          task();
        }),
      now: () => (nowMs += 1),
    });
  }
}
