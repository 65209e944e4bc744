import type { GraphCore } from '../api/core.ts';
import type { Place } from '../api/input.ts';
import { putTo } from '../api/put.ts';
import type { SignWrites } from '../api/user-spaces.ts';
import { randomId } from '../base/random.ts';
import { isLink, isValue } from '../graph/value.ts';
import type { InputCopy } from './input-copy.ts';

/** What Gun calls back with when a write was stored or refused. */
export interface GunAck {
  /** Id of the write. */
  readonly '@': string;
  /** True when it is stored, by a peer when there is one. */
  readonly ok?: true;
  /** Why not. */
  readonly err?: string;
  /** True when no peer has said anything; the write is sent as soon as one can be reached. */
  readonly lack?: true;
}

/** One write of an app. */
export interface GunWrite extends InputCopy {
  readonly place: Place;
  readonly sign: SignWrites | undefined;
  /** How long to wait for a peer, in milliseconds. */
  readonly lackMs: number;
  /** Told once; without it nobody waits for a peer. */
  readonly ack: ((ack: GunAck) => void) | undefined;
}

/** How far the writes below one soul have come. */
interface Tail {
  /** They are on their way into the store, one behind the other. */
  readonly submitted: Promise<void>;
  /** They are stored here. */
  readonly stored: Promise<void>;
}

/** The writes of a chain: those below one soul take effect in their order, and reads can wait for them. */
export class Writes {
  readonly #core: GraphCore;
  /** The last write below each soul. */
  readonly #tails = new Map<string, Tail>();

  constructor(core: GraphCore) {
    this.#core = core;
  }

  /** Resolves when what is under way now is stored here; undefined when there is nothing. */
  get pending(): Promise<void> | undefined {
    if (this.#tails.size === 0) return undefined;
    return Promise.all([...this.#tails.values()].map(({ stored }) => stored)).then(() => undefined);
  }

  /** Stores, sends and acknowledges a write. Its state is of this moment. */
  put(write: GunWrite): void {
    const { soul } = write.place;
    const before = this.#tails.get(soul);
    const submitted = gate(before?.submitted);
    const stored = gate(before?.stored);
    const tail: Tail = { submitted: submitted.passed, stored: stored.passed };
    this.#tails.set(soul, tail);
    void tail.stored.then(() => this.#tails.get(soul) === tail && this.#tails.delete(soul));
    const state = this.#core.states.next();
    // What follows a link needs the links that were written before.
    const turn = isPlain(write) ? before?.submitted : before?.stored;
    const end = (): void => {
      submitted.pass();
      stored.pass();
    };
    const id = randomId();
    this.#run(write, state, { turn, submitted: submitted.pass, stored: end })
      .catch((error: unknown) => ({ err: error instanceof Error ? error.message : String(error) }))
      .then((ack) => write.ack?.({ '@': id, ...ack }))
      .catch((error: unknown) => this.#core.fail(error));
  }

  async #run(
    { place, value, souls, sign, ack, lackMs }: GunWrite,
    state: number,
    {
      turn,
      submitted,
      stored,
    }: { turn: Promise<void> | undefined; submitted: () => void; stored: () => void },
  ): Promise<Omit<GunAck, '@'>> {
    await turn;
    const core = this.#core;
    const isWaiting = ack !== undefined && core.status.connection !== 'alone';
    const cutOff = new AbortController();
    let isStored = false;
    const check = (): void => {
      if (isStored && core.isCutOff) cutOff.abort();
    };
    const stop = core.on('status', check);
    try {
      const { delivery } = await putTo(
        core,
        {
          local: () => {
            stored();
            isStored = true;
            check();
          },
          until: isWaiting ? 'relay' : 'local',
          timeout: lackMs,
          signal: cutOff.signal,
        },
        async (input) => {
          await input.put(place, value);
          for (const [node, soul] of souls) await input.put({ soul, keys: [] }, node);
        },
        async (writes) => {
          const signed = sign === undefined ? writes : await sign(writes);
          submitted();
          return signed;
        },
        state,
      );
      if (isWaiting && delivery === 'local')
        return { err: 'No peer has acknowledged the write yet', lack: true };
      return { ok: true };
    } catch (error) {
      if (cutOff.signal.aborted && error === cutOff.signal.reason) return { ok: true };
      throw error;
    } finally {
      stop();
      stored();
    }
  }
}

/** Something to wait for, behind what was to be waited for before. */
function gate(before: Promise<void> | undefined): {
  readonly pass: () => void;
  readonly passed: Promise<void>;
} {
  let pass!: () => void;
  const own = new Promise<void>((resolve) => (pass = resolve));
  return { pass, passed: before === undefined ? own : before.then(() => own) };
}

/** True when nothing must be known to write it. */
function isPlain({ place, value }: GunWrite): boolean {
  if (place.keys.length > 1) return false;
  if (place.keys.length === 1) return isValue(value);
  return typeof value === 'object' && value !== null && !isLink(value) && Object.values(value).every(isValue);
}
