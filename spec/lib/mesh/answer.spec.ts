import { expect } from 'chai';
import { answerOf } from '../../../lib/mesh/answer.ts';
import { CachedNode } from '../../../lib/store/node-cache.ts';
import { contentHash } from '../../../lib/wire/content-hash.ts';

describe('mesh/answer', () => {
  it('is the wire form of the node with its hash', () => {
    const node = new CachedNode('soul');
    node.put('b', { state: 2, json: '"two"' });
    node.put('a', { state: 1, json: '1' });
    const { putJson, hash } = answerOf(node);
    expect(putJson).to.equal('{"soul":{"_":{"#":"soul",">":{"a":1,"b":2}},"a":1,"b":"two"}}');
    expect(hash).to.equal(contentHash(putJson));
  });

  it('is made once per state of the node', () => {
    const node = new CachedNode('soul');
    node.put('a', { state: 1, json: '1' });
    const before = answerOf(node);
    expect(answerOf(node)).to.equal(before);
    node.put('a', { state: 2, json: '2' });
    expect(answerOf(node).putJson).to.include('"a":2');
  });
});
