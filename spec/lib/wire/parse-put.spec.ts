import { expect } from 'chai';
import * as fc from 'fast-check';
import { DEFAULT_LIMITS, limitsWith, type Limits } from '../../../lib/base/limits.ts';
import type { FieldWrite } from '../../../lib/graph/write.ts';
import { ReadyJson } from '../../../lib/wire/json-text.ts';
import { parsePut, parsePutInSteps } from '../../../lib/wire/parse-put.ts';
import { aName, aState, aValue, ODD_NAMES, seeded } from '../../support/arbitraries.ts';

/** A put as its sender wrote it; JSON.parse makes `__proto__` an ordinary name, object literals do not. */
function parsed(json: string, limits: Limits = DEFAULT_LIMITS): ReturnType<typeof parsePut> {
  return parsePut(JSON.parse(json), limits);
}

function faultOf(json: string, limits?: Limits): string {
  const result = parsed(json, limits);
  return result.ok ? `taken: ${JSON.stringify(result.value)}` : result.reason;
}

function writesOf(json: string, limits?: Limits): FieldWrite[] {
  const result = parsed(json, limits);
  if (!result.ok) throw new Error(result.reason);
  return result.value;
}

/** JSON of a node with one property, every part as text. */
function oneField(soul: string, key: string, state: string, value: string): string {
  const [soulJson, keyJson] = [JSON.stringify(soul), JSON.stringify(key)];
  return `{${soulJson}:{"_":{"#":${soulJson},">":{${keyJson}:${state}}},${keyJson}:${value}}}`;
}

/** JSON of a node of some keys, as a member of a graph. */
function nodeOf(soul: string, keys: readonly string[]): string {
  const states = keys.map((key) => `"${key}":1`).join(',');
  const meta = `"_":{"#":"${soul}",">":{${states}}}`;
  return `"${soul}":{${[meta, ...keys.map((key) => `"${key}":0`)].join(',')}}`;
}

/** What becomes of a put, and how often reading it pauses. */
function stepped(put: unknown, limits: Limits = DEFAULT_LIMITS): { result: unknown; steps: number } {
  const reading = parsePutInSteps(put, limits);
  for (let steps = 0; ; steps += 1) {
    const { done, value } = reading.next();
    if (done === true) return { result: value, steps };
  }
}

/** A node of so many properties of one value. */
function nodeWith(count: number, value: string): unknown {
  const keys = Array.from({ length: count }, (_, at) => `k${at}`);
  const states = Object.fromEntries(keys.map((key) => [key, 1]));
  return { _: { '#': 'n', '>': states }, ...Object.fromEntries(keys.map((key) => [key, value])) };
}

