import { expect } from 'chai';
import * as fc from 'fast-check';
import { encodeEntry, encodeLong, encodeStored } from '../../../lib/store/keys.ts';
import {
  decodeNode,
  isTooMany,
  LARGE,
  LARGE_RECORD,
  NodeRecordBuilder,
  sourceIn,
} from '../../../lib/store/node-record.ts';
import { aName, ODD_NAMES, seeded } from '../../support/arbitraries.ts';

type Field = readonly [key: string, encoded: string];

function recordOf(fields: readonly Field[], source?: string): string | undefined {
  const builder = new NodeRecordBuilder();
  for (const [key, encoded] of fields) builder.add(key, encoded);
  return builder.build(source);
}

describe('store NodeRecord', () => {
  it('of a node without one has no properties', () => {
    expect(decodeNode(undefined)).to.deep.equal(new Map());
  });

  const aField = fc.record({
    state: fc.oneof(fc.integer(), fc.double({ noNaN: true, noDefaultInfinity: true })),
    json: fc.oneof(
      fc.string({ unit: 'binary', maxLength: 40 }).map((text) => JSON.stringify(text)),
      fc.constantFrom('null', 'true', '-1.5e300', '""', '{"#":"soul"}'),
    ),
  });

  it('comes back, whatever the keys and values', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.tuple(aName(), aField), { minLength: 1, maxLength: 32, selector: ([key]) => key }),
        (fields) => {
          const record = recordOf(fields.map(([key, { state, json }]) => [key, encodeEntry(state, json)]));
          if (record === undefined) return;
          expect(sourceIn(record)).to.equal(undefined);
          const sourced = recordOf(
            fields.map(([key, { state, json }]) => [key, encodeEntry(state, json)]),
            'source',
          )!;
          expect(sourceIn(sourced)).to.equal('source');
          expect(decodeNode(sourced)).to.deep.equal(decodeNode(record));
          expect([...(decodeNode(record) as ReadonlyMap<string, unknown>)]).to.deep.equal(
            fields.map(([key, { state, json }]) => [key, { state: state === 0 ? 0 : state, json }]),
          );
        },
      ),
      seeded(300),
    );
  });

  it('holds values in pieces', () => {
    const entry = {
      state: 5,
      json: undefined,
      long: { id: 'abc', pieces: 3, length: 70_000, lexBytes: 69_998 },
    };
    const record = recordOf([
      ['a', encodeEntry(1, '1')],
      ['l', encodeStored(entry)],
    ])!;
    expect(record).to.include(encodeLong(entry.long));
    expect([...(decodeNode(record) as ReadonlyMap<string, unknown>)]).to.deep.equal([
      ['a', { state: 1, json: '1' }],
      ['l', entry],
    ]);
  });

  it('of one property is never taken for the mark of a large node', () => {
    for (const key of [...ODD_NAMES, '', '\u0000', '\u0001', '\u0001\u0001', LARGE]) {
      const node = decodeNode(recordOf([[key, encodeEntry(1, '""')]]));
      expect([...(node as ReadonlyMap<string, unknown>).keys()], JSON.stringify(key)).to.deep.equal([key]);
    }
    expect(decodeNode(LARGE_RECORD)).to.equal(LARGE);
  });

  it('holds no more than 32 properties and 4096 characters', () => {
    const fields = Array.from({ length: 32 }, (_, index): Field => [`k${index}`, encodeEntry(1, '1')]);
    expect(recordOf(fields)).to.be.a('string');
    expect(recordOf([...fields, ['more', encodeEntry(1, '1')]])).to.equal(undefined);
    expect([32, 33].map(isTooMany)).to.deep.equal([false, true]);
    expect(recordOf([['k', '1 '.padEnd(4094, 'x')]])).to.have.lengthOf(4096);
    expect(recordOf([['k', '1 '.padEnd(4095, 'x')]])).to.equal(undefined);
  });
});
