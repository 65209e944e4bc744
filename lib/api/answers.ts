import { randomId } from '../base/random.ts';
import { nodeJsonOf, type Fields } from '../graph/node.ts';
import { matchesNames } from '../graph/selector.ts';
import type { Entry } from '../graph/write.ts';
import { contentHash } from '../wire/content-hash.ts';
import { encodeNotFound, encodeReply, joinNodes } from '../wire/codec.ts';
import type { GetMessage } from '../wire/message.ts';
import type { GraphKeeper } from './keeper.ts';

/** Properties of one message, and characters of them, at most. */
const MOST_ENTRIES = 2000;
const MOST_LENGTH = 256 * 1024;

/**
 * What a peer that asks is answered: what is kept here, in parts of bounded length; nothing when the peer has
 * the same. Relays ask clients that come back for what they wrote meanwhile (D24).
 */
export async function answersTo(get: GetMessage, keeper: GraphKeeper): Promise<readonly string[]> {
  const { soul, key } = get.selector;
  if (typeof soul !== 'string') return [encodeNotFound(randomId(), get.idJson)];
  const fields: Fields = await keeper.read(soul, key);
  const entries = [...fields].filter(([name]) => key === undefined || matchesNames(name, key));
  if (entries.length === 0) return [encodeNotFound(randomId(), get.idJson)];
  const puts = portions(entries).map((portion) => joinNodes([nodeJsonOf(soul, portion)]));
  if (puts.length === 1 && get.contentHash === contentHash(puts[0]!)) return [];
  const ids = puts.map(() => randomId());
  return puts.map((putJson, at) =>
    encodeReply({
      id: ids[at]!,
      replyToJson: get.idJson,
      putJson,
      contentHash: contentHash(putJson),
      nextId: ids[at + 1],
    }),
  );
}

function portions(entries: readonly (readonly [string, Entry])[]): (readonly [string, Entry])[][] {
  const all: (readonly [string, Entry])[][] = [];
  let last: (readonly [string, Entry])[] | undefined;
  let length = 0;
  for (const entry of entries) {
    length += entry[0].length + entry[1].json.length;
    if (last === undefined || last.length >= MOST_ENTRIES || length > MOST_LENGTH) {
      all.push((last = []));
      length = entry[0].length + entry[1].json.length;
    }
    last.push(entry);
  }
  return all;
}
