/** Every connection of the server from its first byte on: bounded, and soon to say what it wants. */
import type { IncomingMessage, Server } from 'node:http';
import type { Socket } from 'node:net';
import type { ClientAddresses } from './client-address.ts';
import type { Repeat } from './heartbeat.ts';
import type { RelayOptions } from './option-table.ts';

/** How often those that say nothing are looked for, in milliseconds. */
const CHECK_MS = 500;
/** Room for the server's own refusal of a late request, and for one that comes in a crowd, in milliseconds. */
const GRACE_MS = 1000;

/** What the connections need. */
export interface ConnectionsParts {
  readonly server: Server;
  readonly options: Pick<RelayOptions, 'connections' | 'addressConnections' | 'halfOpen' | 'requestMs'>;
  readonly addresses: ClientAddresses;
  /** Milliseconds that never go back. */
  readonly now: () => number;
  readonly repeat: Repeat;
}

/** A connection without a request. */
interface HalfOpen {
  readonly socket: Socket;
  readonly since: number;
}

/**
 * Counts connections, and cuts off what is too much: beyond the bounds in all and per address the newest, which
 * have as much room above those of links as there may be half-open ones, so that most are refused politely; of
 * those without a request the oldest, once there are more than may be; any that takes too long to send one.
 */
export class Connections {
  readonly #parts: ConnectionsParts;
  readonly #halfOpen = new Map<string, HalfOpen>();
  readonly #countsByAddress = new Map<string, number>();
  #stop: (() => void) | undefined;
  #count = 0;
  #cutCount = 0;

  constructor(parts: ConnectionsParts) {
    this.#parts = parts;
    const { server } = parts;
    server.on('connection', (socket) => this.#onConnection(socket));
    const onRequest = ({ socket }: IncomingMessage): void => void this.#halfOpen.delete(nameOf(socket));
    // Before anybody answers.
    server.prependListener('request', onRequest).prependListener('upgrade', onRequest);
  }

  /** Looks for late ones from now on. */
  start(): void {
    this.#stop ??= this.#parts.repeat(CHECK_MS, () => this.#look());
  }

  /** Connections that live. */
  get size(): number {
    return this.#count;
  }

  /** Those among them without a request. */
  get halfOpenCount(): number {
    return this.#halfOpen.size;
  }

  /** Addresses that are counted. */
  get addressCount(): number {
    return this.#countsByAddress.size;
  }

  /** Connections cut off so far. */
  get cutCount(): number {
    return this.#cutCount;
  }

  /** Looks for late ones no more. */
  close(): void {
    this.#stop?.();
  }

  #onConnection(socket: Socket): void {
    const { options, addresses, now } = this.#parts;
    const key = addresses.keyOf(socket.remoteAddress);
    const ofAddress = key === undefined ? 0 : (this.#countsByAddress.get(key) ?? 0);
    const isTooMany = this.#count >= options.connections + options.halfOpen;
    if (isTooMany || ofAddress >= options.addressConnections + options.halfOpen) return this.#cut(socket);
    const name = nameOf(socket);
    this.#count += 1;
    if (key !== undefined) this.#countsByAddress.set(key, ofAddress + 1);
    this.#halfOpen.set(name, { socket, since: now() });
    socket.once('close', () => {
      this.#count -= 1;
      if (this.#halfOpen.get(name)?.socket === socket) this.#halfOpen.delete(name);
      if (key !== undefined) this.#forget(key);
    });
  }

  /** Those who come late in a turn that took long are read first: by the second turn from now they have been. */
  #look(): void {
    const time = this.#parts.now();
    setImmediate(() => setImmediate(() => this.#cutLate(time)));
  }

  #forget(key: string): void {
    const count = this.#countsByAddress.get(key)! - 1;
    if (count === 0) this.#countsByAddress.delete(key);
    else this.#countsByAddress.set(key, count);
  }

  /** The oldest come first. */
  #cutLate(time: number): void {
    const { options } = this.#parts;
    for (const [name, { socket, since }] of this.#halfOpen) {
      const waited = time - since;
      const isTooMany = this.#halfOpen.size > options.halfOpen;
      if (waited <= (isTooMany ? GRACE_MS : options.requestMs + GRACE_MS)) return;
      this.#halfOpen.delete(name);
      this.#cut(socket);
    }
  }

  #cut(socket: Socket): void {
    this.#cutCount += 1;
    socket.destroy();
  }
}

/** The same for the socket below TLS and for the one above it. */
function nameOf({ remoteAddress, remotePort, localAddress }: Socket): string {
  return `${remoteAddress} ${remotePort} ${localAddress}`;
}
