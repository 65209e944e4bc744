import { expect } from 'chai';
import { toHex } from '../../../lib/base/byte-texts.ts';
import { GraphError } from '../../../lib/base/errors.ts';
import { decodeHeader } from '../../../lib/log/codec.ts';
import { readOperation } from '../../../lib/log/integrity.ts';
import { KeyPair } from '../../../lib/log/key-pair.ts';
import {
  createOperation,
  createOperationLater,
  FIRST_PLACE,
  MOST_BODY_BYTES,
  namesOf,
  placeAfter,
  signHeader,
  timestampOf,
} from '../../../lib/log/operation.ts';
import { fieldsOf, hex, LOG_ID, operationAfter, plainOf, verifyFast } from '../../support/log-maker.ts';
import { loadVectors } from '../../support/vectors.ts';

interface Row {
  readonly name: string;
  readonly encoded: string;
  readonly signingKey: string;
  readonly seqNum: number;
  readonly backlink: string | null;
  readonly body: string | { readonly count: number; readonly fill: number } | null;
  readonly extensions: unknown;
}

function bodyOf(body: Row['body']): Uint8Array | undefined {
  if (body === null) return undefined;
  return typeof body === 'string' ? hex(body) : new Uint8Array(body.count).fill(body.fill);
}

describe('log.operation', () => {
  const pair = new KeyPair(new Uint8Array(32).fill(9));
  const fields = { logId: LOG_ID, timestamp: 5n, prune: false };

  it('signs headers as p2panda does, from bodies and places', () => {
    const { operations } = loadVectors<{ operations: readonly Row[] }>('p2panda/operations.json');
    for (const row of operations) {
      const header = decodeHeader(hex(row.encoded));
      if (!header.ok) throw new Error(row.name);
      const backlink = row.backlink === null ? undefined : hex(row.backlink);
      const place = { sequence: row.seqNum, backlink };
      const signer = new KeyPair(hex(row.signingKey));
      const made = signHeader(signer, place, header.value.extensions, bodyOf(row.body));
      expect(toHex(made.bytes), row.name).to.equal(row.encoded);
      expect(made, row.name).to.deep.equal(fieldsOf(header.value));
    }
  });

  it('makes what reads as true', () => {
    const first = createOperation(pair, FIRST_PLACE, fields, Uint8Array.of(1));
    const second = createOperation(pair, placeAfter(first.header), { ...fields, prune: true }, undefined);
    for (const operation of [first, second]) {
      const read = readOperation(operation.header.bytes, operation.body, verifyFast);
      expect(read.ok && plainOf(read.value)).to.deep.equal(operation);
    }
    expect(second.header.backlink).to.deep.equal(first.header.id);
    expect(second.header.sequence).to.equal(1);
  });

  it('makes the same by a key that takes its time, and tells what that key says', async () => {
    const place = { sequence: 7, backlink: new Uint8Array(32).fill(3) };
    const later = { publicKey: pair.publicKey, sign: async (message: Uint8Array) => pair.sign(message) };
    const body = Uint8Array.of(1);
    expect(await createOperationLater(later, place, fields, body)).to.deep.equal(
      createOperation(pair, place, fields, body),
    );
    const unwilling = { ...later, sign: () => Promise.reject(new Error('no')) };
    const cases = [
      [createOperationLater(unwilling, place, fields, body), 'no'],
      [createOperationLater(later, { ...place, sequence: 2 ** 32 }, fields, body), 'a log is full'],
      [createOperationLater(later, place, fields, new Uint8Array(MOST_BODY_BYTES + 1)), 'too large'],
    ] as const;
    for (const [making, words] of cases) {
      const error: unknown = await making.catch((reason: unknown) => reason);
      expect((error as Error).message).to.include(words);
    }
  });

  it('takes an empty body for none', () => {
    const operation = createOperation(pair, FIRST_PLACE, fields, new Uint8Array(0));
    expect(operation.body).to.equal(undefined);
    expect(operation.header.payloadHash).to.equal(undefined);
    expect(operation.header.bytes).to.deep.equal(
      createOperation(pair, FIRST_PLACE, fields, undefined).header.bytes,
    );
  });

  it('adds few bytes: 186 at first, 224 at most later', () => {
    const timestamp = 1_700_000_000_000_000n;
    const first = createOperation(pair, FIRST_PLACE, { ...fields, timestamp }, new Uint8Array(100));
    expect(first.header.bytes).to.have.lengthOf(186);
    const late = { sequence: 2 ** 32 - 1, backlink: first.header.id };
    const body = new Uint8Array(70_000);
    expect(createOperation(pair, late, { ...fields, timestamp }, body).header.bytes.length).to.be.at.most(
      228,
    );
  });

  it('throws for a body that is too large and for a log that is full', () => {
    expect(() => createOperation(pair, FIRST_PLACE, fields, new Uint8Array(MOST_BODY_BYTES + 1)))
      .to.throw(GraphError)
      .with.property('code', 'LOG_BODY_TOO_LARGE');
    const place = { sequence: 2 ** 32, backlink: LOG_ID };
    expect(() => createOperation(pair, place, fields, undefined))
      .to.throw(GraphError)
      .with.property('code', 'LOG_FULL');
  });

  it('names an operation, its author and its log', () => {
    const operation = operationAfter(pair, undefined, undefined);
    expect(namesOf(operation)).to.deep.equal({
      id: toHex(operation.header.id),
      author: pair.id,
      log: toHex(LOG_ID),
    });
  });

  it('counts time in microseconds', () => {
    expect(timestampOf(1_700_000_000_000.25)).to.equal(1_700_000_000_000_250n);
    expect(timestampOf(-5)).to.equal(0n);
  });
});
