import { expect } from 'chai';
import { writeOf } from '../../../lib/graph/write.ts';
import { encodeCbor, type CborValue } from '../../../lib/log/cbor-writer.ts';
import { CborScanner } from '../../../lib/log/cbor-scanner.ts';
import { DeltaReader } from '../../../lib/store/delta-reader.ts';

function scannerOf(payload: CborValue): CborScanner {
  return new CborScanner(encodeCbor(payload));
}

const TWO_SOULS = [
  [
    's',
    [
      ['a', 1, 'x'],
      ['b', 2, null],
    ],
  ],
  ['t', [['a', 3, new Map([['#', 's']])]]],
];
const SAID = [writeOf('s', 'a', 1, 'x'), writeOf('s', 'b', 2, null), writeOf('t', 'a', 3, { '#': 's' })];

describe('store.delta-reader', () => {
  it('reads as much as is wanted at a time, and tells when nothing is left', () => {
    const reader = new DeltaReader(scannerOf(TWO_SOULS), false);
    const read: [boolean, number][] = [];
    for (const most of [1, 1, 1, 1]) read.push([reader.read(most), reader.writes.length]);
    expect(read).to.deep.equal([
      [false, 1],
      [false, 2],
      [false, 3],
      [true, 3],
    ]);
    expect(reader.writes).to.deep.equal(SAID);
    const whole = new DeltaReader(scannerOf(TWO_SOULS), false);
    expect([whole.read(Infinity), whole.writes]).to.deep.equal([true, SAID]);
    expect(new DeltaReader(scannerOf([]), false).read(1)).to.equal(true);
  });

  it('ends at the first fault, wherever that is', () => {
    const faults: [CborValue, string][] = [
      [[['s', []]], 'a soul without properties'],
      [[['s']], 'not [soul, properties]'],
      [
        [
          ['t', [['a', 1, 1]]],
          ['s', [['a', 1, 1]]],
        ],
        'souls out of order',
      ],
      [
        [
          [
            's',
            [
              ['b', 1, 1],
              ['a', 1, 1],
            ],
          ],
        ],
        'keys out of order',
      ],
      [[['s', [['a', 1]]]], 'not [key, state, value]'],
      [[['', [['a', 1, 1]]]], 'an empty soul or key'],
    ];
    for (const [payload, fault] of faults) {
      const scanner = scannerOf(payload);
      const reader = new DeltaReader(scanner, false);
      let steps = 0;
      while (!reader.read(1)) steps += 1;
      expect([scanner.fault, steps < 3]).to.deep.equal([fault, true]);
    }
  });

  it('takes several states of a property, in order, only where they may be', () => {
    const payload = [
      [
        's',
        [
          ['a', 1, 1],
          ['a', 2, 1],
        ],
      ],
    ];
    for (const mayRepeat of [false, true]) {
      const scanner = scannerOf(payload);
      new DeltaReader(scanner, mayRepeat).read(9);
      expect(scanner.fault).to.equal(mayRepeat ? undefined : 'keys out of order');
    }
  });
});
