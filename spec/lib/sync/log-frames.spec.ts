import { expect } from 'chai';
import * as fc from 'fast-check';
import { toHex } from '../../../lib/base/byte-texts.ts';
import { encodeCbor, type CborValue } from '../../../lib/log/cbor-writer.ts';
import {
  decodeFrame,
  encodeFrame,
  frameFromJson,
  frameToJson,
  MOST_FRAME_BYTES,
  type LogFrame,
} from '../../../lib/sync/log-frames.ts';
import { seeded } from '../../support/arbitraries.ts';
import { aDamage } from '../../support/cbor-arbitraries.ts';
import { aFrame } from '../../support/frame-arbitraries.ts';
import { hex } from '../../support/log-maker.ts';
import { scaled } from '../../torture/scale.ts';

function decoded(frame: readonly CborValue[]): LogFrame | string {
  const result = decodeFrame(encodeCbor(frame));
  return result.ok ? result.value : result.reason;
}

const id = (byte: number): Uint8Array => new Uint8Array(32).fill(byte);

/** A JSON value with one part of it replaced, wherever it is. */
function aJsonFault(json: unknown): fc.Arbitrary<unknown> {
  const faults = fc.constantFrom<unknown>(
    null,
    -1,
    1.5,
    2 ** 60,
    '',
    '!',
    'AAAA',
    [],
    {},
    [[]],
    { a: 1 },
    true,
    'x'.repeat(999),
  );
  const text = JSON.stringify(json);
  return fc.tuple(fc.nat(40), faults).map(([at, fault]) => {
    let count = -1;
    return JSON.parse(text, (_, part: unknown) => {
      count += 1;
      return count === at ? fault : part;
    });
  });
}

/** A key or log as hex. */
function nameAt(at: number): string {
  return at.toString(16).padStart(64, '0');
}

