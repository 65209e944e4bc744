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
  if (message.pid !== undefined && peer.pid === undefined) {
    peer.pid = message.pid;
    if (peer.role === 'client' && !message.relay) {
      void askForSouls(context, peer, context.recall.returned(message.pid));
    }
  }
  if (message.relay && peer.role === 'client') peer.role = 'relay';
  if (peer.role === 'relay') context.foundRelay(peer);
}
