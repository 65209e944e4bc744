import { randomId } from '../../base/random.ts';
import { encodeHelloReply, encodeRelayGreeting } from '../../wire/codec.ts';
import type { ControlMessage } from '../../wire/message.ts';
import { isFromNode, logFrame, twinSecret } from '../../wire/relay-control.ts';
import type { Context } from '../context.ts';
import type { Peer } from '../peer.ts';
import { askForSouls, catchUp } from '../relays.ts';
import { handleTwin } from '../twins.ts';

/** Souls that a client which may know more is asked for when it comes. */
const SOULS_OF_SOURCES = 64;

/** Control messages (gun-wire section 4). What is not named here was dropped by the parser. */
export function handleControl(context: Context, peer: Peer, message: ControlMessage): void {
  switch (message.name) {
    case 'hi':
      if (message.relay && peer.dialled) peer.wantsAcks = false;
      else peer.saidHi = true;
      return;
    case '?':
      return handleHello(context, peer, message);
    case 'twin':
      return handleTwin(context, peer, twinSecret(message), message.replyTo !== undefined);
    case 'log':
      return context.logs?.hear(peer, logFrame(message));
    case '!':
      return undefined;
  }
}

/** "Who are you?" and its answer; the first process id told on a link holds. */
function handleHello(context: Context, peer: Peer, message: ControlMessage): void {
  if (message.replyTo === undefined || message.pid === undefined) {
    context.send(peer, encodeHelloReply(randomId(), message.idJson, context.pid, peer.dialled));
  }
  const isNewRelay = message.relay && peer.role === 'client' && hasRoomForRelay(context);
  const isNamed = message.pid !== undefined && peer.pid === undefined;
  if (isNewRelay) {
    peer.role = 'relay';
    peer.wantsAcks = false;
    context.send(peer, encodeRelayGreeting(randomId()));
  }
  if (isNamed) meet(context, peer, message, message.pid);
  if (peer.role === 'relay' && (isNewRelay || isNamed)) context.foundRelay(peer);
}

/** Anybody can say that it is a relay, and relays are told everything. */
function hasRoomForRelay({ relays, limits }: Context): boolean {
  let inbound = 0;
  for (const { dialled, role } of relays) if (!dialled && role === 'relay') inbound += 1;
  return inbound < limits.inboundRelays;
}

/** The peer told who it is. One that was here before may have written meanwhile. */
function meet(context: Context, peer: Peer, message: ControlMessage, pid: string): void {
  peer.pid = pid;
  if (peer.role !== 'client') return;
  const isBack = context.recall.knows(pid);
  void askForSouls(context, peer, context.recall.arrived(pid, peer.written));
  const isNode = isFromNode(message) && peer.spokeFirst && !peer.saidHi;
  if (!isBack && !isNode) return;
  context.sources.add(peer);
  void catchUp(context, peer, SOULS_OF_SOURCES);
}
