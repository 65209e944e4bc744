import { expect } from 'chai';
import { Slices } from '../../../lib/base/slices.ts';
import {
  answerLater,
  answerOf,
  answerOfNodes,
  answerWith,
  isLong,
  type Answer,
} from '../../../lib/mesh/answer.ts';
import { nodeJsonOf } from '../../../lib/graph/node.ts';
import { CachedNode } from '../../../lib/store/node-cache.ts';
import { joinNodes } from '../../../lib/wire/codec.ts';
import { contentHash } from '../../../lib/wire/content-hash.ts';

/** A long text whose hash takes several steps. */
const LONG = 'abc'.repeat(100_000);

function nodeOf(json: string): CachedNode {
  const node = new CachedNode('soul');
  node.put('b', { state: 2, json });
  node.put('a', { state: 1, json: '1' });
  return node;
}

describe('mesh/answer', () => {
  let turns: (() => void)[];
  let slices: Slices;
  let readings: number;
  beforeEach(() => {
    turns = [];
    readings = 0;
    const schedule = (task: () => void): void => void turns.push(task);
    // A clock on which every step fills a slice.
    const now = (): number => {
      readings += 1;
      return readings * 10;
    };
    slices = new Slices({ schedule, now });
  });

  /** Runs turns until all work is done; how many it took. */
  function finishAll(): number {
    let count = 0;
    for (; turns.length > 0; count += 1) turns.shift()!();
    return count;
  }

  it('is the wire form of the node with its hash, made at once', () => {
    const { putJson, hash } = answerOf(slices, nodeOf('"two"')) as Answer;
    expect(putJson).to.equal('{"soul":{"_":{"#":"soul",">":{"a":1,"b":2}},"a":1,"b":"two"}}');
    expect(hash).to.equal(contentHash(putJson));
  });

  it('is made once per state of the node', async () => {
    for (const json of ['"two"', JSON.stringify(LONG)]) {
      const node = nodeOf(json);
      const before = answerOf(slices, node);
      expect(answerOf(slices, node)).to.equal(before);
      node.put('a', { state: 2, json: '2' });
      const after = answerOf(slices, node);
      finishAll();
      expect((await after).putJson).to.include('"a":2');
      expect((await before).putJson).to.include('"a":1');
    }
  });

  it('is hashed over several turns when it is long', async () => {
    expect([isLong(LONG), isLong('short')]).to.deep.equal([true, false]);
    const made = answerLater(slices, LONG);
    expect(finishAll()).to.be.above(4);
    expect(await made).to.deep.equal(answerWith(LONG));
  });

  it('holds some properties of some nodes, souls and keys in order', () => {
    const entry = { state: 1, json: 'true' };
    const nodes = [
      { soul: 'b', entries: [['k', entry] as const] },
      { soul: 'a', entries: [['z', entry] as const, ['A', entry] as const] },
    ];
    const { putJson, hash } = answerOfNodes(slices, nodes) as Answer;
    expect(putJson).to.equal(
      '{"a":{"A":true,"_":{"#":"a",">":{"A":1,"z":1}},"z":true},"b":{"_":{"#":"b",">":{"k":1}},"k":true}}',
    );
    expect(hash).to.equal(contentHash(putJson));
  });

  it('holds many properties, or long ones, as it would hold few, over several turns', async () => {
    const many = Array.from({ length: 2500 }, (_, at) => [`k${at}`, { state: at, json: `${at}` }] as const);
    const long = [['k', { state: 1, json: JSON.stringify(LONG) }] as const];
    for (const entries of [many, long]) {
      const made = answerOfNodes(slices, [{ soul: 'soul', entries: [...entries] }]);
      expect(made).to.be.instanceOf(Promise);
      expect(finishAll()).to.be.above(4);
      const putJson = joinNodes([nodeJsonOf('soul', [...entries])]);
      expect(await made).to.deep.equal({ putJson, hash: contentHash(putJson) });
    }
  });
});
