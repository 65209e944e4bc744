import { encodeAnswer } from '../../wire/codec.ts';
import type { AckMessage } from '../../wire/message.ts';
import type { Context } from '../context.ts';
import type { Peer } from '../peer.ts';

/**
 * An answer without data. "Not found" ends an ask; an answer with an object in it travels back along the
 * path of the message it answers; acknowledgements of others end here (D29).
 */
export function handleAck(context: Context, peer: Peer, message: AckMessage): void {
  context.asks.notFound(message.replyTo, peer);
  if (message.answerJson === undefined) return;
  const path = context.paths.find(message.replyTo);
  if (path === undefined || path.peer === peer) return;
  // An id that has a way already belongs to another: nobody may turn the answers to it to himself.
  if (context.paths.find(message.id) === undefined) context.paths.note(message.id, peer, message.idJson);
  context.send(path.peer, encodeAnswer(message.idJson, path.idJson, message.answerJson));
}