describe('wire parsePut', () => {
  it('reads every property of every node in the order sent', () => {
    const put = {
      a: { _: { '#': 'a', '>': { y: 2, x: 1 } }, y: 'Y', x: null },
      b: { z: { '#': 'a' }, _: { '#': 'b', '>': { z: -0.5 } } },
    };
    expect(writesOf(JSON.stringify(put))).to.deep.equal([
      { soul: 'a', key: 'y', state: 2, json: '"Y"' },
      { soul: 'a', key: 'x', state: 1, json: 'null' },
      { soul: 'b', key: 'z', state: -0.5, json: '{"#":"a"}' },
    ]);
  });

  it('takes a put without nodes and nodes without properties for nothing to do', () => {
    expect(writesOf('{}')).to.deep.equal([]);
    expect(writesOf('{"n":{"_":{"#":"n",">":{}}}}')).to.deep.equal([]);
  });

  it('ignores states without a value and other fields of the metadata', () => {
    expect(writesOf('{"n":{"_":{"#":"n",">":{"k":5,"z":5,"q":"x"},"foo":1},"k":1}}')).to.deep.equal([
      { soul: 'n', key: 'k', state: 5, json: '1' },
    ]);
  });

  it('names the path of every fault', () => {
    const ok = '"_":{"#":"n",">":{"k":5}}';
    const faults: [string, string][] = [
      ['null', 'put: must be an object'],
      ['[]', 'put: must be an object'],
      ['"text"', 'put: must be an object'],
      ['5', 'put: must be an object'],
      ['{"":{"_":{"#":"",">":{}}}}', 'put[""]: soul is empty'],
      ['{"n":null}', 'put["n"]: node must be an object'],
      ['{"n":5}', 'put["n"]: node must be an object'],
      ['{"n":[]}', 'put["n"]: node must be an object'],
      ['{"n":{"k":1}}', 'put["n"]["_"]: missing'],
      ['{"n":{"_":null,"k":1}}', 'put["n"]["_"]: missing'],
      ['{"n":{"_":"n","k":1}}', 'put["n"]["_"]: missing'],
      ['{"n":{"_":{},"k":1}}', 'put["n"]["_"]["#"]: soul is not the same'],
      ['{"n":{"_":{"#":"m",">":{"k":5}},"k":1}}', 'put["n"]["_"]["#"]: soul is not the same'],
      ['{"5":{"_":{"#":5,">":{"k":5}},"k":1}}', 'put["5"]["_"]["#"]: soul is not the same'],
      ['{"n":{"_":{"#":"n"},"k":1}}', 'put["n"]["_"][">"]: states missing'],
      ['{"n":{"_":{"#":"n",">":5},"k":1}}', 'put["n"]["_"][">"]: states missing'],
      ['{"n":{"_":{"#":"n",">":[5]},"0":1}}', 'put["n"]["_"][">"]: states missing'],
      ['{"n":{"_":{"#":"n",">":[5]},"length":1}}', 'put["n"]["_"][">"]: states missing'],
      [`{"n":{${ok},"":1}}`, 'put["n"][""]: key is empty'],
      [`{"n":{${ok},"j":1}}`, 'put["n"]["_"][">"]["j"]: state must be a finite number'],
      [`{"n":{${ok},"constructor":1}}`, 'put["n"]["_"][">"]["constructor"]: state must be a finite number'],
      [`{"n":{${ok},"__proto__":1}}`, 'put["n"]["_"][">"]["__proto__"]: state must be a finite number'],
    ];
    for (const [json, reason] of faults) expect(faultOf(json), json).to.equal(reason);
  });

  it('refuses states that are not finite numbers', () => {
    for (const state of ['"5"', '"abc"', 'null', 'true', '{}', '[7]', '1e999', '-1e999']) {
      const reason = 'put["n"]["_"][">"]["k"]: state must be a finite number';
      expect(faultOf(oneField('n', 'k', state, '1')), state).to.equal(reason);
    }
    for (const state of [0, -0, -1, 1.25, 1e21, -1e300, 5e-324]) {
      expect(writesOf(oneField('n', 'k', JSON.stringify(state), '1'))[0]?.state).to.equal(state + 0);
    }
  });

  it('refuses values that a property may not hold', () => {
    const reason = 'put["n"]["k"]: value must be null, text, true, false, a finite number or a link';
    for (const value of ['[]', '[1]', '{}', '{"a":1}', '{"#":5}', '{"#":""}', '{"#":"a","x":1}', '1e999']) {
      expect(faultOf(oneField('n', 'k', '5', value)), value).to.equal(reason);
    }
  });

  it('refuses the whole put for one fault anywhere', () => {
    const good = '"_":{"#":"ok",">":{"a":5}},"a":1';
    expect(parsed(`{"ok":{${good}},"bad":{"a":1}}`).ok).to.equal(false);
    expect(parsed(`{"bad":{"a":1},"ok":{${good}}}`).ok).to.equal(false);
    expect(parsed('{"n":{"_":{"#":"n",">":{"a":5,"b":5,"c":5}},"a":1,"b":[1],"c":3}}').ok).to.equal(false);
    expect(parsed('{"n":{"_":{"#":"n",">":{"a":5,"b":5}},"a":1,"b":[1]}}').ok).to.equal(false);
  });

  it('takes any other name for a soul or key', () => {
    for (const name of ODD_NAMES) {
      expect(writesOf(oneField(name, name, '5', '1')), JSON.stringify(name)).to.deep.equal([
        { soul: name, key: name, state: 5, json: '1' },
      ]);
    }
    expect(writesOf(oneField('_', 'k', '5', '1'))).to.have.length(1);
  });

  it('leaves built-in objects as they were', () => {
    const before = Object.getOwnPropertyNames(Object.prototype);
    writesOf(oneField('__proto__', 'polluted', '5', '"yes"'));
    writesOf(oneField('n', '__proto__', '5', '{"#":"polluted"}'));
    parsed('{"__proto__":{"_":{"#":"__proto__",">":{"__proto__":{"polluted":1}}},"polluted":1}}');
    expect(Object.getOwnPropertyNames(Object.prototype)).to.deep.equal(before);
    expect(({} as Record<string, unknown>)['polluted']).to.equal(undefined);
  });

  it('takes names up to their limit and no longer', () => {
    const limits = limitsWith({ nameLength: 4 });
    expect(writesOf(oneField('abcd', 'efgh', '5', '1'), limits)).to.have.length(1);
    expect(faultOf(oneField('abcde', 'k', '5', '1'), limits)).to.equal(
      'put["abcde"]: soul longer than 4 characters',
    );
    expect(faultOf(oneField('n', 'efghi', '5', '1'), limits)).to.equal(
      'put["n"]["efghi"]: key longer than 4 characters',
    );
  });

  it('takes souls and properties up to their limits and no more', () => {
    const limits = limitsWith({ messageSouls: 2, nodeProperties: 3 });
    const souls = ['a', 'b', 'c'];
    const keys = ['k', 'l', 'm', 'n'];
    const putOf = (soulCount: number, keyCount: number): string =>
      `{${souls
        .slice(0, soulCount)
        .map((soul) => nodeOf(soul, keys.slice(0, keyCount)))
        .join(',')}}`;
    expect(writesOf(putOf(2, 3), limits)).to.have.length(6);
    expect(faultOf(putOf(3, 1), limits)).to.equal('put: more than 2 souls');
    expect(faultOf(putOf(1, 4), limits)).to.equal('put["a"]: more than 3 properties');
  });

  it('cuts long names in the text of a fault', () => {
    const limits = limitsWith({ nameLength: 100 });
    const reason = faultOf(oneField('x'.repeat(5000), 'k', '5', '1'), limits);
    expect(reason).to.equal(`put["${'x'.repeat(60)}…"]: soul longer than 100 characters`);
    expect(faultOf(oneField('😀'.repeat(200), 'k', '5', '1'), limits).length).to.be.lessThan(200);
  });

  it('gives back what was put, whatever the names and values', () => {
    const field = fc.record({ soul: aName(), key: aName(), state: aState(), value: aValue() });
    fc.assert(
      fc.property(field, ({ soul, key, state, value }) => {
        const writes = writesOf(oneField(soul, key, JSON.stringify(state), JSON.stringify(value)));
        expect(writes).to.deep.equal([{ soul, key, state: state + 0, json: JSON.stringify(value) }]);
      }),
      seeded(200),
    );
  });

  it('never throws, whatever JSON it is given', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), (put, node) => {
        for (const each of [
          put,
          { n: node },
          { n: { _: node } },
          { n: { _: { '#': 'n', '>': node }, k: put } },
        ]) {
          const result = parsePut(JSON.parse(JSON.stringify(each)), DEFAULT_LIMITS);
          if (!result.ok) expect(result.reason).to.match(/^put/);
        }
      }),
      seeded(150),
    );
  });
});

