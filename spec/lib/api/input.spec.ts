import { expect } from 'chai';
import { InputWriter, isPointer, type Place } from '../../../lib/api/input.ts';
import { GraphError } from '../../../lib/base/errors.ts';

/** What a put becomes: souls with keys and values, all of one state. */
async function put(
  place: Place,
  value: unknown,
  links: Readonly<Record<string, string>> = {},
): Promise<unknown> {
  const input = new InputWriter(7, (soul, key) => links[`${soul} ${key}`]);
  await input.put(place, value);
  expect(new Set(input.writes.map(({ state }) => state))).to.deep.equal(new Set([7]));
  return input.writes.map(({ soul, key, json }) => [soul, key, JSON.parse(json) as unknown]);
}

async function refused(value: unknown, place: Place = { soul: 's', keys: [] }): Promise<string> {
  const error = await put(place, value).catch((reason: unknown) => reason);
  expect(error).to.be.instanceOf(GraphError);
  expect((error as GraphError).code).to.equal('GRAPH_BAD_VALUE');
  return (error as GraphError).message;
}

describe('InputWriter', () => {
  it('writes the properties of a root', async () => {
    const value = { text: 'x', number: 1.5, yes: true, nothing: null, link: { '#': 'there' } };
    expect(await put({ soul: 's', keys: [] }, value)).to.deep.equal(
      Object.entries(value).map(([key, field]) => ['s', key, field]),
    );
  });

  it('makes nodes of nested objects, linked from their parents, in one go', async () => {
    expect(await put({ soul: 'ann', keys: [] }, { boss: { cat: { name: 'Tom' } } })).to.deep.equal([
      ['ann', 'boss', { '#': 'ann/boss' }],
      ['ann/boss', 'cat', { '#': 'ann/boss/cat' }],
      ['ann/boss/cat', 'name', 'Tom'],
    ]);
  });

  it('makes the links on the way to a key', async () => {
    expect(await put({ soul: 'a', keys: ['b', 'c'] }, 1)).to.deep.equal([
      ['a', 'b', { '#': 'a/b' }],
      ['a/b', 'c', 1],
    ]);
  });

  it('writes to the nodes that are linked already, and leaves their links alone', async () => {
    const links = { 'a b': 'elsewhere', 'elsewhere c': 'far' };
    expect(await put({ soul: 'a', keys: ['b'] }, { c: { x: 1 } }, links)).to.deep.equal([['far', 'x', 1]]);
    expect(await put({ soul: 'a', keys: ['b', 'c'] }, null, links)).to.deep.equal([['elsewhere', 'c', null]]);
  });

  it('writes an object that occurs twice once, circles as well', async () => {
    const ann: Record<string, unknown> = { name: 'Ann' };
    const bob = { name: 'Bob', friend: ann };
    ann['friend'] = bob;
    expect(await put({ soul: 'ann', keys: [] }, ann)).to.deep.equal([
      ['ann', 'name', 'Ann'],
      ['ann', 'friend', { '#': 'ann/friend' }],
      ['ann/friend', 'name', 'Bob'],
      ['ann/friend', 'friend', { '#': 'ann' }],
    ]);
  });

  it('links what points to a node', async () => {
    const pointer = { soul: async () => 'there' };
    expect(isPointer(pointer)).to.equal(true);
    expect(await put({ soul: 's', keys: [] }, { to: pointer })).to.deep.equal([
      ['s', 'to', { '#': 'there' }],
    ]);
  });

  it('takes objects without a prototype', async () => {
    const bare = Object.assign(Object.create(null) as object, { x: 1 });
    expect(await put({ soul: 's', keys: [] }, bare)).to.deep.equal([['s', 'x', 1]]);
  });

  it('adds members to sets under a soul of their own, or below that of the set', async () => {
    const input = new InputWriter(7, () => undefined);
    await input.putMember({ soul: 'set', keys: ['id1'] }, 'id1', { x: 1 });
    await input.putMember({ soul: 'set', keys: ['id2'] }, undefined, { x: 2 });
    expect(input.writes.map(({ soul, key, json }) => `${soul} ${key} ${json}`)).to.deep.equal([
      'set id1 {"#":"id1"}',
      'id1 x 1',
      'set id2 {"#":"set/id2"}',
      'set/id2 x 2',
    ]);
    const error = await input
      .putMember({ soul: 'set', keys: ['id'] }, 'id', [1])
      .catch((reason: unknown) => reason);
    expect((error as GraphError).code).to.equal('GRAPH_BAD_VALUE');
  });

  it('refuses what a property cannot hold and says where', async () => {
    for (const value of [[1], new Date(0), () => 1, Number.NaN, Infinity, undefined, Symbol('x'), 1n, /x/])
      expect(await refused({ deep: { key: value } }), String(value))
        .to.contain('at s/deep')
        .and.contain('key');
    expect(await refused({ '': 1 })).to.contain('""');
    expect(await refused({ _: 1 })).to.contain('"_"');
  });

  it('refuses roots that would be no nodes', async () => {
    for (const value of [1, 'text', null, { '#': 'link' }, [1], { soul: async () => 'x' }])
      expect(await refused(value)).to.contain('a root holds a node');
  });
});
