import { expect } from 'chai';
import * as fc from 'fast-check';
import { TwoGenerations } from '../../../lib/base/two-generations.ts';
import { seeded } from '../../support/arbitraries.ts';

describe('base TwoGenerations', () => {
  it('keeps what it is given, under any key', () => {
    const map = new TwoGenerations<string, number>(100);
    const keys = ['a', '', '__proto__', 'constructor'];
    for (const [value, key] of keys.entries()) map.set(key, value);
    expect(keys.map((key) => map.get(key))).to.deep.equal([0, 1, 2, 3]);
    expect(map.get('toString')).to.equal(undefined);
    expect(map.size).to.equal(4);
  });

  it('never holds more than its capacity', () => {
    const map = new TwoGenerations<number, number>(10);
    for (let key = 0; key < 1000; key += 1) {
      map.set(key, key);
      expect(map.size).to.be.at.most(10);
    }
    expect(map.get(999)).to.equal(999);
    expect(map.get(989)).to.equal(undefined);
  });

  it('forgets what was not used lately and keeps what was', () => {
    const map = new TwoGenerations<number, number>(10);
    map.set(-1, -1);
    for (let key = 0; key < 100; key += 1) {
      map.set(key, key);
      if (key % 4 === 3) expect(map.get(-1), `after ${key}`).to.equal(-1);
    }
    expect(map.get(50)).to.equal(undefined);
  });

  it('replaces a value in whichever generation it stands', () => {
    const map = new TwoGenerations<string, number>(4);
    map.set('a', 1);
    map.set('a', 2);
    expect(map.get('a')).to.equal(2);
    map.set('b', 1);
    map.set('c', 1);
    map.set('a', 3);
    expect(map.get('a')).to.equal(3);
  });

  it('holds a key once when it becomes young again', () => {
    const map = new TwoGenerations<string, number>(20);
    map.set('a', 1, 6);
    map.set('b', 2, 6);
    expect(map.get('a')).to.equal(1);
    expect(map.size).to.equal(2);
  });

  it('forgets a key in both generations', () => {
    const map = new TwoGenerations<string, number>(4);
    map.set('a', 1);
    map.set('b', 1);
    map.set('c', 1);
    map.set('a', 2);
    map.delete('a');
    expect(map.get('a')).to.equal(undefined);
  });

  it('counts weights, also those told when a key becomes young again', () => {
    const map = new TwoGenerations<string, number>(20);
    map.set('a', 6, 6);
    map.set('b', 6, 6);
    expect(map.get('a', weigh), 'the older generation is still there').to.equal(6);
    expect(map.get('b', weigh)).to.equal(6);
    map.set('c', 9, 9);
    expect(map.get('a', weigh)).to.equal(undefined);
  });

  it('starts a new generation when what it holds grows too heavy', () => {
    const map = new TwoGenerations<string, number>(20);
    map.set('a', 1, 1);
    map.grow(20);
    map.set('b', 1, 1);
    expect(map.size).to.equal(2);
    map.grow(20);
    expect(map.get('a')).to.equal(undefined);
    expect(map.get('b')).to.equal(1);
  });

  it('holds one thing of each generation that is heavier than its share', () => {
    const map = new TwoGenerations<string, number>(2);
    for (const key of ['a', 'b', 'c', 'd']) map.set(key, 50, 50);
    expect(map.size).to.equal(2);
    expect(map.get('d', () => 50)).to.equal(50);
  });

  it('holds no more than its capacity, and all that was used within half of it', () => {
    const steps = fc.array(fc.tuple(fc.integer({ min: 0, max: 30 }), fc.integer({ min: 1, max: 4 })), {
      maxLength: 200,
    });
    fc.assert(
      fc.property(steps, (sets) => {
        const held = Array.from({ length: 31 }, (_, key) => heldAfter(sets, key));
        expect(held.reduce<number>((sum, weight) => sum + (weight ?? 0), 0)).to.be.at.most(CAPACITY);
        let recent = 0;
        for (const [key, weight] of sets.toReversed()) {
          recent += weight;
          if (recent > CAPACITY / 2) break;
          expect(held[key], `key ${key}`).to.not.equal(undefined);
        }
      }),
      seeded(50),
    );
  });
});

const CAPACITY = 20;

function weigh(weight: number): number {
  return weight;
}

/** What a map holds under a key after some uses; a map of its own, because looking is a use. */
function heldAfter(
  sets: readonly (readonly [key: number, weight: number])[],
  key: number,
): number | undefined {
  const map = new TwoGenerations<number, number>(CAPACITY);
  for (const [used, weight] of sets) map.set(used, weight, weight);
  return map.get(key);
}
