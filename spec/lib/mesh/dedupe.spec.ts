import { expect } from 'chai';
import * as fc from 'fast-check';
import { DEFAULT_LIMITS, limitsWith } from '../../../lib/base/limits.ts';
import { Dedupe } from '../../../lib/mesh/dedupe.ts';
import { ODD_NAMES, seeded } from '../../support/arbitraries.ts';
import { FakeClock } from '../../support/fake-clock.ts';

const LIFE_MS = 10_000;
const MILLION = 1_000_000;

function dedupeOf(clock: FakeClock, changes: { dedupeIds?: number } = {}): Dedupe {
  return new Dedupe(limitsWith({ dedupeLifeMs: LIFE_MS, ...changes }), clock.clock);
}

describe('mesh/dedupe', () => {
  let time: FakeClock;
  beforeEach(() => {
    time = new FakeClock();
  });

  it('knows an id from the second time on', () => {
    const dedupe = dedupeOf(time);
    expect(dedupe.seen('a')).to.equal(false);
    expect(dedupe.seen('a')).to.equal(true);
    expect(dedupe.seen('b')).to.equal(false);
    expect(dedupe.size).to.equal(2);
  });

  it('keeps the ids of one scope apart from those of another', () => {
    const dedupe = dedupeOf(time);
    expect(dedupe.seen('a', 1)).to.equal(false);
    expect(dedupe.seen('a', 2)).to.equal(false);
    expect(dedupe.seen('a')).to.equal(false);
    expect(dedupe.seen('a', 1)).to.equal(true);
    for (let scope = 0; scope < 1000; scope += 1) dedupe.seen('b', scope);
    expect(dedupe.size).to.equal(1003);
  });

  it('keeps ids at least nine seconds by default', () => {
    expect(DEFAULT_LIMITS.dedupeLifeMs).to.be.at.least(9000);
    const dedupe = new Dedupe(DEFAULT_LIMITS, time.clock);
    dedupe.seen('a');
    time.advance(9000);
    expect(dedupe.has('a')).to.equal(true);
  });

  it('counts the life of an id from its last touch', () => {
    const dedupe = dedupeOf(time);
    dedupe.seen('a');
    for (let i = 0; i < 20; i += 1) {
      time.advance(LIFE_MS - 1);
      expect(dedupe.seen('a'), `after ${i + 1} touches`).to.equal(true);
    }
  });

  it('forgets an id that nobody touches', () => {
    const dedupe = dedupeOf(time);
    dedupe.seen('a');
    for (let i = 0; i < 3; i += 1) {
      time.advance(LIFE_MS);
      dedupe.seen('other');
    }
    expect(dedupe.has('a')).to.equal(false);
    expect(dedupe.has('other')).to.equal(true);
  });

  it('forgets everything in a long silence', () => {
    const dedupe = dedupeOf(time);
    dedupe.seen('a');
    time.advance(2 * LIFE_MS);
    expect(dedupe.seen('a')).to.equal(false);
  });

  it('does not prolong the life of an id that is only looked up', () => {
    const dedupe = dedupeOf(time);
    dedupe.seen('a');
    let age = 0;
    while (dedupe.has('a')) {
      time.advance(1000);
      age += 1000;
      expect(age).to.be.below(4 * LIFE_MS);
    }
    expect(age).to.be.above(LIFE_MS);
  });

  it('goes on when the clock is set back', () => {
    const dedupe = dedupeOf(time, { dedupeIds: 100 });
    dedupe.seen('a');
    time.jumpTo(time.clock() - 3_600_000);
    expect(dedupe.seen('a')).to.equal(true);
    expect(dedupe.seen('b')).to.equal(false);
    for (let i = 0; i < 1000; i += 1) dedupe.seen(`n${i}`);
    expect(dedupe.size).to.be.at.most(100);
  });

  it('holds no more ids than allowed, and among them the latest', () => {
    const dedupe = dedupeOf(time, { dedupeIds: 100 });
    for (let i = 0; i < 1000; i += 1) {
      expect(dedupe.seen(`id${i}`)).to.equal(false);
      expect(dedupe.size).to.be.at.most(101);
    }
    for (let i = 951; i < 1000; i += 1) expect(dedupe.has(`id${i}`), `id${i}`).to.equal(true);
    expect(dedupe.has('id0')).to.equal(false);
  });

  it('tells odd ids apart', () => {
    const ids = new Set([...ODD_NAMES, '', 'ab', 'ba', 'a'.repeat(256), 'a'.repeat(255)]);
    const dedupe = dedupeOf(time);
    for (const id of ids) expect(dedupe.seen(id), JSON.stringify(id)).to.equal(false);
    for (const id of ids) expect(dedupe.seen(id), JSON.stringify(id)).to.equal(true);
  });

  it('is never wrong about ids within their life, and forgets them in the end', () => {
    const step = fc.record({
      id: fc.constantFrom('a', 'b', 'c', '__proto__'),
      waitMs: fc.nat({ max: LIFE_MS }),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const clock = new FakeClock();
        const dedupe = dedupeOf(clock);
        const touchedAt = new Map<string, number>();
        for (const { id, waitMs } of steps) {
          clock.advance(waitMs);
          const age = clock.clock() - (touchedAt.get(id) ?? -Infinity);
          const known = dedupe.seen(id);
          touchedAt.set(id, clock.clock());
          if (age < LIFE_MS) expect(known).to.equal(true);
          if (age > 3 * LIFE_MS) expect(known).to.equal(false);
        }
      }),
      seeded(300),
    );
  });

  it('confuses none of many similar ids', () => {
    const dedupe = dedupeOf(time);
    for (let i = 0; i < 150_000; i += 1) {
      if (dedupe.seen(`msg-${i}`) || dedupe.seen(i.toString(16).padStart(9, '0'))) expect.fail(`at ${i}`);
    }
    expect(dedupe.size).to.equal(300_000);
  });

  it('takes two million ids in bounded memory', function () {
    this.timeout(30_000);
    const dedupe = new Dedupe(DEFAULT_LIMITS, time.clock);
    expect(DEFAULT_LIMITS.dedupeIds).to.equal(2 * MILLION);
    const before = process.memoryUsage().arrayBuffers;
    for (let i = 0; i < 2.5 * MILLION; i += 1) dedupe.seen(`${i}`);
    const grown = process.memoryUsage().arrayBuffers - before;
    expect(dedupe.size).to.be.within(MILLION, 2 * MILLION);
    expect(grown / 2 ** 20, 'MiB').to.be.below(100);
    expect(dedupe.has(`${2.5 * MILLION - 1}`)).to.equal(true);
    expect(dedupe.has(`${1.6 * MILLION}`)).to.equal(true);
  });
});
