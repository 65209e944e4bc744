import { expect } from 'chai';
import * as fc from 'fast-check';
import { toHex } from '../../../lib/base/byte-texts.ts';
import { finish } from '../../../lib/base/slices.ts';
import type { Value } from '../../../lib/graph/value.ts';
import { writeOf, type FieldWrite } from '../../../lib/graph/write.ts';
import { encodeCbor, isWellFormed } from '../../../lib/log/cbor-writer.ts';
import { BODY_KIND, encodeEnvelope } from '../../../lib/log/envelope.ts';
import { checkPlace, readOperation, type HeldLog } from '../../../lib/log/integrity.ts';
import { hashHex } from '../../../lib/log/hash.ts';
import { KeyPair } from '../../../lib/log/key-pair.ts';
import { createOperation, FIRST_PLACE, placeAfter, type Operation } from '../../../lib/log/operation.ts';
import { compareRank } from '../../../lib/log/prune.ts';
import {
  decodeDelta,
  decodeDeltaInSteps,
  encodeDelta,
  unsignable,
  type Delta,
} from '../../../lib/store/delta-codec.ts';
import { aWrite, ODD_NAMES, seeded } from '../../support/arbitraries.ts';
import { aDamage } from '../../support/cbor-arbitraries.ts';
import { hex, verifyFast } from '../../support/log-maker.ts';
import { NaiveGraph } from '../../support/naive-graph.ts';
import { loadVectors } from '../../support/vectors.ts';

interface NodeJson {
  readonly _: { readonly '#': string; readonly '>': Readonly<Record<string, number>> };
  readonly [key: string]: unknown;
}

interface Row {
  readonly put: Readonly<Record<string, NodeJson>> | string;
  readonly body: string | { readonly sha: string; readonly length: number };
  readonly header: string;
  readonly hash: string;
  readonly prune: boolean;
}

const vectors = loadVectors<{
  readonly logId: string;
  readonly signingKey: string;
  readonly rows: readonly Row[];
}>('p2panda/gun-put-operations.json');

function writesOf(put: Row['put']): FieldWrite[] {
  if (typeof put === 'string') return [writeOf('big', 't', 1_700_000_000_000, 'x'.repeat(5000))];
  return Object.values(put).flatMap(({ _: { '#': soul, '>': states }, ...fields }) =>
    Object.entries(fields).map(([key, value]) => writeOf(soul, key, states[key]!, value as Value)),
  );
}

/**
 * The encoder that made the vectors wrote 1e300, which is integral and not safe, as 0 in nine bytes: a value that was
 * never put, in a form that is not canonical.
 */
const WRONG_NUMBER = '1b0000000000000000';
const RIGHT_NUMBER = 'fb7e37e43c8800759c';

/** The operation of a row without looking at its body. */
function operationOf({ header }: Row): Operation {
  const read = readOperation(hex(header), undefined, verifyFast);
  if (!read.ok) throw new Error(read.reason);
  return read.value;
}

function hasEmptyName({ put }: Row): boolean {
  return writesOf(put).some(({ soul, key }) => soul === '' || key === '');
}

function body(writes: readonly FieldWrite[], kind: Delta['kind'] = BODY_KIND.put): Uint8Array {
  const encoded = encodeDelta(kind, writes);
  if (!encoded.ok) throw new Error(encoded.reason);
  return encoded.value;
}

function delta(bytes: Uint8Array): Delta {
  const decoded = decodeDelta(bytes);
  if (!decoded.ok || decoded.value === undefined) throw new Error('no delta');
  return decoded.value;
}

/** Writes that an operation can hold. */
const signable = fc.array(
  aWrite().filter((write) => unsignable(write) === undefined),
  { maxLength: 12 },
);

/** The payload of a body that no encoder here would write. */
function foreign(payload: Parameters<typeof encodeCbor>[0]): Uint8Array {
  return encodeEnvelope({ kind: BODY_KIND.put, version: 1, payload: encodeCbor(payload), meta: undefined });
}

const verdictOn = (write: FieldWrite): string => {
  const encoded = encodeDelta(BODY_KIND.put, [write]);
  return encoded.ok ? 'ok' : encoded.reason;
};

