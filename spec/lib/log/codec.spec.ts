import { expect } from 'chai';
import * as fc from 'fast-check';
import { toHex } from '../../../lib/base/byte-texts.ts';
import { equalBytes } from '../../../lib/base/bytes.ts';
import { CborWriter } from '../../../lib/log/cbor-writer.ts';
import {
  decodeHeader,
  encodeUnsigned,
  MOST_HEADER_BYTES,
  unsignedBytesOf,
  withSignature,
  type Header,
} from '../../../lib/log/codec.ts';
import { encodeExtensions } from '../../../lib/log/extensions.ts';
import { hashBytes } from '../../../lib/log/hash.ts';
import { checkSignature } from '../../../lib/log/integrity.ts';
import { KeyPair } from '../../../lib/log/key-pair.ts';
import { seeded } from '../../support/arbitraries.ts';
import { aDamage } from '../../support/cbor-arbitraries.ts';
import { authorOf, hex, LOG_ID, logOf, verifyFast } from '../../support/log-maker.ts';
import { loadVectors } from '../../support/vectors.ts';

interface OperationRow {
  readonly name: string;
  readonly encoded: string;
  readonly unsigned: string;
  readonly hash: string;
  readonly signature: string;
  readonly signingKey: string;
  readonly verifyingKey: string;
  readonly payloadSize: number;
  readonly payloadHash: string | null;
  readonly seqNum: number;
  readonly backlink: string | null;
  readonly extensions: { readonly logId: string; readonly timestamp: string; readonly prune: boolean } | null;
}

const { operations } = loadVectors<{ operations: readonly OperationRow[] }>('p2panda/operations.json');

interface Generation {
  readonly crates: string;
  readonly unsignedFields: readonly string[];
}

const { generations } = loadVectors<{ generations: readonly Generation[] }>(
  'p2panda/header-generations.json',
);

/** An unsigned header whose fields are those that a row of the vectors names, in its order. */
function headerOfLayout(names: readonly string[], author: Uint8Array, sequence: number): Uint8Array {
  const fields: ((writer: CborWriter) => CborWriter)[] = [];
  for (const name of names) {
    const field = fieldOf(name, author, sequence);
    if (field !== undefined) fields.push(field);
  }
  const writer = new CborWriter().array(fields.length);
  for (const write of fields) write(writer);
  return writer.finish();
}

/** Writes the field that a vector names, undefined for one that a header of this sequence number does not have. */
function fieldOf(
  name: string,
  author: Uint8Array,
  sequence: number,
): ((writer: CborWriter) => CborWriter) | undefined {
  const known = [...FIELDS].find(([start]) => name.startsWith(start));
  if (known === undefined) throw new Error(`unknown field ${name}`);
  return name.startsWith('backlink') && sequence === 0
    ? undefined
    : (writer) => known[1](writer, author, sequence);
}

const FIELDS: ReadonlyMap<string, (writer: CborWriter, author: Uint8Array, sequence: number) => CborWriter> =
  new Map([
    ['version', (writer) => writer.uint(1)],
    ['key', (writer, author) => writer.bytes(author)],
    ['public key', (writer, author) => writer.bytes(author)],
    ['payload size', (writer) => writer.uint(1)],
    ['payload hash', (writer) => writer.bytes(hashBytes(Uint8Array.of(0)))],
    ['timestamp', (writer) => writer.uint(1_700_000_000_000_000)],
    ['seq num', (writer, _author, sequence) => writer.uint(sequence)],
    ['backlink', (writer) => writer.bytes(hashBytes(Uint8Array.of(1)))],
    ['previous', (writer) => writer.array(0)],
    ['extensions', (writer) => writer.raw(encodeExtensions({ logId: LOG_ID, timestamp: 5n, prune: false }))],
  ]);

function decoded(bytes: Uint8Array): Header {
  const header = decodeHeader(bytes);
  if (!header.ok) throw new Error(header.reason);
  return header.value;
}

function optional(text: string | null): Uint8Array | undefined {
  return text === null ? undefined : hex(text);
}