describe('sync.log-frames', () => {
  it('are arrays with their code first', () => {
    const header = id(1);
    const table: readonly (readonly [LogFrame, string])[] = [
      [{ type: 'agreed', session: 4 }, '820b04'],
      [{ type: 'topic', session: 4, topic: id(2) }, `830a045820${toHex(id(2))}`],
      [{ type: 'have', session: 0, tips: new Map(), more: false }, '831400a0'],
      [{ type: 'have', session: 0, tips: new Map(), more: true }, '841400a0f5'],
      [{ type: 'preSync', session: 1, operations: 2, bytes: 500 }, '841501021901f4'],
      [{ type: 'operation', session: 1, header, body: Uint8Array.of(104) }, `8416015820${toHex(header)}4168`],
      [{ type: 'operation', session: 1, header, body: undefined }, `8416015820${toHex(header)}f6`],
      [{ type: 'done', session: 24 }, '82171818'],
      [{ type: 'live', session: 1, header, body: undefined }, `841818015820${toHex(header)}f6`],
      [{ type: 'close', session: 1 }, '82181901'],
      [{ type: 'fork', session: 1, first: Uint8Array.of(1), second: Uint8Array.of(2) }, '84181a0141014102'],
      [
        { type: 'bodies', session: 1, author: id(1), log: id(2), places: [3, 300] },
        `85181c015820${toHex(id(1))}5820${toHex(id(2))}820319012c`,
      ],
      [{ type: 'given', session: 1 }, '82181d01'],
      [{ type: 'digest', session: 1, digest: id(9) }, `83181e015820${toHex(id(9))}`],
      [
        { type: 'digestParts', session: 1, hashes: new Uint8Array(8192).fill(7) },
        `83181f01592000${'07'.repeat(8192)}`,
      ],
      [{ type: 'error', session: 1, code: 3, text: 'x' }, '84181b01036178'],
      [{ type: 'proof', signature: new Uint8Array(64) }, `82015840${'00'.repeat(64)}`],
      [
        { type: 'hello', nodeKey: id(1), network: id(2), nonce: id(3), features: new Map([['log', 1]]) },
        `8600015820${toHex(id(1))}5820${toHex(id(2))}5820${toHex(id(3))}a1636c6f6701`,
      ],
    ];
    for (const [frame, bytes] of table) {
      expect(toHex(encodeFrame(frame)), frame.type).to.equal(bytes);
      expect(decodeFrame(hex(bytes)), frame.type).to.deep.equal({ ok: true, value: frame });
    }
  });

  it('come back as they were, in both forms', () => {
    fc.assert(
      fc.property(aFrame(), (frame) => {
        expect(decodeFrame(encodeFrame(frame))).to.deep.equal({ ok: true, value: frame });
        const json: unknown = JSON.parse(JSON.stringify(frameToJson(frame)));
        expect(frameFromJson(json)).to.deep.equal({ ok: true, value: frame });
      }),
      seeded(300),
    );
  });

  it('are refused when fields are missing, too many, too long or of another kind', () => {
    expect(decoded([])).to.equal('the bytes end too early');
    expect(decoded([99])).to.equal('an unknown frame');
    expect(decoded([11])).to.equal('no agreed');
    expect(decoded([11, 1, 1])).to.equal('bytes follow the end');
    expect(decoded([11, 2 ** 32])).to.equal('an integer above 4294967295');
    expect(decoded([20, 1, new Map(), false])).to.equal('no have');
    expect(decoded([20, 1, new Map(), true, true])).to.equal('bytes follow the end');
    expect(decoded([22, 1, new Uint8Array(0), null])).to.equal('bytes of a wrong length');
    expect(decoded([22, 1, Uint8Array.of(1), new Uint8Array(0)])).to.equal('bytes of a wrong length');
    expect(decoded([27, 1, 1, 'x'.repeat(201)])).to.equal('a text that is too long');
    for (const places of [[], Array.from({ length: 65 }, (_, at) => at)])
      expect(decoded([28, 1, id(1), id(2), places])).to.equal('no places, or too many');
    for (const places of [
      [2, 1],
      [1, 1],
    ])
      expect(decoded([28, 1, id(1), id(2), places])).to.equal('places out of order');
    for (const length of [0, 32, 8191, 8193, 100_000])
      expect(decoded([31, 1, new Uint8Array(length)])).to.equal('bytes of a wrong length');
    expect(decoded([31, 1])).to.equal('no digestParts');
    expect(decoded([31, 1, new Uint8Array(8192), 1])).to.equal('bytes follow the end');
    expect(decoded([0, 2, id(1), id(2), id(3), new Map()])).to.equal('another version');
    const features = new Map(Array.from({ length: 33 }, (_, at) => [`f${at}`, 1] as const));
    expect(decoded([0, 1, id(1), id(2), id(3), features])).to.equal('too many features');
    expect(decoded([0, 1, id(1), id(2), id(3), new Map([['', 1]])])).to.equal('no feature');
    expect(decodeFrame(new Uint8Array(MOST_FRAME_BYTES + 1)).ok).to.equal(false);
    expect(decodeFrame(hex('820b0400'))).to.deep.equal({ ok: false, reason: 'bytes follow the end' });
  });

  it('throw for no bytes, and are read in one form only', function () {
    this.timeout(scaled(120_000, 600_000));
    const damaged = fc
      .tuple(aFrame(), fc.array(aDamage(), { minLength: 1, maxLength: 3 }))
      .map(([frame, damages]) => damages.reduce((bytes, damage) => damage(bytes), encodeFrame(frame)));
    fc.assert(
      fc.property(damaged, (bytes) => {
        const frame = decodeFrame(bytes);
        if (frame.ok) expect(encodeFrame(frame.value)).to.deep.equal(bytes);
      }),
      seeded(scaled(10_000, 100_000)),
    );
  });

  it('throw for no JSON, and what is taken of it can be written again', function () {
    this.timeout(scaled(120_000, 600_000));
    const damaged = aFrame().chain((frame) => aJsonFault(frameToJson(frame)));
    fc.assert(
      fc.property(
        fc.oneof({ weight: 9, arbitrary: damaged }, { weight: 1, arbitrary: fc.jsonValue() }),
        (json) => {
          const frame = frameFromJson(json);
          if (!frame.ok) return;
          expect(decodeFrame(encodeFrame(frame.value))).to.deep.equal(frame);
        },
      ),
      seeded(scaled(10_000, 100_000)),
    );
  });

  it('name no more authors and logs in one frame than are soon read, as bytes and as JSON', () => {
    const tip = { height: 1, id: new Uint8Array(32) };
    const logs = (count: number): Map<string, typeof tip> =>
      new Map(Array.from({ length: count }, (_, at) => [nameAt(at), tip]));
    const by = (authors: number, count: number): Map<string, Map<string, typeof tip>> =>
      new Map(Array.from({ length: authors }, (_, at) => [nameAt(at), logs(count)]));
    const isRead = (tips: Map<string, Map<string, typeof tip>>): boolean[] => {
      const frame = { type: 'have', session: 0, tips, more: false } as const;
      return [decodeFrame(encodeFrame(frame)), frameFromJson(frameToJson(frame))].map(({ ok }) => ok);
    };
    for (const tips of [by(1000, 1), by(1, 1000), by(500, 2)])
      expect(isRead(tips)).to.deep.equal([true, true]);
    for (const tips of [by(1001, 1), by(1, 1001), by(501, 2), by(1001, 0)])
      expect(isRead(tips)).to.deep.equal([false, false]);
  });
});