describe('store.delta-codec', () => {
  it('makes the operations of the vectors byte for byte, from puts', () => {
    const signer = new KeyPair(hex(vectors.signingKey));
    let before: Operation | undefined;
    for (const row of vectors.rows) {
      if (hasEmptyName(row)) {
        expect(encodeDelta(BODY_KIND.put, writesOf(row.put))).to.deep.equal({
          ok: false,
          reason: 'an empty soul or key',
        });
        const refused = decodeDelta(hex(row.body as string));
        expect(refused).to.deep.equal({ ok: false, reason: 'an empty soul or key' });
        before = operationOf(row);
        continue;
      }
      const bytes = body(writesOf(row.put));
      if (typeof row.body === 'string' && row.body.includes(WRONG_NUMBER)) {
        expect(toHex(bytes)).to.equal(row.body.replace(WRONG_NUMBER, RIGHT_NUMBER));
        const refused = decodeDelta(hex(row.body));
        expect(refused).to.deep.equal({ ok: false, reason: 'an integer not in its shortest form' });
        before = operationOf(row);
        continue;
      }
      if (typeof row.body === 'string') expect(toHex(bytes)).to.equal(row.body);
      else expect([hashHex(bytes), bytes.length]).to.deep.equal([row.body.sha, row.body.length]);
      const read = readOperation(hex(row.header), bytes, verifyFast);
      if (!read.ok) throw new Error(read.reason);
      const { timestamp } = read.value.extensions;
      const place = before === undefined ? FIRST_PLACE : placeAfter(before.header);
      const made = createOperation(
        signer,
        place,
        { logId: hex(vectors.logId), timestamp, prune: row.prune },
        bytes,
      );
      expect(toHex(made.header.bytes)).to.equal(row.header);
      expect(toHex(made.header.id)).to.equal(row.hash);
      before = made;
    }
  });

  it('gives the log of the vectors its places', () => {
    let held: HeldLog | undefined;
    for (const row of vectors.rows) {
      const operation = operationOf(row);
      expect(checkPlace(operation, held, undefined)).to.deep.equal({ ok: true, value: 'append' });
      const { author, sequence, id } = operation.header;
      held = { author, height: sequence, tip: id, first: 0 };
    }
  });

  it('gives back the winners of any writes, in one order', () => {
    fc.assert(
      fc.property(signable, (writes) => {
        const { writes: read, kind } = delta(body(writes));
        expect(kind).to.equal('gun/put');
        expect(new NaiveGraph().putAll(read).lines()).to.deep.equal(new NaiveGraph().putAll(writes).lines());
        expect(body(read)).to.deep.equal(body(writes));
        expect(body(writes.toReversed())).to.deep.equal(body(writes));
      }),
      seeded(300),
    );
  });

  it('keeps all ranks of a property in a snapshot', () => {
    fc.assert(
      fc.property(signable, (writes) => {
        const { writes: read } = delta(body(writes, BODY_KIND.snapshot));
        for (const write of writes) {
          const place = (other: FieldWrite): boolean => other.soul === write.soul && other.key === write.key;
          expect(read.filter(place).some((other) => compareRank(other, write) === 0)).to.equal(true);
        }
      }),
      seeded(100),
    );
    const two = [writeOf('s', 'a', 1, 1), writeOf('s', 'a', 2, 1)];
    expect(delta(body(two, BODY_KIND.snapshot)).writes).to.deep.equal(two);
    expect(delta(body(two, BODY_KIND.seen)).writes).to.deep.equal([two[1]]);
  });

  it('sorts names by their UTF-8 bytes', () => {
    const names = ODD_NAMES.filter(isWellFormed);
    const { writes } = delta(body(names.map((key) => writeOf('s', key, 1, 1))));
    const wanted = names.toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
    expect(writes.map(({ key }) => key)).to.deep.equal(wanted);
  });

  it('refuses to sign what CBOR or Gun cannot carry', () => {
    expect(verdictOn(writeOf('', 'a', 1, 1))).to.equal('an empty soul or key');
    expect(verdictOn(writeOf('s', '', 1, 1))).to.equal('an empty soul or key');
    expect(verdictOn(writeOf('s', '\ud800', 1, 1))).to.equal('a lone surrogate in a soul or key');
    expect(verdictOn(writeOf('s', 'a', 1, '\ud800'))).to.equal('a lone surrogate in a value');
    expect(verdictOn(writeOf('s', 'a', 1, { '#': '\ud800' }))).to.equal('a lone surrogate in a value');
    expect(verdictOn(writeOf('s', 'a', Infinity, 1))).to.equal('a state that is not finite');
    expect(verdictOn(writeOf('s', 'a', 1, 'x'.repeat(1024 * 1024)))).to.equal('too much for one operation');
    expect(verdictOn(writeOf('s', 'a', -0, -0))).to.equal('ok');
    expect(delta(body([writeOf('s', 'a', -0, -0)])).writes).to.deep.equal([writeOf('s', 'a', 0, 0)]);
  });

  it('has nothing to say of other kinds and versions', () => {
    const payload = encodeCbor(['anything', 1.5]);
    for (const [kind, version] of [
      ['app/chat', 1],
      ['gun/put', 2],
      ['schema/def', 1],
    ] as const) {
      const other = encodeEnvelope({ kind, version, payload, meta: undefined });
      expect(decodeDelta(other)).to.deep.equal({ ok: true, value: undefined });
    }
    const withMeta = encodeEnvelope({ kind: 'gun/put', version: 1, payload: encodeCbor([]), meta: payload });
    expect(decodeDelta(withMeta)).to.deep.equal({ ok: true, value: { kind: 'gun/put', writes: [] } });
  });

  const REFUSED: Readonly<
    Record<string, readonly [payload: Parameters<typeof encodeCbor>[0], reason: string]>
  > = {
    'souls that are no list': [new Map(), 'not an array'],
    'a soul twice': [
      [
        ['s', [['a', 1, 1]]],
        ['s', [['b', 1, 1]]],
      ],
      'souls out of order',
    ],
    'souls in another order': [
      [
        ['t', [['a', 1, 1]]],
        ['s', [['a', 1, 1]]],
      ],
      'souls out of order',
    ],
    'a key twice': [
      [
        [
          's',
          [
            ['a', 1, 1],
            ['a', 2, 1],
          ],
        ],
      ],
      'keys out of order',
    ],
    'keys in the order of UTF-16': [
      [
        [
          's',
          [
            ['😀', 1, 1],
            ['\uff5e', 1, 1],
          ],
        ],
      ],
      'keys out of order',
    ],
    'a soul without properties': [[['s', []]], 'a soul without properties'],
    'a property without a value': [[['s', [['a', 1]]]], 'not [key, state, value]'],
    'a state that is not finite': [[['s', [['a', Infinity, 1]]]], 'a number that is not finite'],
    'a value that is not finite': [[['s', [['a', 1, Number.NaN]]]], 'a number that is not finite'],
    'a state that is a text': [[['s', [['a', '1', 1]]]], 'no number'],
    'an integer that is not safe': [[['s', [['a', 1, 2n ** 60n]]]], 'an integer above 9007199254740991'],
    'a negative one': [[['s', [['a', 1, -(2n ** 60n)]]]], 'an integer that is not safe'],
    '-0': [[['s', [['a', 1, -0]]]], 'an integer written as a float'],
    'bytes as a value': [[['s', [['a', 1, Uint8Array.of(1)]]]], 'no number'],
    'a list as a value': [[['s', [['a', 1, []]]]], 'no number'],
    'a map that is no link': [[['s', [['a', 1, new Map([['x', 'y']])]]]], 'a map that is no link'],
    'a link to nothing': [[['s', [['a', 1, new Map([['#', '']])]]]], 'an empty soul or key'],
    'an empty key': [[['s', [['', 1, 1]]]], 'an empty soul or key'],
  };
  for (const [name, [payload, reason]] of Object.entries(REFUSED)) {
    it(`refuses ${name}`, () => {
      expect(decodeDelta(foreign(payload))).to.deep.equal({ ok: false, reason });
    });
  }

  it('reads the same in steps, good or bad', () => {
    const many = Array.from({ length: 1000 }, (_, at) => writeOf(`s${at % 7}`, `k${at}`, 1, at));
    const bytes = body(many);
    const steps = decodeDeltaInSteps(bytes);
    let pauses = 0;
    let step = steps.next();
    for (; step.done !== true; step = steps.next()) pauses += 1;
    expect([step.value, pauses]).to.deep.equal([decodeDelta(bytes), 3]);
    for (const cut of [3, 20, bytes.length - 5]) {
      const part = bytes.subarray(0, cut);
      expect(finish(decodeDeltaInSteps(part, 1)))
        .to.deep.equal(decodeDelta(part))
        .and.to.include({ ok: false });
    }
  });

  it('throws for no body, and reads no damaged one in another way than it is written', function () {
    this.timeout(60_000);
    const damaged = fc
      .tuple(signable, fc.array(aDamage(), { minLength: 1, maxLength: 2 }))
      .map(([writes, damages]) => damages.reduce((bytes, damage) => damage(bytes), body(writes)));
    fc.assert(
      fc.property(damaged, (bytes) => {
        const decoded = decodeDelta(bytes);
        if (!decoded.ok || decoded.value === undefined || bytes[0] !== 0x83) return;
        expect(body(decoded.value.writes, decoded.value.kind)).to.deep.equal(bytes);
      }),
      seeded(2000),
    );
  });
});
