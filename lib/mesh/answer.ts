import { nodeJson } from '../graph/node.ts';
import type { CachedNode } from '../store/node-cache.ts';
import { joinNodes } from '../wire/codec.ts';
import { contentHash } from '../wire/content-hash.ts';

/** The JSON of an answer's graph and its hash. */
export interface Answer {
  readonly putJson: string;
  readonly hash: number;
}

/** The answer that holds a whole node, which has a property at least; made once per state of the node. */
export function answerOf(node: CachedNode): Answer {
  const known = node.memo as Answer | undefined;
  if (known !== undefined) return known;
  const putJson = joinNodes([nodeJson(node.soul, node.fields)]);
  const answer = { putJson, hash: contentHash(putJson) };
  node.memo = answer;
  return answer;
}
