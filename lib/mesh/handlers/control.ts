import { randomId } from '../../base/random.ts';
import { encodeHelloReply } from '../../wire/codec.ts';
import type { ControlMessage } from '../../wire/message.ts';
import type { Context } from '../context.ts';
import type { Peer } from '../peer.ts';
import { askForSouls } from '../relays.ts';

/** Control messages (gun-wire section 4). What is not named here was dropped by the parser. */
export function handleControl(context: Context, peer: Peer, message: ControlMessage): void {
  switch (message.name) {
    case 'hi':
      peer.saidHi = true;
      return;
    case '?':
      return handleHello(context, peer, message);
    case '!':
      return undefined;
  }
}

/** "Who are you?" and its answer; the first process id told on a link holds. */
function handleHello(context: Context, peer: Peer, message: ControlMessage): void {
  if (message.replyTo === undefined || message.pid === undefined) {
    context.send(peer, encodeHelloReply(randomId(), message.idJson, context.pid, peer.dialled));
  }
  const isNewRelay = message.relay && peer.role === 'client';
  const isNamed = message.pid !== undefined && peer.pid === undefined;
  if (isNewRelay) peer.role = 'relay';
  if (isNamed) meet(context, peer, message.pid);
  if (peer.role === 'relay' && (isNewRelay || isNamed)) context.foundRelay(peer);
}

/** The peer told who it is. */
function meet(context: Context, peer: Peer, pid: string): void {
  peer.pid = pid;
  if (peer.role === 'client') {
    void askForSouls(context, peer, context.recall.arrived(pid, peer.written));
  }
}
