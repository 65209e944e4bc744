import { createHash } from 'node:crypto';
import { expect } from 'chai';
import * as fc from 'fast-check';
import { Slices } from '../../../lib/base/slices.ts';
import { GatheredHash, hashInSteps, type RunningHash } from '../../../lib/sea/running-hash.ts';
import { sha256 } from '../../../lib/sea/signature.ts';
import { seeded } from '../../support/arbitraries.ts';
import { ImpatientSlices } from '../../support/impatient-slices.ts';

const HASHES: readonly (readonly [name: string, start: () => RunningHash])[] = [
  ['WebCrypto', (): RunningHash => new GatheredHash()],
  ['Node', (): RunningHash => createHash('sha256')],
];

describe('sea running hashes', () => {
  for (const [name, start] of HASHES) {
    it(`of ${name} are those of the whole text, however it is cut`, async () => {
      const slices = new Slices({ schedule: setImmediate });
      await fc.assert(
        fc.asyncProperty(fc.array(fc.string({ unit: 'grapheme' })), async (parts) => {
          const hash = await slices.runWaiting(hashInSteps(parts, start));
          expect(hash).to.deep.equal(await sha256(parts.join('')));
        }),
        seeded(50),
      );
    });
  }

  it('take a part in one step', async () => {
    const slices = new ImpatientSlices();
    let updates = 0;
    const counted = (): RunningHash => {
      const hash = new GatheredHash();
      const update = (bytes: Uint8Array): void => {
        updates += 1;
        hash.update(bytes);
      };
      return { update, digest: () => hash.digest() };
    };
    const perTurn: number[] = [];
    let before = 0;
    slices.onTurn = (): void => {
      perTurn.push(updates - before);
      before = updates;
    };
    await slices.runWaiting(hashInSteps(Array.from({ length: 100 }, String), counted));
    expect(updates).to.equal(100);
    expect(Math.max(...perTurn)).to.be.below(10);
  });
});
