import { expect } from 'chai';
import * as fc from 'fast-check';
import { PutQueue, type Waiting } from '../../../lib/store/put-queue.ts';
import { seeded } from '../../support/arbitraries.ts';

/** A request that can be told from others. */
interface NamedRequest extends Waiting {
  readonly name: string;
}

function request(owner: string, number: number, writes = 1): NamedRequest {
  return {
    name: `${owner}${number}`,
    owner,
    writes: { length: writes },
  };
}

/** A queue in which each request takes a place, unless another weight is said. */
function queueOf(
  most: number,
  weightOf: (request: NamedRequest) => number = () => 1,
): PutQueue<NamedRequest> {
  return new PutQueue(most, weightOf);
}

/** A queue in which each write takes a place. */
function queueOfWrites(most: number): PutQueue<NamedRequest> {
  return queueOf(most, ({ writes }) => writes.length);
}

function namesOf(requests: readonly NamedRequest[]): string[] {
  return requests.map((each) => each.name);
}

function fill(queue: PutQueue<NamedRequest>, owner: string, count: number, writes = 1): void {
  for (let number = 0; number < count; number += 1) queue.add(request(owner, number, writes));
}

describe('store/put-queue', () => {
  it('gives out what fits into one group in the order it came', () => {
    const queue = queueOf(5000);
    for (const [owner, number] of [
      ['a', 1],
      ['b', 1],
      ['a', 2],
    ] as const)
      expect(queue.add(request(owner, number))).to.deep.equal([]);
    expect(queue.weight).to.equal(3);
    expect(namesOf(queue.take())).to.deep.equal(['a1', 'b1', 'a2']);
    expect([queue.weight, queue.take()]).to.deep.equal([0, []]);
  });

  it('lets owners take turns when not all fits, each in its own order', () => {
    const queue = queueOf(5000);
    fill(queue, 'a', 3000);
    expect(queue.take()).to.have.lengthOf(1000);
    fill(queue, 'b', 3);
    const group = namesOf(queue.take());
    expect(group).to.have.lengthOf(1000);
    expect(group.slice(15, 20)).to.deep.equal(['a1015', 'b0', 'b1', 'b2', 'a1016']);
    expect(queue.weight).to.equal(1003);
  });

  it('holds no more writes in a group than one request brings beyond its bound', () => {
    const queue = queueOf(5000);
    fill(queue, 'a', 5, 6000);
    fill(queue, 'b', 1);
    expect([queue.take(), queue.take(), queue.take()].map(namesOf)).to.deep.equal([
      ['a0', 'b0', 'a1'],
      ['a2', 'a3'],
      ['a4'],
    ]);
  });

  it('weighs each request once, as there may be much in it', () => {
    let asked = 0;
    const queue = queueOf(50_000, ({ writes }) => {
      asked += 1;
      return writes.length;
    });
    for (const writes of [20_000, 20_000, 1]) queue.add(request('a', writes, writes));
    expect(queue.weight).to.equal(40_001);
    expect([queue.take().length, queue.weight]).to.deep.equal([1, 20_001]);
    expect([queue.take().length, queue.weight]).to.deep.equal([1, 1]);
    expect([queue.take().length, queue.weight]).to.deep.equal([1, 0]);
    expect(asked).to.equal(3);
    queue.add(request('a', 1, 5));
    queue.take();
    queue.add(request('b', 1, 20_000));
    expect([queue.weight, queue.take().length, queue.weight, asked]).to.deep.equal([20_000, 1, 0, 5]);
  });

  it('has no room beyond its bound', () => {
    const queue = queueOf(2);
    fill(queue, 'a', 2);
    const third = request('a', 3);
    expect(queue.add(third)).to.deep.equal([third]);
    expect(namesOf(queue.take())).to.deep.equal(['a0', 'a1']);
  });

  it('makes room for others where one has more than its share', () => {
    const queue = queueOf(10);
    fill(queue, 'a', 10);
    const refused: NamedRequest[] = [];
    for (let number = 0; number < 10; number += 1) refused.push(...queue.add(request('b', number)));
    expect(namesOf(refused)).to.deep.equal(['a9', 'a8', 'a7', 'a6', 'a5', 'b5', 'b6', 'b7', 'b8', 'b9']);
    expect(queue.weight).to.equal(10);
    expect(namesOf(queue.take()).toSorted()).to.deep.equal(
      ['a', 'b'].flatMap((owner) => [0, 1, 2, 3, 4].map((number) => owner + number)),
    );
  });

  it('is crowded when more than half of its places are taken', () => {
    const queue = queueOfWrites(10);
    fill(queue, 'a', 5);
    expect([queue.weight, queue.isCrowded]).to.deep.equal([5, false]);
    expect([queue.add(request('a', 5, 5)), queue.weight, queue.isCrowded]).to.deep.equal([[], 10, true]);
    expect(namesOf(queue.add(request('a', 6)))).to.deep.equal(['a6']);
    queue.take();
    expect([queue.weight, queue.isCrowded]).to.deep.equal([0, false]);
  });

  it('makes room for what takes several places where others have more than their share', () => {
    const queue = queueOfWrites(12);
    fill(queue, 'a', 5, 2);
    fill(queue, 'b', 2);
    expect(namesOf(queue.add(request('c', 0, 3)))).to.deep.equal(['a4', 'a3']);
    expect(queue.weight).to.equal(11);
    // More than the share of each would be.
    expect(namesOf(queue.add(request('c', 1, 3)))).to.deep.equal(['c1']);
    expect(namesOf(queue.add(request('d', 0, 4)))).to.deep.equal(['d0']);
    expect(namesOf(queue.add(request('d', 1, 2)))).to.deep.equal(['a2']);
    expect(namesOf(queue.take())).to.deep.equal(['a0', 'a1', 'b0', 'b1', 'c0', 'd1']);
    expect(queue.weight).to.equal(0);
  });

  it('loses nothing and keeps the order of each owner, whatever is done in whatever order', () => {
    const step = fc.oneof(
      { weight: 1, arbitrary: fc.constant(undefined) },
      { weight: 3, arbitrary: fc.record({ owner: fc.constantFrom('a', 'b', 'c'), count: fc.nat(900) }) },
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 20 }), fc.integer({ min: 9, max: 9000 }), (steps, most) => {
        const queue = queueOfWrites(most);
        const counts: Record<string, number> = { a: 0, b: 0, c: 0 };
        const refused = new Set<NamedRequest>();
        const given: NamedRequest[] = [];
        const all: NamedRequest[] = [];
        for (const each of steps) {
          if (each === undefined) given.push(...queue.take());
          for (let at = 0; at < (each?.count ?? 0); at += 1) {
            const added = request(each!.owner, (counts[each!.owner]! += 1), 1 + (at % 9));
            all.push(added);
            for (const without of queue.add(added)) refused.add(without);
            expect(queue.weight).to.be.at.most(most);
          }
        }
        while (queue.weight > 0) given.push(...queue.take());
        for (const owner of ['a', 'b', 'c']) {
          const ofOwner = (requests: readonly NamedRequest[]): string[] =>
            namesOf(requests.filter((each) => each.owner === owner));
          expect(ofOwner(given)).to.deep.equal(ofOwner(all.filter((each) => !refused.has(each))));
        }
      }),
      seeded(50),
    );
  });
});
