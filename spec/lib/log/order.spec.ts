import { expect } from 'chai';
import * as fc from 'fast-check';
import { OrderBuffer } from '../../../lib/log/order.ts';
import { seeded, shuffled } from '../../support/arbitraries.ts';

/** What a buffer gave out, remembered as its owner would. */
class Consumer {
  readonly done: string[] = [];
  readonly buffer: OrderBuffer<string>;

  constructor(most = 1000) {
    this.buffer = new OrderBuffer(most, (id) => this.done.includes(id));
  }

  add(id: string, dependencies: readonly string[]): string {
    const outcome = this.buffer.add(id, id, dependencies);
    if (outcome.kind === 'ready') this.done.push(...outcome.items);
    return outcome.kind;
  }
}

/** A graph without cycles: each thing needs some of those before it. */
function aGraph(): fc.Arbitrary<readonly (readonly [string, readonly string[]])[]> {
  return fc
    .integer({ min: 1, max: 15 })
    .chain((size) =>
      fc.tuple(
        ...Array.from({ length: size }, (_, at) =>
          fc
            .subarray(Array.from({ length: at }, (__, before) => `${before}`))
            .map((needs) => [`${at}`, needs] as const),
        ),
      ),
    );
}

describe('log.order', () => {
  it('gives everything once, after what it needs, in whatever order and however often it comes', () => {
    const deliveries = aGraph().chain((graph) => fc.tuple(fc.constant(graph), shuffled(graph)));
    fc.assert(
      fc.property(deliveries, ([graph, delivered]) => {
        const consumer = new Consumer();
        for (const [id, needs] of delivered) consumer.add(id, needs);
        expect(consumer.done.toSorted()).to.deep.equal(graph.map(([id]) => id).toSorted());
        for (const [id, needs] of graph) {
          for (const need of needs)
            expect(consumer.done.indexOf(need)).to.be.below(consumer.done.indexOf(id));
        }
        expect([consumer.buffer.size, consumer.buffer.missing()]).to.deep.equal([0, []]);
      }),
      seeded(300),
    );
  });

  it('tells what is missing, which is not what waits itself', () => {
    const consumer = new Consumer();
    expect(consumer.add('c', ['b', 'x'])).to.equal('waiting');
    expect(consumer.add('b', ['a'])).to.equal('waiting');
    expect(consumer.buffer.missing()).to.have.members(['x', 'a']);
    expect(consumer.add('b', ['a'])).to.equal('known');
    expect(consumer.add('a', [])).to.equal('ready');
    expect(consumer.done).to.deep.equal(['a', 'b']);
    expect(consumer.buffer.missing()).to.deep.equal(['x']);
    expect(consumer.add('a', [])).to.equal('known');
  });

  it('refuses more than it may hold, and takes it again when there is room', () => {
    const consumer = new Consumer(2);
    expect(consumer.add('b', ['a', 'x'])).to.equal('waiting');
    expect(consumer.add('c', ['a'])).to.equal('full');
    expect(consumer.buffer.size).to.equal(1);
    consumer.add('a', []);
    consumer.add('x', []);
    expect(consumer.add('c', ['a', 'y'])).to.equal('waiting');
    expect(consumer.done).to.deep.equal(['a', 'x', 'b']);
  });

  it('does not wait for itself', () => {
    expect(new Consumer().add('a', ['a', 'a'])).to.equal('ready');
  });
});
