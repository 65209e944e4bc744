import { expect } from 'chai';
import { runWithPauses } from '../../../lib/base/slices.ts';
import { writeOf, type FieldWrite } from '../../../lib/graph/write.ts';
import type { Demand } from '../../../lib/sea/demand.ts';
import { PutCheck } from '../../../lib/sea/put-check.ts';
import { REFUSAL } from '../../../lib/sea/refusals.ts';
import type { Judgement } from '../../../lib/sea/verifier.ts';

const CONTENT: Demand = { kind: 'content' };
const CIRCUMSTANCES = { now: 1000, readStored: (): undefined => undefined };

/** Checks in which each key says what becomes of it. */
class Bench {
  judged: string[] = [];
  /** Writes that are judged now, and the most there were. */
  open = 0;
  mostOpen = 0;
  portions = 0;
  readonly check = new PutCheck(
    { demandOf: ({ key }): Demand => (key === 'refused' ? { kind: 'refused', reason: key } : CONTENT) },
    {
      judge: (write) => this.#judge(write),
      run: (steps) => {
        this.portions += 1;
        return runWithPauses(steps);
      },
    },
  );

  async of(...keys: readonly string[]): Promise<string | readonly string[]> {
    const writes = keys.map((key) => writeOf(key === 'open' ? 'open' : '#', key, 5, key));
    const checked = await this.check.check(writes, CIRCUMSTANCES);
    return checked.ok ? checked.value.map(({ key }) => key) : checked.reason;
  }

  async #judge({ key }: FieldWrite): Promise<Judgement> {
    this.judged.push(key);
    this.open += 1;
    this.mostOpen = Math.max(this.mostOpen, this.open);
    await Promise.resolve();
    this.open -= 1;
    if (key === 'bad') return { ok: false, reason: REFUSAL.hash };
    return { ok: true, value: key !== 'settled' };
  }
}

describe('sea PutCheck', () => {
  it('takes what is good, without what is settled, and refuses all for one that is not', async () => {
    const bench = new Bench();
    expect(await bench.of('open', 'a', 'settled', 'b')).to.deep.equal(['open', 'a', 'b']);
    expect(bench.judged).to.deep.equal(['a', 'settled', 'b']);
    expect(await bench.of('a', 'bad')).to.equal(REFUSAL.hash);
    expect(bench.portions).to.equal(0);
  });

  it('judges nothing of a message that is refused by what it says alone', async () => {
    const bench = new Bench();
    expect(await bench.of('a', 'refused')).to.equal('refused');
    expect(bench.judged).to.deep.equal([]);
  });

  it('judges some at once, and goes through many in portions', async () => {
    const bench = new Bench();
    const keys = Array.from({ length: 100 }, (_, at) => `k${at}`);
    expect(await bench.of(...keys)).to.deep.equal(keys);
    expect([bench.mostOpen, bench.portions]).to.deep.equal([8, 1]);
    expect(await bench.of(...keys.with(99, 'bad'))).to.equal(REFUSAL.hash);
  });
});
