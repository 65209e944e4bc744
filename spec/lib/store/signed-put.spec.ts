import { expect } from 'chai';
import * as fc from 'fast-check';
import { writeOf, type FieldWrite } from '../../../lib/graph/write.ts';
import type { Operation } from '../../../lib/log/operation.ts';
import { readSignedPut, readSignedPutInSteps, signedPutField } from '../../../lib/store/signed-put.ts';
import { aName, aValue, seeded } from '../../support/arbitraries.ts';
import { unsignable } from '../../../lib/store/delta-codec.ts';
import { plainOf, verifyFast } from '../../support/log-maker.ts';
import { opOf, saidBy } from '../../support/signed-messages.ts';

const WRITES = [writeOf('mark', 'name', 5, 'Mark'), writeOf('ann', 'boss', 6, { '#': 'mark' })];
const OPERATION = saidBy(1, undefined, ...WRITES);
const NOT_SAID = 'op: it does not say what the put says';
const NONE = 'op: must be {"h": header, "b": body}, both as base64url';

function reasonFor(op: unknown, writes: readonly FieldWrite[] = WRITES): string | undefined {
  const read = readSignedPut(op, writes, verifyFast);
  return read.ok ? undefined : read.reason;
}

describe('store.signed-put', () => {
  it('reads any operation back that says what the put says, in whatever order', () => {
    const places = fc.uniqueArray(fc.tuple(aName(), aName()), {
      minLength: 1,
      maxLength: 6,
      selector: (place) => JSON.stringify(place),
    });
    const said = fc
      .tuple(places, fc.array(fc.tuple(fc.integer(), aValue()), { minLength: 6, maxLength: 6 }))
      .map(([names, entries]) =>
        names.map(([soul, key], at) => writeOf(soul, key, entries[at]![0], entries[at]![1])),
      )
      .filter((writes) => writes.every((write) => unsignable(write) === undefined));
    fc.assert(
      fc.property(
        said.chain((writes) =>
          fc.tuple(fc.constant(writes), fc.shuffledSubarray(writes, { minLength: writes.length })),
        ),
        ([writes, order]) => {
          const operation = saidBy(1, undefined, ...writes);
          const field = signedPutField(operation)!;
          const { op } = JSON.parse(`{"a":1${field}}`) as { op: unknown };
          expect(op).to.deep.equal(opOf(operation));
          const read = readSignedPut(op, order, verifyFast);
          expect(read.ok && read.value && plainOf(read.value)).to.deep.equal(operation);
        },
      ),
      seeded(100),
    );
  });

  it('reads what is long in steps, each of a part of it', () => {
    const many = Array.from({ length: 5000 }, (_, at) => writeOf('soul', `k${10_000 + at}`, 5, at));
    const op = opOf(saidBy(1, undefined, ...many));
    const steps = readSignedPutInSteps(op, many, verifyFast);
    let pauses = 0;
    let step = steps.next();
    for (; step.done !== true; step = steps.next()) pauses += 1;
    expect(step.value).to.deep.equal(readSignedPut(op, many, verifyFast));
    // Each 256 properties are decoded, then looked for in both lists.
    expect(pauses).to.be.least(3 * Math.floor(5000 / 256));
    expect(readSignedPutInSteps(opOf(OPERATION), WRITES, verifyFast).next()).to.have.property('done', true);
  });

  it('refuses a put that says more, less or something else', () => {
    expect(reasonFor(opOf(OPERATION))).to.equal(undefined);
    const [mark, ann] = WRITES as [FieldWrite, FieldWrite];
    for (const writes of [
      [],
      [mark],
      [mark, ann, writeOf('x', 'y', 1, 1)],
      [mark, { ...ann, state: 7 }],
      [mark, { ...ann, json: '"mark"' }],
      [mark, { ...ann, soul: 'bob' }],
      [mark, { ...ann, key: 'other' }],
      [mark, mark],
    ]) {
      expect(reasonFor(opOf(OPERATION), writes)).to.equal(NOT_SAID);
    }
  });

  it('refuses what is no operation, and one that is not true', () => {
    const { h, b } = opOf(OPERATION);
    for (const op of [
      1,
      'x',
      null,
      [],
      {},
      { h },
      { b },
      { h, b: 5 },
      { h, b: null },
      { h: `${h}=`, b },
      { h: '*', b },
    ]) {
      expect(reasonFor(op), JSON.stringify(op)).to.equal(NONE);
    }
    expect(reasonFor({ h, b: opOf(saidBy(1, undefined, WRITES[0]!)).b })).to.equal(
      'op: the body does not fit its hash and size',
    );
    const forged = Buffer.from(OPERATION.header.bytes);
    forged[60]! ^= 1;
    expect(reasonFor({ h: forged.toString('base64url'), b })).to.equal(
      'op: the signature does not fit the author',
    );
    expect(reasonFor({ h: b, b })).to.equal('op: the header is not canonical');
  });

  it('takes texts of long frames, which come as JSON that is ready', () => {
    const { h, b } = opOf(OPERATION);
    expect(reasonFor({ h, b: { json: JSON.stringify(b) } })).to.equal(undefined);
  });

  it('has no field for an operation without its body', () => {
    expect(signedPutField({ ...OPERATION, body: undefined } satisfies Operation)).to.equal(undefined);
  });
});