describe('log.codec', () => {
  it('refuses bytes behind the header, also where the author has signed them', () => {
    const [operation] = logOf(authorOf(1), 1);
    const unsigned = Uint8Array.from([...unsignedBytesOf(operation!.header), 0]);
    const bytes = withSignature(unsigned, authorOf(1).sign(unsigned));
    expect(decodeHeader(bytes)).to.deep.equal({ ok: false, reason: 'malformed' });
  });

  it('makes every header of p2panda again, byte for byte', () => {
    expect(operations).to.have.lengthOf.above(15);
    for (const row of operations) {
      const unsigned = encodeUnsigned({
        author: hex(row.verifyingKey),
        payloadSize: row.payloadSize,
        payloadHash: optional(row.payloadHash),
        sequence: row.seqNum,
        backlink: optional(row.backlink),
        extensions:
          row.extensions === null
            ? undefined
            : encodeExtensions({
                logId: hex(row.extensions.logId),
                timestamp: BigInt(row.extensions.timestamp),
                prune: row.extensions.prune,
              }),
      });
      expect(toHex(unsigned), row.name).to.equal(row.unsigned);
      const signature = new KeyPair(hex(row.signingKey)).sign(unsigned);
      expect(toHex(signature), row.name).to.equal(row.signature);
      const signed = withSignature(unsigned, signature);
      expect(toHex(signed), row.name).to.equal(row.encoded);
      expect(toHex(hashBytes(signed)), row.name).to.equal(row.hash);
    }
  });

  it('reads every header of p2panda', () => {
    for (const row of operations) {
      const header = decoded(hex(row.encoded));
      expect(toHex(header.id), row.name).to.equal(row.hash);
      expect(toHex(header.author), row.name).to.equal(row.verifyingKey);
      expect(toHex(header.signature), row.name).to.equal(row.signature);
      expect([header.payloadSize, header.sequence], row.name).to.deep.equal([row.payloadSize, row.seqNum]);
      expect(header.payloadHash, row.name).to.deep.equal(optional(row.payloadHash));
      expect(header.backlink, row.name).to.deep.equal(optional(row.backlink));
      expect(header.extensions === undefined, row.name).to.equal(row.extensions === null);
      expect(toHex(unsignedBytesOf(header)), row.name).to.equal(row.unsigned);
      expect(checkSignature(header, verifyFast), row.name).to.equal(undefined);
    }
  });

  it('keeps fields of later versions, in the extensions and behind them, and verifies over them', () => {
    const pair = new KeyPair(new Uint8Array(32).fill(3));
    const extensions = encodeExtensions({ logId: LOG_ID, timestamp: 5n, prune: false });
    const longer = new CborWriter().array(6).raw(extensions.subarray(1)).text('new').finish();
    const unsigned = new CborWriter()
      .array(7)
      .uint(1)
      .bytes(pair.publicKey)
      .uint(0)
      .uint(0)
      .raw(longer)
      .text('appended')
      .map(0)
      .finish();
    const header = decoded(withSignature(unsigned, pair.sign(unsigned)));
    expect(header.extensions).to.deep.equal(longer);
    expect(unsignedBytesOf(header)).to.deep.equal(unsigned);
    expect(checkSignature(header)).to.equal(undefined);
    const forged = header.bytes.slice();
    forged[forged.length - 2]! ^= 1;
    expect(checkSignature(decoded(forged))).to.equal('signature');
  });

  it('refuses headers that are too large, of another version, or of too many fields', () => {
    const [operation] = logOf(authorOf(1), 1);
    const { bytes } = operation!.header;
    expect(decodeHeader(new Uint8Array(MOST_HEADER_BYTES + 1))).to.deep.equal({ ok: false, reason: 'size' });
    const second = bytes.slice();
    second[1] = 2;
    expect(decodeHeader(second)).to.deep.equal({ ok: false, reason: 'version' });
    const many = Uint8Array.from([0x98, 24, ...bytes.subarray(1), ...Array.from({ length: 17 }, () => 0)]);
    expect(decodeHeader(many)).to.deep.equal({ ok: false, reason: 'malformed' });
    const most = Uint8Array.from([0x97, ...bytes.subarray(1), ...Array.from({ length: 16 }, () => 0)]);
    expect(decodeHeader(most).ok).to.equal(true);
  });

  it('refuses the layouts of older p2panda versions, which call themselves version 1 as well', () => {
    const older = generations.filter(({ crates }) => !crates.startsWith('0.7'));
    // The row of 0.5 only names its difference to the one before: extensions are always there, as they are here.
    expect(older).to.have.lengthOf(3);
    const pair = new KeyPair(new Uint8Array(32).fill(3));
    for (const { crates, unsignedFields } of older.filter(({ unsignedFields: { length } }) => length > 1)) {
      for (const sequence of [0, 1]) {
        const unsigned = headerOfLayout(unsignedFields, pair.publicKey, sequence);
        expect(decodeHeader(withSignature(unsigned, pair.sign(unsigned))), crates).to.deep.equal({
          ok: false,
          reason: 'malformed',
        });
      }
    }
    const now = headerOfLayout(generations.at(-1)!.unsignedFields, pair.publicKey, 1);
    expect(checkSignature(decoded(withSignature(now, pair.sign(now))))).to.equal(undefined);
  });

  it('does not change with the buffer it was read from', () => {
    const bytes = logOf(authorOf(1), 1)[0]!.header.bytes.slice();
    const header = decoded(bytes);
    const before = toHex(header.bytes);
    bytes.fill(0);
    expect(toHex(header.bytes)).to.equal(before);
    expect(checkSignature(header, verifyFast)).to.equal(undefined);
  });

  it('throws for no bytes, and finds no damaged header true', function () {
    this.timeout(60_000);
    const originals = operations.map(({ encoded }) => hex(encoded));
    const damaged = fc
      .tuple(fc.constantFrom(...originals), fc.array(aDamage(), { minLength: 1, maxLength: 3 }))
      .map(([bytes, damages]) => damages.reduce((so, damage) => damage(so), bytes));
    fc.assert(
      fc.property(damaged, (bytes) => {
        const header = decodeHeader(bytes);
        if (!header.ok || originals.some((original) => equalBytes(original, bytes))) return;
        expect(checkSignature(header.value, verifyFast)).to.equal('signature');
      }),
      seeded(10_000),
    );
  });
});
