import { expect } from 'chai';
import * as fc from 'fast-check';
import { CborWriter } from '../../../lib/log/cbor-writer.ts';
import { encodeSequenceItem, SequenceReader, type OperationBytes } from '../../../lib/log/sequence.ts';
import { seeded } from '../../support/arbitraries.ts';

const anOperation: fc.Arbitrary<OperationBytes> = fc.record({
  header: fc.uint8Array({ maxLength: 300 }),
  body: fc.option(fc.uint8Array({ maxLength: 70_000 }), { nil: undefined, freq: 3 }),
});

function read(chunks: Iterable<Uint8Array>): {
  readonly items: OperationBytes[];
  readonly fault: string | undefined;
} {
  const reader = new SequenceReader();
  const items: OperationBytes[] = [];
  for (const chunk of chunks) items.push(...reader.take(chunk));
  reader.end();
  return { items, fault: reader.fault };
}

function* cutAt(bytes: Uint8Array, sizes: readonly number[]): Generator<Uint8Array> {
  let at = 0;
  for (const size of sizes) {
    yield bytes.subarray(at, at + size);
    at += size;
  }
  yield bytes.subarray(at);
}

describe('log.sequence', () => {
  it('gives every operation back, however the bytes are cut', () => {
    const sizes = fc.array(fc.oneof(fc.nat(5), fc.nat(100_000)), { maxLength: 40 });
    fc.assert(
      fc.property(fc.array(anOperation, { maxLength: 6 }), sizes, (operations, cuts) => {
        const bytes = Uint8Array.from(Buffer.concat(operations.map(encodeSequenceItem)));
        expect(read(cutAt(bytes, cuts))).to.deep.equal({ items: operations, fault: undefined });
      }),
      seeded(100),
    );
  });

  it('names the byte at which the bytes are no sequence, and gives what stands before it', () => {
    const item = encodeSequenceItem({ header: Uint8Array.of(1, 2), body: undefined });
    const cases: [bytes: Uint8Array, reason: string][] = [
      [Uint8Array.of(0x83, 0x41), 'not [header, body]'],
      [Uint8Array.of(0x82, 0x61, 0x61, 0xf6), 'not a byte string'],
      [Uint8Array.of(0x82, 0x5f), 'not a byte string'],
      [Uint8Array.of(0x82, 0x41, 0, 0xf5), 'not a byte string'],
      [Uint8Array.of(0x82, 0x59, 0xff, 0xff), '65535 bytes where at most 4096 may be'],
      [Uint8Array.of(0x82, 0x41, 0, 0x5a, 0xff, 0, 0, 0), '4278190080 bytes where at most 1048576 may be'],
      [item.subarray(0, 2), 'the bytes end too early'],
    ];
    for (const [bytes, reason] of cases) {
      const { items, fault } = read([item, bytes]);
      expect(items).to.have.lengthOf(1);
      expect(fault).to.equal(`byte ${item.length}: ${reason}`);
    }
  });

  it('refuses a length that is not written the shortest way', () => {
    const long = Uint8Array.of(0x82, 0x58, 1, 7, 0xf6);
    const { items, fault } = read([long]);
    expect(fault).to.match(/^byte 0: /);
    expect(items).to.deep.equal([]);
  });

  it('is two byte strings in an array, the second null for a body that is not there', () => {
    const [header, body] = [Uint8Array.of(1), Uint8Array.of(2, 3)];
    expect(encodeSequenceItem({ header, body })).to.deep.equal(
      new CborWriter().array(2).bytes(header).bytes(body).finish(),
    );
    expect(encodeSequenceItem({ header, body: undefined })).to.deep.equal(Uint8Array.of(0x82, 0x41, 1, 0xf6));
  });
});
