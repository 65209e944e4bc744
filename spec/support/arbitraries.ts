/** Random graph data for laws: odd names, all kinds of values, states that tie. */
import * as fc from 'fast-check';
import type { Arbitrary } from 'fast-check';
import type { Value } from '../../lib/graph/value.ts';
import { writeOf, type FieldWrite } from '../../lib/graph/write.ts';
import { START_MS } from './fake-clock.ts';

const SEED = Number(process.env['SEED'] ?? Date.now() % 0x7fff_ffff);
let announced = false;

/** Parameters of a law; prints the seed once, and takes it from `SEED` to repeat a run. */
export function seeded(numRuns: number): { readonly seed: number; readonly numRuns: number } {
  if (!announced) console.log(`    laws with SEED=${SEED}`);
  announced = true;
  return { seed: SEED, numRuns };
}

/** Names that other parts of the world use as separators, built-ins or marks. */
export const ODD_NAMES: readonly string[] = [
  'a',
  'b',
  'ab',
  'a/b',
  'Z',
  '9',
  '10',
  '-1',
  '#',
  '.',
  '>',
  '__proto__',
  'constructor',
  'toString',
  'hasOwnProperty',
  'length',
  'undefined',
  '\u0000',
  '\u0001',
  'a\u0000b',
  'a\u0001',
  '\u001b',
  'n\u001bk',
  '\u007f',
  'é',
  '\ud7ff',
  '\ud800',
  '\udfff',
  '\ue000',
  '\uffff',
  '😀',
  'a😀',
  '～',
  ' ',
];

/** A soul or key: mostly from the odd ones, so that names meet again; never empty, never `_`. */
export function aName(): Arbitrary<string> {
  const units = fc.array(fc.integer({ min: 0, max: 0xffff }), { minLength: 1, maxLength: 6 });
  return fc.oneof(
    { weight: 6, arbitrary: fc.constantFrom(...ODD_NAMES) },
    {
      weight: 1,
      arbitrary: units.map((codes) => String.fromCharCode(...codes)).filter((name) => name !== '_'),
    },
  );
}

/** Everything a property may hold. */
export function aValue(): Arbitrary<Value> {
  return fc.oneof(
    fc.constantFrom<Value>(null, true, false, '', 'a', 'b', '\ud800', '10', 10, 9, -1, 0, 1e21, 0.1),
    fc.string({ unit: 'binary', maxLength: 12 }),
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    aName().map((soul) => ({ '#': soul })),
  );
}

/** A text that is stored in pieces: of one script or with escapes everywhere, now and then in several of them. */
export function aLongText(): Arbitrary<string> {
  const length = fc.oneof(
    { weight: 4, arbitrary: fc.integer({ min: 2100, max: 4000 }) },
    { weight: 1, arbitrary: fc.integer({ min: 30_000, max: 70_000 }) },
  );
  const unit = fc.constantFrom('x', 'y', '漢', '😀', '"é', '\u0000', 'x\\y😀');
  return fc
    .record({ length, unit, start: fc.constantFrom('', 'x', '😀') })
    .map(({ length: most, unit: each, start }) => start + each.repeat(most / each.length));
}

/** A state that is not in the future of a fake clock; few of them, so that they tie. */
export function aState(): Arbitrary<number> {
  return fc.oneof(
    { weight: 4, arbitrary: fc.constantFrom(-7.5, -1, 0, 0.001, 1, 2, 3, START_MS - 0.25, START_MS) },
    { weight: 1, arbitrary: fc.double({ noNaN: true, min: -1e15, max: START_MS }) },
  );
}

/** A write to one of few souls and keys. */
export function aWrite(state: Arbitrary<number> = aState()): Arbitrary<FieldWrite> {
  return fc
    .record({ soul: aName(), key: aName(), state, value: aValue() })
    .map((write) => writeOf(write.soul, write.key, write.state, write.value));
}

/** The same things in another order, some of them several times. */
export function shuffled<T>(things: readonly T[]): Arbitrary<T[]> {
  const repeated = fc.subarray([...things]);
  return repeated.chain((again) =>
    fc.shuffledSubarray([...things, ...again], { minLength: things.length + again.length }),
  );
}

/** Things cut into batches, none of them empty. */
export function batches<T>(things: readonly T[]): Arbitrary<T[][]> {
  return fc
    .array(fc.integer({ min: 1, max: 7 }), { minLength: things.length, maxLength: things.length })
    .map((sizes) => {
      const cut: T[][] = [];
      let start = 0;
      for (const size of sizes) {
        if (start < things.length) cut.push(things.slice(start, start + size));
        start += size;
      }
      return cut;
    });
}
