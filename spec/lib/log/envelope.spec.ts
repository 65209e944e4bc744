import { expect } from 'chai';
import * as fc from 'fast-check';
import { encodeCbor } from '../../../lib/log/cbor-writer.ts';
import { decodeEnvelope, encodeEnvelope } from '../../../lib/log/envelope.ts';
import { seeded } from '../../support/arbitraries.ts';
import { aCborValue } from '../../support/cbor-arbitraries.ts';
import { hex } from '../../support/log-maker.ts';

describe('log.envelope', () => {
  it('gives back what was put in, whatever the kind', () => {
    const envelope = fc.record({
      kind: fc.string({ minLength: 1, maxLength: 20 }),
      version: fc.nat(),
      payload: aCborValue().map(encodeCbor),
      meta: fc.option(aCborValue().map(encodeCbor), { nil: undefined }),
    });
    fc.assert(
      fc.property(envelope, (given) => {
        expect(decodeEnvelope(encodeEnvelope(given))).to.deep.equal({ ok: true, value: given });
      }),
      seeded(200),
    );
  });

  it('refuses what is no envelope', () => {
    const reasons: Readonly<Record<string, string>> = {
      '82616101': 'not [kind, version, payload, meta?]',
      '85616101000000': 'not [kind, version, payload, meta?]',
      '83600100': 'the kind is empty or too long',
      '83010100': 'not a text',
      '8361612000': 'not an unsigned integer',
      '8361610100ff': 'bytes follow the end',
      '83616101': 'the bytes end too early',
      '83616101c100': 'a tag',
      f6: 'not an array',
    };
    for (const [bytes, reason] of Object.entries(reasons)) {
      expect(decodeEnvelope(hex(bytes)), bytes).to.deep.equal({ ok: false, reason });
    }
  });
});
