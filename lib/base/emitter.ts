/** Typed listeners; `on` returns the way to stop. */
export class Emitter<Events extends Record<string, unknown>> {
  readonly #listeners = new Map<keyof Events, Set<(event: never) => void>>();
  readonly #report: (error: unknown, name: keyof Events) => void;

  /** @param report told what a listener threw, and of which name; the other listeners still run */
  constructor(report: (error: unknown, name: keyof Events) => void) {
    this.#report = report;
  }

  /** Calls `listener` for each event of that name until the returned function is called. */
  on<Name extends keyof Events>(name: Name, listener: (event: Events[Name]) => void): () => void {
    const listeners = this.#listeners.get(name) ?? new Set();
    this.#listeners.set(name, listeners.add(listener));
    return () => {
      listeners.delete(listener);
    };
  }

  /** Tells every listener of that name; false when there is none. */
  emit<Name extends keyof Events>(name: Name, event: Events[Name]): boolean {
    let isHeard = false;
    for (const listener of this.#listeners.get(name) ?? []) {
      isHeard = true;
      try {
        (listener as (event: Events[Name]) => void)(event);
      } catch (error) {
        this.#report(error, name);
      }
    }
    return isHeard;
  }
}
