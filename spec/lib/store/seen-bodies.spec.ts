import { expect } from 'chai';
import { writeOf, type FieldWrite } from '../../../lib/graph/write.ts';
import { decodeDelta } from '../../../lib/store/delta-codec.ts';
import { emptySeenBody, seenBodies } from '../../../lib/store/seen-bodies.ts';

/** Kind and writes of a body. */
function read(bytes: Uint8Array): unknown {
  const delta = decodeDelta(bytes);
  return delta.ok ? delta.value : delta.reason;
}

function long(key: string, length: number): FieldWrite {
  return writeOf('s', key, 1, 'x'.repeat(length));
}

describe('store.seen-bodies', () => {
  it('say all writes of all batches, up to a thousand in each', () => {
    const batches = [0, 1].map((batch) =>
      Array.from({ length: 700 }, (_, at) => writeOf(`s${batch}`, `k${String(at).padStart(3, '0')}`, 1, at)),
    );
    const bodies = [...seenBodies(batches)];
    expect(bodies.map(({ says }) => says.length)).to.deep.equal([1000, 400]);
    expect(bodies.flatMap(({ says }) => says)).to.deep.equal(batches.flat());
    for (const { bytes, says } of bodies)
      expect(read(bytes)).to.deep.equal({ kind: 'gun/seen', writes: says });
  });

  it('leave out what no operation can carry, and put what is long into bodies of its own', () => {
    const bodies = [
      ...seenBodies([[long('a', 30_000), long('b', 30_000), long('c', 2 ** 20)], [long('\ud800', 1)]]),
    ];
    expect(bodies.map(({ says }) => says.map(({ key }) => key))).to.deep.equal([['a'], ['b']]);
    expect([...seenBodies([[]])]).to.deep.equal([]);
  });

  it('have one that says nothing', () => {
    expect(read(emptySeenBody().bytes)).to.deep.equal({ kind: 'gun/seen', writes: [] });
  });
});
