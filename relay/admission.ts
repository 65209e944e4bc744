/** Who may have a websocket: bounded in all and per address, from the right origins, with the right token. */
import type { IncomingMessage } from 'node:http';
import { TwoGenerations } from '../lib/base/two-generations.ts';
import { Access } from './access.ts';
import type { Client, ClientAddresses } from './client-address.ts';
import type { RelayOptions } from './option-table.ts';
import { Origins } from './origins.ts';
import { TokenBucket, type Rate } from './token-bucket.ts';

/** Why an upgrade was refused: the path, its subprotocol, or one of the reasons of {@link Admission}. */
export type RefusedUpgrade = 'path' | 'protocol' | 'rate' | 'address' | 'full' | 'origin' | 'token';

/** Somebody who was let in. */
export interface Entrance {
  readonly client: Client;
  /** False for who has a token for reading alone. */
  readonly mayWrite: boolean;
  /** Gives the place back; idempotent. */
  leave(): void;
}

/** The options that it follows. */
export type AdmissionOptions = Pick<
  RelayOptions,
  | 'connections'
  | 'addressConnections'
  | 'addressArrivals'
  | 'addressArrivalsBurst'
  | 'rememberedAddresses'
  | 'origins'
  | 'missingOrigin'
  | 'readToken'
  | 'writeToken'
>;

/** What the admission needs. */
export interface AdmissionParts {
  readonly options: AdmissionOptions;
  readonly addresses: ClientAddresses;
  /** Milliseconds that never go back. */
  readonly now: () => number;
}

/** Decides on each upgrade. What is kept per address is bounded by the connections and by an option. */
export class Admission {
  readonly #parts: AdmissionParts;
  readonly #origins: Origins;
  readonly #access: Access;
  readonly #arrivals: Rate;
  readonly #arrivalsByAddress: TwoGenerations<string, TokenBucket>;
  readonly #linksByAddress = new Map<string, number>();
  #links = 0;

  constructor(parts: AdmissionParts) {
    const { addressArrivals, addressArrivalsBurst, rememberedAddresses } = parts.options;
    this.#parts = parts;
    this.#origins = new Origins(parts.options);
    this.#access = new Access(parts.options);
    this.#arrivals = { perSecond: addressArrivals, burst: addressArrivalsBurst };
    this.#arrivalsByAddress = new TwoGenerations(rememberedAddresses);
  }

  /** Links that were let in and have not left. */
  get linkCount(): number {
    return this.#links;
  }

  /** Addresses that something is remembered of. */
  get addressCount(): number {
    return Math.max(this.#arrivalsByAddress.size, this.#linksByAddress.size);
  }

  /** Lets the sender of an upgrade request in, or says why not. */
  admit(request: IncomingMessage): Entrance | RefusedUpgrade {
    const { options, addresses } = this.#parts;
    const client = addresses.of(request);
    if (!client.isExempt) {
      if (!this.#arrive(client.key)) return 'rate';
      if ((this.#linksByAddress.get(client.key) ?? 0) >= options.addressConnections) return 'address';
    }
    if (this.#links >= options.connections) return 'full';
    if (!this.#origins.allow(request.headers.origin)) return 'origin';
    const { mayRead, mayWrite } = this.#access.of(request);
    return mayRead ? this.#enter(client, mayWrite) : 'token';
  }

  #arrive(key: string): boolean {
    const now = this.#parts.now();
    let bucket = this.#arrivalsByAddress.get(key);
    if (bucket === undefined) {
      bucket = new TokenBucket(this.#arrivals, now);
      this.#arrivalsByAddress.set(key, bucket);
    }
    return bucket.takeOne(now);
  }

  #enter(client: Client, mayWrite: boolean): Entrance {
    this.#count(client.key, 1);
    let isIn = true;
    return {
      client,
      mayWrite,
      leave: () => {
        if (isIn) this.#count(client.key, -1);
        isIn = false;
      },
    };
  }

  #count(key: string, change: 1 | -1): void {
    this.#links += change;
    const links = (this.#linksByAddress.get(key) ?? 0) + change;
    if (links === 0) this.#linksByAddress.delete(key);
    else this.#linksByAddress.set(key, links);
  }
}
