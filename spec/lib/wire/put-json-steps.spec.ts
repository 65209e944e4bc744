import { expect } from 'chai';
import { finish } from '../../../lib/base/slices.ts';
import { writeOf } from '../../../lib/graph/write.ts';
import { putJsonOf } from '../../../lib/wire/put-json.ts';
import { putJsonSteps } from '../../../lib/wire/put-json-steps.ts';

describe('putJsonSteps', () => {
  it('writes nodes whose writes stand together', () => {
    const writes = [writeOf('a', 'x', 1, null), writeOf('b', 'x', 1, 1), writeOf('b', 'k', 3, 'y')];
    expect(finish(putJsonSteps(writes))).to.equal(putJsonOf(writes));
  });

  it('writes the same in steps, each of a part of it', () => {
    const writes = Array.from({ length: 9000 }, (_, at) =>
      writeOf(`s${Math.floor(at / 4500)}`, `k${at}`, at, at),
    );
    const steps = putJsonSteps(writes);
    let pauses = 0;
    let step = steps.next();
    for (; step.done !== true; step = steps.next()) pauses += 1;
    expect(step.value).to.equal(putJsonOf(writes));
    expect(pauses).to.be.above(20);
  });
});