describe('wire parsePutInSteps', () => {
  it('reads and refuses what parsePut does', () => {
    const name = fc.oneof(aName(), fc.constantFrom('', '_', 'a'));
    const state = fc.oneof({ weight: 20, arbitrary: aState() }, { weight: 1, arbitrary: fc.constant('x') });
    const value = fc.oneof({ weight: 20, arbitrary: aValue() }, { weight: 1, arbitrary: fc.constant([]) });
    const nodes = fc.array(fc.tuple(name, fc.array(fc.tuple(name, state, value), { maxLength: 4 })), {
      maxLength: 4,
    });
    const limits = fc.constantFrom(
      DEFAULT_LIMITS,
      limitsWith({ messageSouls: 2, nodeProperties: 2, nameLength: 2 }),
    );
    fc.assert(
      fc.property(nodes, limits, (all, some) => {
        const put = Object.fromEntries(
          all.map(([soul, fields]) => {
            const states = Object.fromEntries(fields.map(([key, at]) => [key, at]));
            const values = Object.fromEntries(fields.map(([key, , each]) => [key, each]));
            return [soul, { ...values, _: { '#': soul, '>': states } }];
          }),
        );
        expect(stepped(put, some).result).to.deep.equal(parsePut(put, some));
      }),
      seeded(300),
    );
    for (const put of [null, [], 'text', 5])
      expect(stepped(put).result).to.deep.equal(parsePut(put, DEFAULT_LIMITS));
  });

  it('takes values that are JSON already', () => {
    const put = { n: { _: { '#': 'n', '>': { k: 5 } }, k: new ReadyJson('"long"') } };
    const expected = { ok: true, value: [{ soul: 'n', key: 'k', state: 5, json: '"long"' }] };
    expect(stepped(put).result).to.deep.equal(expected);
    expect(parsePut(put, DEFAULT_LIMITS)).to.deep.equal(expected);
  });

  it('pauses after every node, after many properties and after long values', () => {
    expect(stepped({ n: nodeWith(3, '') }).steps).to.equal(1);
    expect(stepped({ n: nodeWith(5000, '') }).steps).to.be.at.least(10);
    expect(stepped({ n: nodeWith(50, 'x'.repeat(8000)) }).steps).to.be.at.least(16);
  });
});
