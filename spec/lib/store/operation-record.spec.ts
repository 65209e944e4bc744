import { expect } from 'chai';
import * as fc from 'fast-check';
import {
  decodeOperation,
  encodeOperation,
  hasBody,
  idOfOperation,
  isKeptApart,
  totalOfOperation,
  withoutBody,
  withTotal,
} from '../../../lib/store/operation-record.ts';
import { seeded } from '../../support/arbitraries.ts';

const ID = 'ab'.repeat(32);

describe('store.operation-record', () => {
  const aHeader = fc.uint8Array({ minLength: 1, maxLength: 300 });
  const aBody = fc.option(fc.uint8Array({ minLength: 1, maxLength: 300 }), { nil: undefined });
  const aTotal = fc.nat({ max: 2 ** 31 });

  it('gives back what it was made of, as a text of ASCII', () => {
    fc.assert(
      fc.property(aTotal, aHeader, aBody, (total, header, body) => {
        const record = encodeOperation(ID, total, header, body);
        expect(record).to.match(/^[\w *-]+$/);
        expect(decodeOperation(record)).to.deep.equal({ id: ID, total, header, body, isApart: false });
        expect([idOfOperation(record), totalOfOperation(record)]).to.deep.equal([ID, total]);
      }),
      seeded(200),
    );
  });

  it('changes in its total, or loses its body, and stays what it is otherwise', () => {
    fc.assert(
      fc.property(aTotal, aHeader, aBody, aTotal, (total, header, body, other) => {
        const record = encodeOperation(ID, total, header, body);
        expect(withTotal(record, other)).to.equal(encodeOperation(ID, other, header, body));
        expect(withoutBody(record)).to.equal(encodeOperation(ID, total, header, undefined));
        expect([hasBody(record), hasBody(withoutBody(record))]).to.deep.equal([body !== undefined, false]);
      }),
      seeded(200),
    );
  });

  it('leaves large bodies apart', () => {
    const header = Uint8Array.of(1, 2, 3);
    for (const [length, isApart] of [
      [4096, false],
      [4097, true],
    ] as const) {
      const body = new Uint8Array(length);
      const record = encodeOperation(ID, 5, header, body);
      expect(isKeptApart(body)).to.equal(isApart);
      expect(decodeOperation(record).isApart).to.equal(isApart);
      expect(decodeOperation(record).body).to.deep.equal(isApart ? undefined : body);
      expect(decodeOperation(withoutBody(record)).isApart).to.equal(false);
    }
    expect(isKeptApart(undefined)).to.equal(false);
  });
});
