import type { MaybePromise } from '../base/maybe-promise.ts';
import { finish, type Slices, type Steps } from '../base/slices.ts';
import { nodeJson, nodeJsonSteps } from '../graph/node.ts';
import type { NodePart } from '../store/graph-store.ts';
import type { CachedNode } from '../store/node-cache.ts';
import { joinNodes } from '../wire/codec.ts';
import { contentHash } from '../wire/content-hash.ts';

/** Characters of an answer that is made at once; longer ones are made in slices. */
const LONGEST_AT_ONCE = 256 * 1024;
/** The same for the properties of an answer that is made of many. */
const MOST_AT_ONCE = 500;
/** Characters that are hashed in one step. */
const HASHED_IN_A_STEP = 64 * 1024;

/** The JSON of an answer's graph and its hash. */
export interface Answer {
  readonly putJson: string;
  readonly hash: number;
}

/** The answer that holds a whole node, which has a property at least; made once per state of the node. */
export function answerOf(slices: Slices, node: CachedNode): MaybePromise<Answer> {
  const known = node.memo as MaybePromise<Answer> | undefined;
  if (known !== undefined) return known;
  const putJson = joinNodes([nodeJson(node.soul, node.fields)]);
  const answer = isLong(putJson) ? answerLater(slices, putJson) : answerWith(putJson);
  node.memo = answer;
  return answer;
}

/** True when the answer that consists of this JSON is better made by {@link answerLater}. */
export function isLong(putJson: string): boolean {
  return putJson.length > LONGEST_AT_ONCE;
}

/** The answer that consists of this JSON. */
export function answerWith(putJson: string): Answer {
  return { putJson, hash: contentHash(putJson) };
}

/** {@link answerWith} in slices. */
export function answerLater(slices: Slices, putJson: string): Promise<Answer> {
  return slices.later(hashed(putJson));
}

/** The answer that holds some properties of some nodes, in any order. */
export function answerOfNodes(slices: Slices, nodes: readonly NodePart[]): MaybePromise<Answer> {
  return isLarge(nodes) ? slices.later(answerSteps(nodes)) : finish(answerSteps(nodes));
}

function isLarge(nodes: readonly NodePart[]): boolean {
  let count = 0;
  let length = 0;
  for (const { entries } of nodes) {
    count += entries.length;
    for (const [, { json }] of entries) length += json.length;
    if (count > MOST_AT_ONCE || length > LONGEST_AT_ONCE) return true;
  }
  return false;
}

function* answerSteps(nodes: readonly NodePart[]): Steps<Answer> {
  const sorted = nodes.toSorted((a, b) => (a.soul < b.soul ? -1 : 1));
  const texts: string[] = [];
  for (const { soul, entries } of sorted) texts.push(yield* nodeJsonSteps(soul, entries));
  return yield* hashed(joinNodes(texts));
}

function* hashed(putJson: string): Generator<void, Answer, void> {
  let hash = 0;
  for (let start = 0; start < putJson.length; start += HASHED_IN_A_STEP) {
    hash = contentHash(putJson.slice(start, start + HASHED_IN_A_STEP), hash);
    yield;
  }
  return { putJson, hash };
}
