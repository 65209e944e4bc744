import { expect } from 'chai';
import { CborScanner } from '../../../lib/log/cbor-scanner.ts';
import { encodeCbor } from '../../../lib/log/cbor-writer.ts';
import {
  featuresKind,
  fixedKind,
  placesKind,
  sessionKind,
  tipsKind,
} from '../../../lib/sync/frame-fields.ts';

describe('sync.frame-fields', () => {
  it('gives names of strangers no meaning', () => {
    const features = featuresKind.fromJson(JSON.parse('{"__proto__":1,"constructor":2}'));
    expect([...features!.value]).to.deep.equal([
      ['__proto__', 1],
      ['constructor', 2],
    ]);
    expect(tipsKind.fromJson(JSON.parse('{"__proto__":{}}'))).to.equal(undefined);
    expect(tipsKind.fromJson(JSON.parse('{"constructor":{}}'))).to.equal(undefined);
  });

  it('refuses numbers that are no numbers of a session', () => {
    for (const json of [-1, 1.5, 2 ** 32, '1', null, Number.NaN]) {
      expect(sessionKind.fromJson(json), String(json)).to.equal(undefined);
    }
    expect(sessionKind.fromJson(2 ** 32 - 1)).to.deep.equal({ value: 2 ** 32 - 1 });
  });

  it('refuses places that are none, out of order, or too many', () => {
    const many = Array.from({ length: 65 }, (_, at) => at);
    for (const json of [[], [-1], ['1'], [1, 1], [2, 1], many, 1, null, [2 ** 32]]) {
      expect(placesKind.fromJson(json), JSON.stringify(json)).to.equal(undefined);
    }
    expect(placesKind.fromJson(many.slice(1))).to.deep.equal({ value: many.slice(1) });
  });

  it('takes a fixed number and no other', () => {
    const kind = fixedKind(1);
    expect([kind.fromJson(1), kind.fromJson(2)]).to.deep.equal([{ value: 1 }, undefined]);
    const scanner = new CborScanner(encodeCbor(2));
    kind.read(scanner);
    expect(scanner.fault).to.equal('another version');
  });
});
