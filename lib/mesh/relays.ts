import { randomId } from '../base/random.ts';
import type { Selector } from '../graph/selector.ts';
import { encodeGet } from '../wire/codec.ts';
import type { GetMessage } from '../wire/message.ts';
import type { Context } from './context.ts';
import type { Peer } from './peer.ts';

/** Peers asked for one read at most; a mesh of relays needs no more to find a way. */
const MOST_ASKED = 16;
/** Souls asked for in one turn when a link comes up. */
const SOULS_PER_TURN = 100;

/** The relays that are sent every change, one link to each, without the peer a change came from. */
export function relaysToTell(context: Context, except: Peer | undefined): Peer[] {
  const relays: Peer[] = [];
  for (const peer of context.relays) {
    if (peer.role === 'relay' && !peer.standby && !isSame(peer, except)) relays.push(peer);
  }
  return relays;
}

/** Whom to ask for what is not found here, without the asker (D18). */
export function peersToAsk(context: Context, get: GetMessage, asker: Peer): Peer[] {
  const peers: Peer[] = [];
  if (get.local) return peers;
  for (const peer of context.relays) {
    if (!peer.standby && !isSame(peer, asker) && peers.length < MOST_ASKED) peers.push(peer);
  }
  return peers;
}

/** Asks a peer on this peer's own account; the answer is merged like any write. */
export function ask(context: Context, peer: Peer, selector: Selector, hash?: number): void {
  const id = randomId();
  context.questions.seen(id);
  context.send(peer, encodeGet(`"${id}"`, selector, hash));
}

/** Asks a peer for souls, a few per turn, as long as it takes them. */
export async function askForSouls(context: Context, peer: Peer, souls: Iterable<string>): Promise<void> {
  let asked = 0;
  for (const soul of souls) {
    ask(context, peer, { soul, reverse: false });
    asked += 1;
    if (asked % SOULS_PER_TURN === 0 && !(await context.drained(peer))) return;
  }
}

/**
 * A link to a relay is up: learn what this side missed for the souls somebody here asked for. The other
 * side does the same.
 */
export function catchUp(context: Context, peer: Peer): void {
  if (!peer.standby) void askForSouls(context, peer, context.interest.souls);
}

/** Two links to one process count as one. */
function isSame(peer: Peer, other: Peer | undefined): boolean {
  return peer === other || (peer.pid !== undefined && peer.pid === other?.pid);
}
