import { expect } from 'chai';
import { CommonMemory, newMemory } from '../../../lib/chain/common-keeper.ts';
import { writeOf, type FieldWrite } from '../../../lib/graph/write.ts';

describe('common memory', () => {
  it('is one graph for all who open its name, each told what the others write', async () => {
    const memory = new CommonMemory();
    const [a, b, other] = [memory.open('x'), memory.open('x'), memory.open('y')];
    const told: [string, readonly FieldWrite[]][] = [];
    a.onMatured((writes) => told.push(['a', writes]));
    b.onMatured((writes) => told.push(['b', writes]));
    await Promise.all([a.open(), b.open(), other.open()]);
    const write = writeOf('s', 'k', 5, 'v');
    await a.commit([write], true);
    expect(told).to.deep.equal([['b', [write]]]);
    expect((await b.read('s', undefined)).get('k')).to.include({ json: '"v"' });
    expect((await other.read('s', undefined)).size).to.equal(0);
    expect((await newMemory().read('s', undefined)).size).to.equal(0);
    await b.close();
    await a.commit([writeOf('s', 'k', 6, 'w')], true);
    expect(told.length).to.equal(1);
    await a.close();
    expect((await memory.open('x').read('s', undefined)).get('k')).to.include({ json: '"w"' });
  });
});
