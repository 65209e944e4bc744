import { expect } from 'chai';
import { writeOf } from '../../../lib/graph/write.ts';
import { putJsonOf } from '../../../lib/wire/put-json.ts';

describe('putJsonOf', () => {
  it('writes one node with its keys sorted', () => {
    const json = putJsonOf([writeOf('s', 'b', 2, true), writeOf('s', 'a', 1, 'x')]);
    expect(json).to.equal('{"s":{"_":{"#":"s",">":{"a":1,"b":2}},"a":"x","b":true}}');
  });

  it('gathers the properties of each node, souls in order of UTF-16 units', () => {
    const writes = [
      writeOf('～', 'k', 1, 1),
      writeOf('a', 'x', 1, null),
      writeOf('😀', 'k', 1, 2),
      writeOf('a', 'b', 3, 4),
    ];
    const put = JSON.parse(putJsonOf(writes)) as Record<string, unknown>;
    expect(Object.keys(put)).to.deep.equal(['a', '😀', '～']);
    expect(put['a']).to.deep.equal({ _: { '#': 'a', '>': { b: 3, x: 1 } }, b: 4, x: null });
  });
});
