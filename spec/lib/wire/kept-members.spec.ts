import { expect } from 'chai';
import { KeptMembers, type Container, type Shape } from '../../../lib/wire/kept-members.ts';

const LEAF: Shape = {
  text: 'cut',
  others: 0,
  items: 0,
  field: () => undefined,
  other: undefined as unknown as Shape,
};
const FIELD: Shape = { ...LEAF, text: 'json' };
const OTHER: Shape = { ...LEAF, text: 'whole' };
const SHAPE: Shape = {
  text: 'cut',
  others: 2,
  items: 3,
  field: (name) => (name === 'kept' ? FIELD : undefined),
  other: OTHER,
};

function keptOf(...parts: readonly string[]): KeptMembers {
  const kept = new KeptMembers(0, parts[0]!.startsWith('['), SHAPE);
  for (const part of parts) kept.addAll(JSON.parse(part) as Container);
  return kept;
}

describe('wire KeptMembers', () => {
  it('keeps as many members as its shape says, and the named ones besides', () => {
    const kept = keptOf('{"a":1,"b":2}', '{"c":3,"kept":4,"d":5}');
    expect(JSON.stringify(kept.value)).to.equal('{"a":1,"b":2,"kept":4}');
    expect(kept.isWhole).to.equal(false);
    expect(keptOf('{"a":1}', '{"b":2,"kept":3}').isWhole).to.equal(true);
  });

  it('keeps the first items of an array', () => {
    expect(keptOf('[1,2]', '[3,4]').value).to.deep.equal([1, 2, 3]);
    expect(keptOf('[1,2]', '[3,4]').isWhole).to.equal(false);
    expect(keptOf('[1,2]', '[3]').isWhole).to.equal(true);
  });

  it('lets the last member of a name count, at the place of the first', () => {
    const kept = keptOf('{"a":1,"b":2}', '{"b":3,"a":4,"c":5,"a":6}');
    expect(JSON.stringify(kept.value)).to.equal('{"a":6,"b":3}');
  });

  it('takes the names of built-ins for names', () => {
    const { value } = keptOf('{"__proto__":{"kept":1}}', '{"toString":2}');
    expect(Object.keys(value)).to.deep.equal(['__proto__', 'toString']);
    expect('kept' in value).to.equal(false);
  });

  it('tells whether there were members to add', () => {
    const object = new KeptMembers(0, false, SHAPE);
    expect(object.addAll({})).to.equal(false);
    expect(object.addAll({ a: 1 })).to.equal(true);
    const array = new KeptMembers(0, true, SHAPE);
    expect(array.addAll([])).to.equal(false);
    expect(array.addAll([0])).to.equal(true);
  });

  it('knows the shapes of members', () => {
    const kept = new KeptMembers(7, false, SHAPE);
    expect(kept.shapeOf('kept')).to.equal(FIELD);
    expect(kept.shapeOf('a')).to.equal(OTHER);
    expect(kept.open).to.equal(7);
  });
});
