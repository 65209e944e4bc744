/** Receives who was let in: clients wait while the store opens, then the mesh has them, and the logs have their lines. */
import { CLOSE, type Link } from '../lib/mesh/link.ts';
import type { Mesh } from '../lib/mesh/mesh.ts';
import type { LogShare } from '../lib/store/log-room.ts';
import type { Entrance } from './admission.ts';
import type { Client } from './client-address.ts';
import { LimitedLink } from './limited-link.ts';
import type { LogNetwork } from './log-network.ts';
import type { LogWire } from './log-socket.ts';
import type { Newcomers } from './newcomers.ts';
import type { Metered } from './pacer.ts';
import type { Throttle } from './throttle.ts';

/** What peers are told whose relay ends. */
export const GOODBYE = 'relay is stopping';

/** Whom a reception hands over to. */
export interface ReceptionParts {
  readonly mesh: Pick<Mesh, 'accept'>;
  /** Undefined where logs are not synchronised. */
  readonly logs: Pick<LogNetwork, 'accept' | 'greet'> | undefined;
  readonly throttle: Pick<Throttle, 'limit' | 'limitLine'>;
  readonly newcomers: Pick<Newcomers, 'of'>;
}

/** The reception of one relay. */
export class Reception {
  readonly #parts: ReceptionParts;
  /** Links that came before the store was open. */
  readonly #waiting = new Map<Link & Metered, Entrance>();
  #state: 'starting' | 'open' | 'closed' = 'starting';

  constructor(parts: ReceptionParts) {
    this.#parts = parts;
  }

  /** Lets everybody in who waited and who comes from now on. */
  open(): void {
    this.#state = 'open';
    for (const [link, entrance] of this.#waiting) this.#welcome(link, entrance);
    this.#waiting.clear();
  }

  /** Lets nobody in any more. */
  close(): void {
    this.#state = 'closed';
    for (const link of this.#waiting.keys()) link.close(CLOSE.goingAway, GOODBYE);
  }

  /** A link that came in. */
  client(link: Link & Metered, entrance: Entrance): void {
    if (this.#state === 'open') this.#welcome(link, entrance);
    else if (this.#state === 'starting') this.#waiting.set(link, entrance);
    else link.close(CLOSE.goingAway, GOODBYE);
  }

  /** A link that came in is gone. */
  gone(link: Link & Metered): void {
    this.#waiting.delete(link);
  }

  /** A link to a relay that was dialled. */
  relay(link: Link): void {
    if (this.#state !== 'open') return link.close(CLOSE.goingAway, GOODBYE);
    const peer = this.#parts.mesh.accept(link, 'relay');
    this.#parts.logs?.greet(peer);
  }

  /** A line of log frames that came in. */
  line(line: LogWire & Metered, client: Client): void {
    const { newcomers, throttle } = this.#parts;
    this.#take(throttle.limitLine(line, client), false, newcomers.of(client));
  }

  /** A line of log frames to a relay that was dialled. */
  dialledLine(line: LogWire): void {
    this.#take(line, true);
  }

  #take(line: LogWire, isDialled: boolean, share?: LogShare): void {
    if (this.#state === 'open') this.#parts.logs?.accept(line, isDialled, share);
    else line.close(CLOSE.goingAway, this.#state === 'closed' ? GOODBYE : 'relay is starting');
  }

  #welcome(link: Link & Metered, { client, mayWrite }: Entrance): void {
    const { mesh, newcomers, throttle } = this.#parts;
    const limited = throttle.limit(link, client);
    const peer = mesh.accept(limited, 'client', mayWrite);
    peer.share = newcomers.of(client);
    if (limited instanceof LimitedLink) limited.countBy(peer);
  }
}
