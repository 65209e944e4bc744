import { expect } from 'chai';
import { finish } from '../../../lib/base/slices.ts';
import { writeOf } from '../../../lib/graph/write.ts';
import { putJsonSteps } from '../../../lib/wire/put-json-steps.ts';
import { putJsonOf } from '../../../lib/wire/put-json.ts';

describe('putJsonSteps', () => {
  it('write what is written at once, souls in order of UTF-16 units', () => {
    const writes = ['～', 'a', '😀', 'a'].map((soul, at) => writeOf(soul, `k${at % 2}${at}`, at, at));
    expect(finish(putJsonSteps(writes))).to.equal(putJsonOf(writes));
  });

  it('are many, each of a part of it', () => {
    const writes = Array.from({ length: 9000 }, (_, at) => writeOf(`s${at % 2}`, `k${at}`, at, at));
    const steps = putJsonSteps(writes);
    let pauses = 0;
    let step = steps.next();
    for (; step.done !== true; step = steps.next()) pauses += 1;
    expect(step.value).to.equal(putJsonOf(writes));
    expect(pauses).to.be.above(20);
  });
});
