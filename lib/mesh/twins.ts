/**
 * Proof that a relay which came in is one that this side dialled too: it is told a secret on the link that was dialled
 * and says it on the other one. Anybody can tell any process id, and what a peer brings is not passed on to the relay
 * that it is.
 */
import { randomId, randomText } from '../base/random.ts';
import { encodeTwin, encodeTwinReply } from '../wire/codec.ts';
import type { Context } from './context.ts';
import type { Peer } from './peer.ts';

const SECRET_LENGTH = 22;

/** Asks for the proof of those that tell the process id of a relay that was dialled. */
export function askTwins(context: Context, dialled: Peer, links: readonly Peer[]): void {
  for (const peer of links) {
    if (peer.dialled || peer.isTwin) continue;
    peer.twinSecret ??= randomText(SECRET_LENGTH);
    context.send(dialled, encodeTwin(randomId(), peer.twinSecret));
  }
}

/** Takes a proof, or gives one on the link this side dialled to the relay that asks. */
export function handleTwin(context: Context, peer: Peer, secret: string, isReply: boolean): void {
  if (isReply) {
    if (secret === peer.twinSecret) peer.isTwin = true;
    return;
  }
  if (secret === '') return;
  for (const relay of context.relays) {
    if (relay.dialled && peer.pid !== undefined && relay.pid === peer.pid)
      return context.send(relay, encodeTwinReply(randomId(), secret));
  }
}
