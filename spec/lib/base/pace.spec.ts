import { expect } from 'chai';
import { chosenInSteps, Pace } from '../../../lib/base/pace.ts';

/** Things of one length that are done until it is time to yield. */
function thingsBetween(pace: Pace, length: number): number {
  let count = 1;
  while (!pace.after(length)) count += 1;
  return count;
}

describe('base Pace', () => {
  it('gives some hundred small things between two pauses', () => {
    expect(thingsBetween(new Pace(), 0)).to.be.within(100, 300);
  });

  it('gives fewer things the more characters each has, and one alone that has very many', () => {
    expect(thingsBetween(new Pace(), 1000)).to.be.within(10, 60);
    expect(thingsBetween(new Pace(), 1_000_000)).to.equal(1);
  });

  it('begins anew after each pause', () => {
    const pace = new Pace();
    const first = thingsBetween(pace, 10);
    expect(thingsBetween(pace, 10)).to.equal(first);
  });
});

describe('base chosenInSteps', () => {
  it('gives what is meant in order, with pauses when there is much to go through', () => {
    const numbers = Array.from({ length: 10_000 }, (_, at) => at);
    const steps = chosenInSteps(numbers, (number) => number % 1000 === 0);
    let pauses = 0;
    let step = steps.next();
    for (; step.done !== true; step = steps.next()) pauses += 1;
    expect(step.value).to.deep.equal([0, 1000, 2000, 3000, 4000, 5000, 6000, 7000, 8000, 9000]);
    expect(pauses).to.be.within(30, 100);
  });
});
