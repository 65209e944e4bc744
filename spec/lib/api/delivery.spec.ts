import { expect } from 'chai';
import {
  assertPossible,
  delivered,
  deliveryOf,
  type Delivering,
  type PutOptions,
} from '../../../lib/api/delivery.ts';
import { UnsentWrite } from '../../../lib/api/unsent.ts';
import type { GraphError } from '../../../lib/base/errors.ts';

const nothing = (): void => undefined;

/** A graph with so many peers. */
function coreWith(peerCount: number): Delivering {
  return { peerCount, hold: () => nothing, onClose: () => nothing };
}

const codeIn = (error: unknown): string => (error as GraphError).code;

const aWrite = (): UnsentWrite => new UnsentWrite('1', '{}', []);

/** What became of a write of which peers said these things, before or after somebody waits for it. */
async function outcomeOf(
  refusals: readonly (string | undefined)[],
  options: PutOptions,
  isBefore: boolean,
): Promise<string> {
  const write = aWrite();
  const say = (): void => {
    for (const [at, refusal] of refusals.entries()) write.settle(`peer ${at}`, refusal);
  };
  if (isBefore) say();
  const waiting = Promise.resolve(delivered(coreWith(2), write, { timeout: 5, ...options }));
  if (!isBefore) say();
  return waiting.then(({ delivery }) => delivery, codeIn);
}

describe('delivery', () => {
  it('is as far as peers have stored a write', () => {
    const write = aWrite();
    const levels = [deliveryOf(write)];
    for (const [at, refusal] of [undefined, 'no', undefined].entries()) {
      write.settle(`peer ${at}`, refusal);
      levels.push(deliveryOf(write));
    }
    expect(levels).to.deep.equal(['local', 'relay', 'relay', 'replicated']);
  });

  it('cannot be beyond the peers there are', () => {
    const possible = [0, 1, 2].map((peers) =>
      (['local', 'relay', 'replicated', undefined] as const).filter((until) => {
        try {
          assertPossible(coreWith(peers), until);
          return true;
        } catch (error) {
          expect(codeIn(error)).to.equal('OPTION_INVALID');
          return false;
        }
      }),
    );
    expect(possible).to.deep.equal([
      ['local', undefined],
      ['local', 'relay', undefined],
      ['local', 'relay', 'replicated', undefined],
    ]);
  });

  for (const isBefore of [true, false]) {
    it(`is waited for until it is as far as is wished, where peers speak ${isBefore ? 'before' : 'after'}`, async () => {
      const yes = undefined;
      for (const [refusals, until, outcome] of [
        [[], 'local', 'local'],
        [[], 'relay', 'local'],
        [[yes], 'relay', 'relay'],
        [[yes, yes], 'replicated', 'replicated'],
        [[yes], 'replicated', 'relay'],
        [['no'], 'relay', 'local'],
        [['no', yes], 'relay', 'relay'],
        [['no', 'no'], 'relay', 'PUT_REFUSED'],
        [['no'], 'replicated', 'PUT_REFUSED'],
      ] as const) {
        expect(await outcomeOf(refusals, { until }, isBefore), `${until} ${refusals.join()}`).to.equal(
          outcome,
        );
      }
    });
  }
});
