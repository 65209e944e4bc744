import type { GraphStatus, Uplinks } from './uplinks.ts';

/** How a graph stands with its peers, and whether its links keep the process alive for that. */
export class Standing {
  readonly #uplinks: Pick<Uplinks, 'status' | 'hold'>;
  readonly #changed: (status: GraphStatus) => void;
  readonly #came: () => void;
  #status: GraphStatus;
  #isTelling = false;
  /** Those who wait or listen. */
  #users = 0;
  #isHeld = true;

  /**
   * @param changed told of another status; of many changes within a turn once
   * @param came told at once when there are more peers
   */
  constructor(
    uplinks: Pick<Uplinks, 'status' | 'hold'>,
    changed: (status: GraphStatus) => void,
    came: () => void,
  ) {
    this.#uplinks = uplinks;
    this.#changed = changed;
    this.#came = came;
    this.#status = uplinks.status;
  }

  get status(): GraphStatus {
    return this.#status;
  }

  /** Keeps the process alive until the returned function is called, once: somebody waits or listens. */
  hold(): () => void {
    this.#users += 1;
    this.#updateHold();
    return () => {
      this.#users -= 1;
      this.#updateHold();
    };
  }

  /** Looks again, now that peers are dialled, which keep the process alive by themselves. */
  dialled(): void {
    this.#isHeld = true;
    this.update();
  }

  /** Looks again, now that a peer came, left or could not be reached, or a write is another way on. */
  update(): void {
    const before = this.#status;
    const now = this.#uplinks.status;
    if (JSON.stringify(now) !== JSON.stringify(before)) {
      this.#status = now;
      this.#tell();
      if (now.peers > before.peers) this.#came();
    }
    this.#updateHold();
  }

  #tell(): void {
    if (this.#isTelling) return;
    this.#isTelling = true;
    queueMicrotask(() => {
      this.#isTelling = false;
      this.#changed(this.#status);
    });
  }

  /** Writes keep the process alive only while somebody is there to take them. */
  #updateHold(): void {
    const { connection, unsent } = this.#status;
    const isHeld = this.#users > 0 || (unsent > 0 && connection !== 'offline');
    if (isHeld === this.#isHeld) return;
    this.#isHeld = isHeld;
    this.#uplinks.hold(isHeld);
  }
}
