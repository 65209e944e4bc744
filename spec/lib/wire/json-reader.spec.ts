import { expect } from 'chai';
import * as fc from 'fast-check';
import { JsonReader, type ReadSizes } from '../../../lib/wire/json-reader.ts';
import type { Shape } from '../../../lib/wire/kept-members.ts';
import { seeded } from '../../support/arbitraries.ts';

const SMALL: ReadSizes = { chunk: 4, piece: 3, number: 8, depth: 10, deep: 30 };

/** Keeps everything. */
const ALL: Shape = {
  text: 'whole',
  others: Infinity,
  items: Infinity,
  field: () => undefined,
  get other() {
    return ALL;
  },
};
/** Texts of any kind come out whole only when they begin like a frame. */
const CUT_LENGTH = 1000;

function read(
  text: string,
  sizes: Partial<ReadSizes> = {},
  shape: Shape = ALL,
): { value: unknown; steps: number } {
  const reading = new JsonReader(text, { ...SMALL, ...sizes }, CUT_LENGTH).read(shape);
  for (let steps = 0; ; steps += 1) {
    const { done, value } = reading.next();
    if (done === true) return { value, steps };
  }
}

const BAD = [
  '[',
  '{',
  '[1',
  '{"a"',
  '{"a":',
  '{"a":1',
  '[1}',
  '{"a":1]',
  '[1,]',
  '[,1]',
  '[,]',
  '{"a":1,}',
  '{,}',
  '[1 2]',
  '{"a" 1}',
  '{a:1}',
  '{"a":1 "b":2}',
  '[]]',
  '[] x',
  '{}{}',
  '["a]',
  '["a\n"]',
  String.raw`["\x"]`,
  '[-[1]]',
  '[1[2]]',
  '{1[2]}',
  '{"a"[2]}',
  '{"a":"b"[2]}',
  '{"a":1 [2]}',
  '["aaaaaaa" 1]',
  '{"aaaaaaa"}',
  '{"aaaaaaa":}',
  '[nul]',
  '[01]',
  '{[1]}',
  '[      ,1]',
  '{       1}',
  '[1      1]',
  '[[[[]]]',
  '[[1,2,3,4,5}]',
  '{"a":{"b":[1,2,3]}]',
  '{"aaaaaaa" 1}',
];

function nested(depth: number): string {
  return `${'['.repeat(depth)}"      "${']'.repeat(depth)}`;
}

describe('wire JsonReader', () => {
  it('reads what JSON.parse reads, in any steps', () => {
    const sizes = fc.record({
      chunk: fc.integer({ min: 1, max: 30 }),
      piece: fc.integer({ min: 1, max: 9 }),
    });
    fc.assert(
      fc.property(fc.json({ maxDepth: 5 }), sizes, (json, some) => {
        const text = `[${json}]`;
        expect(JSON.stringify(read(text, { ...some, number: 40 }).value)).to.equal(
          JSON.stringify(JSON.parse(text)),
        );
      }),
      seeded(300),
    );
  });

  it('refuses what JSON.parse refuses, in any steps', () => {
    for (const text of BAD) {
      for (const around of [text, `[${text}`, `[${text}]`, `{"a":${text}}`]) {
        let isJson = true;
        try {
          JSON.parse(around);
        } catch {
          isJson = false;
        }
        for (const chunk of [1, 2, 4, 100])
          if (isJson) read(around, { chunk });
          else expect(() => read(around, { chunk }), `${around} by ${chunk}`).to.throw(SyntaxError);
      }
    }
  });

  it('refuses large containers that are nested too deep before it reads on', () => {
    expect(JSON.stringify(read(nested(10)).value)).to.equal(nested(10));
    expect(() => read(nested(30))).to.throw(SyntaxError, 'nested too deep at 10');
    expect(() => read('['.repeat(1000))).to.throw(SyntaxError, 'nested too deep at 10');
    expect(read(nested(100), { chunk: 300 }).value).to.be.an('array');
  });

  it('checks what is nested too deep and short, and keeps nothing of it', () => {
    expect(JSON.stringify(read(nested(11)).value)).to.equal(`${'['.repeat(10)}null${']'.repeat(10)}`);
    const deep = nested(20);
    expect(read(`[${deep},1]`).value)
      .to.be.an('array')
      .with.property('1', 1);
    expect(() => read(deep.replace('[]', '[,]').replace('"      "', 'x       '))).to.throw(SyntaxError);
    expect(() => read(deep.slice(0, -15))).to.throw(SyntaxError);
  });

  it('refuses numbers that are too long', () => {
    expect(read('[1234567]').value).to.deep.equal([1_234_567]);
    expect(() => read('[12345678]')).to.throw(SyntaxError, 'number too long at 1');
  });

  it('makes what a shape says of its members', () => {
    const shape: Shape = {
      ...ALL,
      others: 1,
      finish({ value, isWhole, open }) {
        return { value: JSON.stringify(value), isWhole, open };
      },
      other: ALL,
    };
    expect(read('{"a":[1,2,3],"b":2}', {}, shape).value).to.deep.equal({
      value: '{"a":[1,2,3]}',
      isWhole: false,
      open: 0,
    });
  });

  it('reads a part of the text again', () => {
    const shape: Shape = {
      ...ALL,
      *complete(kept, readAgain) {
        kept.add('part', yield* readAgain(5, { ...ALL, others: 1 }));
      },
    };
    expect(JSON.stringify(read('{"a":{"b":1,"c":2},"d":3}', {}, shape).value)).to.equal(
      '{"a":{"b":1,"c":2},"d":3,"part":{"b":1}}',
    );
  });

  it('pauses at least once a chunk or piece', () => {
    for (const text of [`["${'x'.repeat(1000)}"]`, `[${' '.repeat(1000)}]`, `[${'[],'.repeat(333)}0]`]) {
      expect(read(text, { chunk: 10, piece: 10 }).steps).to.be.at.least(90);
    }
  });
});
