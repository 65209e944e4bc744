import { expect } from 'chai';
import { DEFAULT_LIMITS, limitsWith, type Limits } from '../../../lib/base/limits.ts';
import { batchShape, LargeMessage, messageShape } from '../../../lib/wire/frame-shapes.ts';
import { JsonReader } from '../../../lib/wire/json-reader.ts';
import { ReadyJson } from '../../../lib/wire/json-text.ts';
import type { Shape } from '../../../lib/wire/kept-members.ts';

const CUT_LENGTH = 20;
const LONG = 'x'.repeat(30);

function read(text: string, shape: Shape): unknown {
  const reader = new JsonReader(text, { chunk: 4, piece: 7, number: 50, depth: 20, deep: 30 }, CUT_LENGTH);
  const reading = reader.read(shape);
  for (;;) {
    const { done, value } = reading.next();
    if (done === true) return value;
  }
}

/** The fields of a message as they are kept. */
function kept(text: string, limits: Limits = DEFAULT_LIMITS): Record<string, unknown> {
  const message = read(text, messageShape(limits));
  if (!(message instanceof LargeMessage)) throw new Error('no message');
  return message.raw;
}

function keptJson(text: string, limits?: Limits): string {
  return JSON.stringify(kept(text, limits));
}

/** A value of a property as it is kept. */
function keptValue(value: string): unknown {
  const put = kept(`{"put":{"s":{"a":${value}}}}`)['put'] as Record<string, Record<string, unknown>>;
  return put['s']!['a'];
}

describe('wire messageShape', () => {
  it('keeps the fields of a message wherever they stand, and one that it does not know', () => {
    const flags = '"><":"a","dam":0,"##":1,"nts":1,"err":1,"%":1,"pid":"p","relay":true';
    const text = `{"x":[1,2],"y":1,"z":1,"@":"q","ok":{"a":1},${flags},"get":{"#":"s"},"#":"i"}`;
    expect(keptJson(text)).to.equal(text.replace('[1,2],"y":1,"z":1', '[]'));
  });

  it('keeps one soul and property more than may be', () => {
    const limits = limitsWith({ messageSouls: 1, nodeProperties: 2 });
    const node = '{"_":{"x":1,"#":"s",">":{"a":1,"b":1,"c":1}},"a":1,"b":2,"c":3';
    expect(
      keptJson(`{"put":{"s":${node},"d":4},"t":{},"u":{}}}`.replace('"d":4}', '"d":4}'), limits),
    ).to.equal(`{"put":{"s":${node}},"t":{}}}`.replace('"x":1,', ''));
  });

  it('keeps of more states than that those which the node uses', () => {
    const limits = limitsWith({ nodeProperties: 1 });
    const states = '"a":1,"b":2,"c":3,"toString":4,"d":[5,6,7],"e":6';
    const text = `{"put":{"s":{"_":{"#":"s",">":{${states}}},"e":1}}}`;
    expect(keptJson(text, limits)).to.equal('{"put":{"s":{"_":{"#":"s",">":{"e":6}},"e":1}}}');
    const behind = `{"put":{"s":{"d":1,"_":{">":{"z":0}},"_":{"#":"s",">":{${states}}}}}}`;
    expect(keptJson(behind, limits)).to.equal('{"put":{"s":{"d":1,"_":{"#":"s",">":{"d":[]}}}}}');
    const array = `{"put":{"s":{"d":1,"_":{">":[1,2,3,4,5]}}}}`;
    expect(keptJson(array, limits)).to.equal('{"put":{"s":{"d":1,"_":{">":[]}}}}');
  });

  it('makes values and links with long texts JSON, and cuts all other texts', () => {
    const put = `{"s":{"_":{"#":"${LONG}"},"a":"${LONG}","b":{"#":"${LONG}"},"c":{"#":"${LONG}","x":1},"${LONG}":1}}`;
    const node = (kept(`{"put":${put},"pid":"${LONG}"}`)['put'] as Record<string, Record<string, unknown>>)[
      's'
    ]!;
    const cut = LONG.slice(0, CUT_LENGTH);
    expect(Object.keys(node)).to.deep.equal(['_', 'a', 'b', 'c', cut]);
    expect(node['_']).to.have.property('#', cut);
    expect(node['a']).to.deep.equal(new ReadyJson(`"${LONG}"`));
    expect(node['b']).to.deep.equal(new ReadyJson(`{"#":"${LONG}"}`));
    expect(node['c']).to.have.all.keys('#', 'x');
  });

  it('makes no link of an empty soul', () => {
    expect(keptValue('{"#":      ""}')).to.have.property('#').that.deep.equals(new ReadyJson('""'));
    expect(keptValue('{"#":      "a"}')).to.deep.equal(new ReadyJson('{"#":"a"}'));
    expect(keptValue('[      ]')).to.deep.equal([]);
  });

  it('keeps of what is written as JSON again as much as makes it too long', () => {
    const limits = limitsWith({ idLength: 10, frameBytes: 20 });
    const items = `[${Array.from({ length: 100 }, () => '1').join(',')}]`;
    const { '#': id, ok } = kept(`{"#":${items},"@":"q","ok":[${items},{"a":${items}}]}`, limits);
    expect(id).to.have.length(5);
    expect(JSON.stringify(id).length).to.be.above(10);
    expect(ok).to.have.length(2);
    expect((ok as unknown[])[0]).to.have.length(10);
    const members = Array.from({ length: 100 }, (_, at) => `"${at}":0`).join(',');
    const { ok: object } = kept(`{"ok":{${members}}}`, limits);
    expect(Object.keys(object as object)).to.have.length(4);
    expect(JSON.stringify(object).length).to.be.above(20);
  });
});

describe('wire batchShape', () => {
  it('keeps one member more than there is room for, and tells which are large', () => {
    const shape = batchShape(DEFAULT_LIMITS, 2, 'cut');
    const members = read('[{"a":1},{},[1,2,3],4,5]', shape) as unknown[];
    expect(members).to.have.length(3);
    expect(members[0]).to.be.instanceOf(LargeMessage);
    expect(members[2]).to.deep.equal([]);
  });

  it('keeps long texts whole or not', () => {
    const text = JSON.stringify([`[${LONG}]`, LONG]);
    expect(read(text, batchShape(DEFAULT_LIMITS, 9, 'whole'))).to.deep.equal([
      `[${LONG}]`,
      LONG.slice(0, CUT_LENGTH),
    ]);
    expect(read(text, batchShape(DEFAULT_LIMITS, 9, 'cut'))).to.deep.equal([
      `[${LONG}`.slice(0, CUT_LENGTH),
      LONG.slice(0, CUT_LENGTH),
    ]);
  });
});
