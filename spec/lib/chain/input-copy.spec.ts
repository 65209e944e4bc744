import { expect } from 'chai';
import { copyInput, type InputCopy } from '../../../lib/chain/input-copy.ts';

const none = (): undefined => undefined;

function copyOf(data: unknown): InputCopy {
  const copy = copyInput(data, ['s'], none);
  if (!copy.ok) throw new Error(copy.reason);
  return copy.value;
}

describe('input copies', () => {
  it('stay as the data was, circles included, without its metadata', () => {
    const data = { _: { '#': 'soul' }, name: 'Ann', cat: { name: 'Tom' } as Record<string, unknown> };
    data.cat['owner'] = data;
    const { value, souls } = copyOf(data);
    data.name = 'Bob';
    const { name, cat, ...others } = value as { name: string; cat: { owner: unknown } };
    expect(name).to.equal('Ann');
    expect(cat.owner).to.equal(value);
    expect(others).to.deep.equal({});
    expect([...souls]).to.deep.equal([]);
  });

  it('have pointers where an object has a soul by itself', async () => {
    const tom = { _: { '#': 'tom' }, name: 'Tom' };
    const { value, souls } = copyOf({ cat: tom, again: tom });
    const { cat, again } = value as Record<string, { soul(): Promise<string> }>;
    expect(await cat!.soul()).to.equal('tom');
    expect(again).to.equal(cat);
    expect(JSON.stringify([...souls])).to.equal('[[{"name":"Tom"},"tom"]]');
  });

  it('take instances for what they hold, and chains for their nodes', () => {
    class Point {
      readonly x = 1;
    }
    expect(JSON.stringify(copyOf(new Point()).value)).to.equal('{"x":1}');
    const pointer = { soul: () => Promise.resolve('t') };
    const chain = {};
    const copy = copyInput({ link: chain }, ['s'], (value) => (value === chain ? pointer : undefined));
    expect(copy.ok && (copy.value.value as { link: unknown }).link).to.equal(pointer);
  });

  it('are refused with the kind and the place of what no graph can hold', () => {
    const reasons = [
      { a: { b: [] } },
      { a: undefined },
      { a: NaN },
      { a: new Date() },
      { a: () => 1 },
      [],
    ].map((data) => {
      const copy = copyInput(data, ['r', 's'], none);
      return copy.ok ? 'taken' : copy.reason;
    });
    expect(reasons).to.deep.equal([
      'Invalid data: Array at r.s.a.b',
      'Invalid data: undefined at r.s.a',
      'Invalid data: NaN at r.s.a',
      'Invalid data: Date at r.s.a',
      'Invalid data: Function at r.s.a',
      'Invalid data: Array at r.s',
    ]);
  });

  it('are refused when they are nested without end', () => {
    let deep: object = {};
    for (let depth = 0; depth < 2000; depth += 1) deep = { deep };
    expect(copyInput(deep, ['s'], none).ok).to.equal(false);
  });
});
