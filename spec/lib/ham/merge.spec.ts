import { expect } from 'chai';
import * as fc from 'fast-check';
import { finish } from '../../../lib/base/slices.ts';
import { writeOf, type Entry, type FieldWrite } from '../../../lib/graph/write.ts';
import {
  merge,
  mergeInSteps,
  type MergeOutcome,
  type MergeView,
  type SaysTheSame,
} from '../../../lib/ham/merge.ts';
import { aName, aState, aValue, aWrite, batches, seeded, shuffled } from '../../support/arbitraries.ts';
import { START_MS } from '../../support/fake-clock.ts';
import { lineOfField, NaiveGraph } from '../../support/naive-graph.ts';

/** A replica that keeps its entries in memory. */
class Replica implements MergeView {
  readonly #bySoul = new Map<string, Map<string, FieldWrite>>();

  current(soul: string, key: string): Entry | undefined {
    return this.#bySoul.get(soul)?.get(key);
  }

  accept(write: FieldWrite): void {
    const node = this.#bySoul.get(write.soul) ?? new Map<string, FieldWrite>();
    this.#bySoul.set(write.soul, node.set(write.key, write));
  }

  merge(writes: readonly FieldWrite[], now: number = START_MS): MergeOutcome {
    return merge(writes, this, now);
  }

  lines(): string[] {
    const writes: FieldWrite[] = [];
    for (const node of this.#bySoul.values()) writes.push(...node.values());
    return writes.map(({ soul, key, state, json }) => lineOfField(soul, key, state, json)).toSorted();
  }
}

/** Few souls and keys, so that writes meet. */
function crowdedWrites(): fc.Arbitrary<FieldWrite[]> {
  const names = fc.uniqueArray(aName(), { minLength: 2, maxLength: 3 });
  return names.chain((few) => {
    const name = fc.constantFrom(...few);
    const write = fc
      .record({ soul: name, key: name, state: aState(), value: aValue() })
      .map(({ soul, key, state, value }) => writeOf(soul, key, state, value));
    return fc.array(write, { maxLength: 30 });
  });
}

/** Takes texts in capital letters for the same. */
const isSameText: SaysTheSame = (soul, key, current, incoming) => {
  expect([soul, key]).to.deep.equal(['s', 'a']);
  return current.json.toLowerCase() === incoming.json.toLowerCase();
};

describe('ham merge', () => {
  it('gives what won and what must wait, each in the order it came', () => {
    const replica = new Replica();
    const writes = [
      writeOf('s', 'a', 5, 'x'),
      writeOf('s', 'b', START_MS + 1, 'y'),
      writeOf('s', 'a', 4, 'old'),
      writeOf('s', 'a', 5, 'x'),
      writeOf('s', 'a', 6, 'newer'),
      writeOf('s', 'c', START_MS + 0.001, 'z'),
    ];
    const { accepted, deferred } = replica.merge(writes);
    expect(accepted).to.deep.equal([writes[0], writes[4]]);
    expect(deferred).to.deep.equal([writes[1], writes[5]]);
    expect(replica.current('s', 'a')).to.equal(writes[4]);
    expect(replica.current('s', 'b')).to.equal(undefined);
  });

  it('says nothing of what is older or the same', () => {
    const replica = new Replica();
    const write = writeOf('s', 'a', 5, 'x');
    replica.merge([write]);
    expect(replica.merge([write, writeOf('s', 'a', 4, 'z'), writeOf('s', 'a', 5, 'a')])).to.deep.equal({
      accepted: [],
      deferred: [],
    });
  });

  it('keeps the first of two values that mean the same at one state, and no others', () => {
    const replica = new Replica();
    const merged = (...writes: readonly FieldWrite[]): FieldWrite[] => {
      const inSteps = finish(mergeInSteps(writes, replica, START_MS, isSameText));
      return [...inSteps.accepted, ...merge(writes, replica, START_MS, isSameText).accepted];
    };
    const [upper, lower] = [writeOf('s', 'a', 5, 'TEXT'), writeOf('s', 'a', 5, 'text')];
    expect(merged(upper, lower)).to.deep.equal([upper]);
    expect(replica.current('s', 'a')).to.equal(upper);
    const later = { ...lower, state: 6 };
    const greater = writeOf('s', 'a', 6, 'z');
    expect(merged(later, greater)).to.deep.equal([later, greater]);
  });

  it('agrees with a naive graph in any order, with repetitions, in any batches', () => {
    const deliveries = crowdedWrites().chain((writes) =>
      fc.tuple(
        fc.constant(writes),
        shuffled(writes).chain((order) => batches(order)),
      ),
    );
    fc.assert(
      fc.property(deliveries, ([writes, delivered]) => {
        const replica = new Replica();
        for (const batch of delivered) replica.merge(batch);
        expect(replica.lines()).to.deep.equal(new NaiveGraph().putAll(writes).lines());
      }),
      seeded(150),
    );
  });

  it('gives the same in steps, and pauses between them', () => {
    fc.assert(
      fc.property(crowdedWrites(), (writes) => {
        const [whole, inSteps] = [new Replica(), new Replica()];
        expect(finish(mergeInSteps(writes, inSteps, START_MS))).to.deep.equal(whole.merge(writes));
        expect(inSteps.lines()).to.deep.equal(whole.lines());
      }),
      seeded(80),
    );
    const many = Array.from({ length: 10_000 }, (_, index) => writeOf('s', `k${index}`, 1, index));
    const steps = mergeInSteps(many, new Replica(), START_MS);
    let pauses = 0;
    while (steps.next().done !== true) pauses += 1;
    expect(pauses).to.be.within(30, 200);
  });

  it('is commutative', () => {
    fc.assert(
      fc.property(crowdedWrites(), crowdedWrites(), (a, b) => {
        const first = new Replica();
        const second = new Replica();
        first.merge(a);
        first.merge(b);
        second.merge(b);
        second.merge(a);
        expect(first.lines()).to.deep.equal(second.lines());
      }),
      seeded(80),
    );
  });

  it('is associative: merging replicas is merging what they took', () => {
    fc.assert(
      fc.property(crowdedWrites(), crowdedWrites(), crowdedWrites(), (a, b, c) => {
        const left = new Replica();
        left.merge([...left.merge(a).accepted, ...left.merge(b).accepted]);
        left.merge(c);
        const right = new Replica();
        right.merge(b);
        const bc = [...b, ...right.merge(c).accepted];
        const whole = new Replica();
        whole.merge(a);
        whole.merge(bc);
        expect(left.lines()).to.deep.equal(whole.lines());
      }),
      seeded(80),
    );
  });

  it('is idempotent', () => {
    fc.assert(
      fc.property(crowdedWrites(), (writes) => {
        const replica = new Replica();
        replica.merge(writes);
        const lines = replica.lines();
        expect(replica.merge(writes).accepted).to.deep.equal([]);
        expect(replica.lines()).to.deep.equal(lines);
      }),
      seeded(80),
    );
  });

  it('takes exactly what was deferred once its time has come', () => {
    const anyTime = fc.oneof(aState(), fc.double({ noNaN: true, min: START_MS, max: START_MS + 1000 }));
    fc.assert(
      fc.property(fc.array(aWrite(anyTime), { maxLength: 20 }), (writes) => {
        const replica = new Replica();
        const { deferred } = replica.merge(writes);
        expect(deferred).to.deep.equal(writes.filter((write) => write.state > START_MS));
        replica.merge(deferred, START_MS + 1000);
        expect(replica.lines()).to.deep.equal(new NaiveGraph().putAll(writes).lines());
      }),
      seeded(80),
    );
  });
});
