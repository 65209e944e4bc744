import { expect } from 'chai';
import { toHex } from '../../../lib/base/byte-texts.ts';
import { CborWriter } from '../../../lib/log/cbor-writer.ts';
import { decodeHeader } from '../../../lib/log/codec.ts';
import { decodeExtensions, encodeExtensions } from '../../../lib/log/extensions.ts';
import { checkSignature } from '../../../lib/log/integrity.ts';
import { hex, LOG_ID } from '../../support/log-maker.ts';
import { loadVectors } from '../../support/vectors.ts';

interface Row {
  readonly name: string;
  readonly extensions?: string;
  readonly header?: string;
  readonly p2panda: string;
}

const REFUSED = { ok: false, reason: 'extensions' };

const withPrevious = (count: number): Uint8Array => {
  const writer = new CborWriter().array(5).uint(1).uint(1).bytes(LOG_ID).uint(5).array(count);
  for (let i = 0; i < count; i += 1) writer.bytes(new Uint8Array(32).fill(i));
  return writer.finish();
};

describe('log.extensions', () => {
  const { cases } = loadVectors<{ cases: readonly Row[] }>('p2panda/extensions.json');

  for (const { name, extensions, p2panda } of cases) {
    if (extensions === undefined) continue;
    it(`decides as p2panda does: ${name}`, () => {
      const decoded = decodeExtensions(hex(extensions));
      if (!p2panda.startsWith('ok')) {
        expect(decoded).to.deep.equal(REFUSED);
        return;
      }
      if (!decoded.ok) throw new Error(decoded.reason);
      const { logId, timestamp, prune } = decoded.value;
      const said = `ok log=${toHex(logId)} ts=${timestamp}`;
      expect(p2panda.startsWith(said)).to.equal(true);
      expect(prune).to.equal(false);
    });
  }

  it('takes a signed header with a field of a later version, which p2panda drops', () => {
    const row = cases.find(({ header }) => header !== undefined)!;
    const header = decodeHeader(hex(row.header!));
    if (!header.ok) throw new Error(header.reason);
    expect(checkSignature(header.value)).to.equal(undefined);
    expect(decodeExtensions(header.value.extensions).ok).to.equal(true);
  });

  it('gives back what was written, up to the last microsecond', () => {
    for (const timestamp of [0n, 23n, 24n, 2n ** 32n, 2n ** 53n + 1n, 2n ** 64n - 1n]) {
      for (const prune of [true, false]) {
        const decoded = decodeExtensions(encodeExtensions({ logId: LOG_ID, timestamp, prune }));
        expect(decoded).to.deep.equal({ ok: true, value: { logId: LOG_ID, timestamp, prune, previous: [] } });
      }
    }
  });

  it('reads declared dependencies, and refuses too many', () => {
    const decoded = decodeExtensions(withPrevious(2));
    if (!decoded.ok) throw new Error(decoded.reason);
    expect(decoded.value.previous.map((id) => id[31])).to.deep.equal([0, 1]);
    expect(decodeExtensions(withPrevious(64)).ok).to.equal(true);
    expect(decodeExtensions(withPrevious(65))).to.deep.equal(REFUSED);
  });

  it('refuses none at all, other variants, and what follows', () => {
    expect(decodeExtensions(undefined)).to.deep.equal(REFUSED);
    const good = encodeExtensions({ logId: LOG_ID, timestamp: 5n, prune: true });
    const variant = good.slice();
    variant[2] = 2;
    expect(decodeExtensions(variant)).to.deep.equal(REFUSED);
    expect(decodeExtensions(Uint8Array.from([...good, 0]))).to.deep.equal(REFUSED);
    expect(decodeExtensions(Uint8Array.from([0x84, ...good.subarray(1, -1)]))).to.deep.equal(REFUSED);
  });
});
