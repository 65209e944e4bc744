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

function decoded(bytes: Uint8Array): Header {
  const header = decodeHeader(bytes);
  if (!header.ok) throw new Error(header.reason);
  return header.value;
}

function optional(text: string | null): Uint8Array | undefined {
  return text === null ? undefined : hex(text);
}

describe('log.codec', () => {
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
