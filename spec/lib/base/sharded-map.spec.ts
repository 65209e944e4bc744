import { expect } from 'chai';
import * as fc from 'fast-check';
import { ShardedMap } from '../../../lib/base/sharded-map.ts';
import { aName, seeded } from '../../support/arbitraries.ts';

describe('base ShardedMap', () => {
  it('holds what a plain map holds, whatever is set and deleted', () => {
    const step = fc.record({ key: aName(), value: fc.option(fc.nat()) });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const sharded = new ShardedMap<number>();
        const plain = new Map<string, number>();
        for (const { key, value } of steps) {
          if (value === null) {
            sharded.delete(key);
            plain.delete(key);
          } else {
            sharded.set(key, value);
            plain.set(key, value);
          }
          expect(sharded.get(key)).to.equal(plain.get(key));
        }
        expect(sharded.size).to.equal(plain.size);
        expect([...sharded.entries()]).to.have.deep.members([...plain]);
      }),
      seeded(200),
    );
  });

  it('spreads keys that differ little over many small maps', () => {
    const sharded = new ShardedMap<number>();
    for (let i = 0; i < 20_000; i += 1) sharded.set(`chat/room-${i}/messages`, i);
    expect(sharded.size).to.equal(20_000);
    expect(sharded.largest).to.be.below(200);
  });

  it('walks over what is there when the walk begins, and not over what is set meanwhile', () => {
    const sharded = new ShardedMap<number>();
    for (let i = 0; i < 100; i += 1) sharded.set(`k${i}`, i);
    const walked: number[] = [];
    for (const [key, value] of sharded.entries()) {
      walked.push(value);
      for (let i = 0; i < 20; i += 1) sharded.set(`${key} and ${i}`, -1);
    }
    expect(walked).to.have.members(Array.from({ length: 100 }, (_, i) => i));
  });
});
