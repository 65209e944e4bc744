import { randomId } from '../base/random.ts';
import type { Selector } from '../graph/selector.ts';
import { encodeGet } from '../wire/codec.ts';
import { answerOf } from './answer.ts';
import type { Context } from './context.ts';
import type { Peer } from './peer.ts';

/** Peers asked for one read at most; a mesh of relays needs no more to find a way. */
const MOST_ASKED = 16;
/** Souls a client that came back is asked for in one turn. */
const SOULS_PER_TURN = 100;
/** Nodes read at once to tell a relay what is here. */
const SOULS_READ_AT_ONCE = 32;
/** How long that may hold the event loop in one turn, in milliseconds. */
const HASHES_MS = 2;

/** The relays that are sent every change, one link to each, without the peer a change came from. */
export function relaysToTell(context: Context, except: Peer | undefined): Peer[] {
  const relays: Peer[] = [];
  for (const peer of context.relays) {
    if (peer.role === 'relay' && !peer.standby && !isSame(peer, except)) relays.push(peer);
  }
  return relays;
}

/** A link to the node with a key, if there is any. */
export function relayOf(context: Context, node: string | undefined): Peer | undefined {
  if (node === undefined) return undefined;
  for (const peer of context.relays) if (peer.nodeKey === node) return peer;
  return undefined;
}

/** Whom to ask for what may not be here, without the asker (D18): those this side dialled come first. */
export function peersToAsk(context: Context, asker: Peer): Peer[] {
  const dialled: Peer[] = [];
  const others: Peer[] = [];
  for (const peer of context.relays) {
    if (peer.standby || isSame(peer, asker)) continue;
    (peer.dialled ? dialled : others).push(peer);
  }
  return [...dialled, ...others].slice(0, MOST_ASKED);
}

/**
 * Asks peers on this peer's own account; the answers are merged like any write. All are asked under one id,
 * so that peers which pass it on to each other answer it once.
 */
export function ask(context: Context, peers: readonly Peer[], selector: Selector, hash?: number): void {
  if (peers.length === 0) return;
  const id = randomId();
  context.questions.seen(id);
  for (const peer of peers) context.send(peer, encodeGet(`"${id}"`, selector, hash));
}

/** Asks a peer for souls, a few per turn, as long as it takes them. */
export async function askForSouls(context: Context, peer: Peer, souls: Iterable<string>): Promise<void> {
  let asked = 0;
  for (const soul of souls) {
    ask(context, [peer], { soul, reverse: false });
    asked += 1;
    if (asked % SOULS_PER_TURN === 0 && !(await context.drained(peer))) return;
  }
}

/**
 * A link to a relay is up: learn what this side missed for the souls somebody here asked for. The relay is
 * told what this side has, so that it says nothing when it has the same and asks back when it has less. The
 * other side does the same.
 *
 * @param most souls to ask for
 */
export async function catchUp(context: Context, peer: Peer, most: number = Infinity): Promise<void> {
  const souls = context.interest.soulsWithout(peer);
  for (let asked = 0; asked < most; asked += SOULS_READ_AT_ONCE) {
    const some = take(souls, SOULS_READ_AT_ONCE);
    if (some.length === 0) return;
    const hashes = await hashesOf(context, some);
    for (const [at, soul] of some.entries()) ask(context, [peer], { soul, reverse: false }, hashes[at]);
    if (!(await context.drained(peer))) return;
  }
}

function take(souls: Iterator<string>, most: number): string[] {
  const taken: string[] = [];
  while (taken.length < most) {
    const next = souls.next();
    if (next.done === true) break;
    taken.push(next.value);
  }
  return taken;
}

/** {@link hashOf} each soul; large nodes are not all written in one turn. */
async function hashesOf(context: Context, souls: readonly string[]): Promise<(number | undefined)[]> {
  const hashes: Promise<number | undefined>[] = [];
  let until = context.slices.now() + HASHES_MS;
  for (const soul of souls) {
    hashes.push(hashOf(context, soul));
    if (context.slices.now() < until) continue;
    await new Promise<void>((resolve) => context.schedule(resolve));
    until = context.slices.now() + HASHES_MS;
  }
  return Promise.all(hashes);
}

/** Hash of what a read of the node is answered with; undefined when it is not here, too large or unreadable. */
async function hashOf(context: Context, soul: string): Promise<number | undefined> {
  try {
    const node = await context.graph.readNode(soul);
    return node === undefined || node.fields.size === 0
      ? undefined
      : (await answerOf(context.slices, node)).hash;
  } catch {
    return undefined;
  }
}

/** Two links to one relay count as one, when it has shown that the process id it tells is its own. */
function isSame(peer: Peer, other: Peer | undefined): boolean {
  if (other === undefined || peer === other) return peer === other;
  return peer.pid !== undefined && peer.pid === other.pid && (other.dialled || other.isTwin);
}
