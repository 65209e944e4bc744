import { randomId } from '../lib/base/random.ts';
import type { Share } from '../lib/base/share.ts';

/**
 * The tabs of an origin that use one database: they take turns, tell each other what changed, and notice when one of
 * them ends. Each holds a lock of its own as long as it lives, which the others wait for; browsers let go of it for
 * tabs that crashed.
 *
 * Pages without a secure context have no locks: there nobody waits for a turn, and no end is noticed.
 */
export class Tabs implements Share {
  readonly #name: string;
  readonly #channel: BroadcastChannel;
  readonly #locks: LockManager | undefined = (navigator as { readonly locks?: LockManager }).locks;
  readonly #end = new AbortController();

  /** @param name of the database */
  constructor(name: string) {
    this.#name = JSON.stringify(name);
    this.#channel = new BroadcastChannel(`thicket ${name}`);
  }

  async exclusive<T>(task: () => Promise<T>): Promise<T> {
    return this.#locks === undefined ? task() : this.#locks.request(`thicket write ${this.#name}`, task);
  }

  tell(text: string): void {
    this.#post(text);
  }

  listen(listener: (text: string) => void): void {
    this.#hear((text) => {
      if (typeof text === 'string') listener(text);
    });
  }

  onLeft(listener: () => void): void {
    const locks = this.#locks;
    if (locks === undefined) return;
    const { signal } = this.#end;
    const prefix = `thicket tab ${this.#name} `;
    const id = randomId();
    const known = new Set([id]);
    const lock = (tab: string, task: () => unknown): void => {
      // Fails with the end of this tab, and where locks are denied: then nothing is noticed.
      locks.request(prefix + tab, { signal }, task).catch(() => undefined);
    };
    const waitFor = (tab: string): void => {
      if (known.has(tab)) return;
      known.add(tab);
      lock(tab, listener);
    };
    this.#hear((hello) => {
      if (typeof hello !== 'string') waitFor(hello.tab);
    });
    lock(id, async () => {
      this.#post({ tab: id });
      const { held = [] } = await locks.query();
      for (const { name = '' } of held) if (name.startsWith(prefix)) waitFor(name.slice(prefix.length));
      if (!signal.aborted) await new Promise((end) => signal.addEventListener('abort', end));
    });
  }

  close(): void {
    this.#end.abort();
    this.#channel.close();
  }

  #hear(listener: (message: Message) => void): void {
    this.#channel.addEventListener('message', ({ data }) => listener(data as Message));
  }

  #post(message: Message): void {
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a channel has no other origin
    this.#channel.postMessage(message);
  }
}

/** What tabs say: that something changed, or that they are here. */
type Message = string | { readonly tab: string };
