/** Several owners of one storage, as tabs are. */
import type { Share } from '../../lib/base/share.ts';
import type { Storage } from '../../lib/store/storage.ts';

/** Owners of one storage, whose news travel slowly. */
export class Owners {
  readonly #listeners: ((text: string) => void)[][] = [];
  readonly #left = new Map<object, () => void>();
  #last: Promise<unknown> = Promise.resolve();
  /** What was told and has not arrived. */
  readonly underway: (() => void)[] = [];

  /** The storage as one more owner has it. */
  join(storage: Storage): Storage & { readonly share: Share } {
    const mine: ((text: string) => void)[] = [];
    this.#listeners.push(mine);
    const share: Share = {
      exclusive: (task) => {
        const turn = this.#last.then(task);
        this.#last = turn.catch(() => undefined);
        return turn;
      },
      tell: (text) => {
        for (const listeners of this.#listeners) {
          if (listeners === mine) continue;
          this.underway.push(() => {
            for (const listener of listeners) listener(text);
          });
        }
      },
      listen: (listener) => void mine.push(listener),
      onLeft: (listener) => void this.#left.set(mine, listener),
      close: () => {
        mine.splice(0);
        this.#left.delete(mine);
        for (const left of this.#left.values()) left();
      },
    };
    return new Proxy(storage, {
      get: (target, name) => {
        if (name === 'share') return share;
        // Each owner opens and closes for itself.
        if (name === 'open' || name === 'close') return async () => undefined;
        const member: unknown = Reflect.get(target, name);
        return typeof member === 'function' ? (member.bind(target) as unknown) : member;
      },
    }) as Storage & { readonly share: Share };
  }

  /** Lets what was told arrive. */
  arrive(): void {
    for (const deliver of this.underway.splice(0)) deliver();
  }
}
