import { expect } from 'chai';
import * as fc from 'fast-check';
import { finish } from '../../../lib/base/slices.ts';
import { nodeJson, nodeJsonOf, nodeJsonSteps } from '../../../lib/graph/node.ts';
import type { Entry } from '../../../lib/graph/write.ts';
import { contentHash } from '../../../lib/wire/content-hash.ts';
import { aName, aState, aValue, seeded } from '../../support/arbitraries.ts';
import { stableJson } from '../../support/stable-json.ts';
import { loadVectors } from '../../support/vectors.ts';

/** A node as Gun writes it. */
type WireNode = Record<string, unknown>;

interface HashVector {
  readonly put: Record<string, { readonly _: { readonly '>': Record<string, number> } } & WireNode>;
  readonly text_yson: unknown;
  readonly hash_yson: number;
}

function wireNode(soul: string, entries: readonly (readonly [string, Entry])[]): WireNode {
  const states = Object.fromEntries(entries.map(([key, { state }]) => [key, state]));
  const values = entries.map(([key, { json }]): [string, unknown] => [key, JSON.parse(json)]);
  return Object.fromEntries([['_', { '#': soul, '>': states }], ...values]);
}

describe('graph nodeJson', () => {
  it('puts keys in order of UTF-16 units at every level', () => {
    const fields = new Map([
      ['b', { state: 2, json: '2' }],
      ['10', { state: 1, json: '"ten"' }],
      ['9', { state: 3.5, json: 'null' }],
      ['Z', { state: -1, json: '{"#":"x"}' }],
    ]);
    expect(nodeJson('s', fields)).to.equal(
      '"s":{"10":"ten","9":null,"Z":{"#":"x"},"_":{"#":"s",">":{"10":1,"9":3.5,"Z":-1,"b":2}},"b":2}',
    );
  });

  it('writes the text and the hash that Gun relays write for every recorded put', () => {
    const { puts } = loadVectors<{ puts: HashVector[] }>('gun/hash.json');
    let replayed = 0;
    for (const { put, text_yson: text, hash_yson: hash } of puts) {
      if (typeof text !== 'string') continue;
      for (const [soul, node] of Object.entries(put)) {
        const keys = Object.keys(node).filter((key) => key !== '_');
        const entries = keys.map((key): [string, Entry] => [
          key,
          { state: node._['>'][key]!, json: JSON.stringify(node[key]) },
        ]);
        const json = `{${nodeJson(soul, new Map(entries))}}`;
        expect(json).to.equal(text);
        expect(contentHash(json)).to.equal(hash);
        replayed += 1;
      }
    }
    expect(replayed, 'the sixth put is told by its length only').to.equal(5);
  });

  it('writes the same in steps, however many properties there are', () => {
    for (const count of [0, 1, 499, 500, 501, 2000]) {
      const entries = Array.from({ length: count }, (_, at): [string, Entry] => [
        `${at % 2 === 0 ? 'a' : 'A'}${at}`,
        { state: at, json: `"${at}"` },
      ]);
      expect(finish(nodeJsonSteps('s', [...entries]))).to.equal(nodeJsonOf('s', entries));
    }
    const steps = nodeJsonSteps(
      's',
      Array.from({ length: 2000 }, (_, at) => [`${at}`, { state: 1, json: '1' }]),
    );
    let count = 0;
    while (steps.next().done !== true) count += 1;
    expect(count).to.equal(4);
  });

  it('writes what a stable stringification writes, whatever the names', () => {
    const entry = fc.record({ state: aState(), json: aValue().map((value) => JSON.stringify(value)) });
    fc.assert(
      fc.property(
        aName(),
        fc.uniqueArray(fc.tuple(aName(), entry), { selector: ([key]) => key, maxLength: 8 }),
        (soul, entries) => {
          const json = `{${nodeJsonOf(soul, [...entries])}}`;
          expect(json).to.equal(stableJson(Object.fromEntries([[soul, wireNode(soul, entries)]])));
          expect(stableJson(JSON.parse(json))).to.equal(json);
        },
      ),
      seeded(100),
    );
  });

  it('writes a node without properties', () => {
    expect(nodeJson('s', new Map())).to.equal('"s":{"_":{"#":"s",">":{}}}');
  });

  it('escapes names that JSON or UTF-8 could not carry', () => {
    expect(nodeJson('"\ud800', new Map([['\n', { state: 1, json: '0' }]]))).to.equal(
      String.raw`"\"\ud800":{"\n":0,"_":{"#":"\"\ud800",">":{"\n":1}}}`,
    );
  });

  it('writes states as JSON numbers', () => {
    const states = [1e21, 1e-7, 0.1, -0, 1_795_194_966_932.001];
    const entries = states.map((state, index): [string, Entry] => [`k${index}`, { state, json: '1' }]);
    const parsed = JSON.parse(`{${nodeJsonOf('s', entries)}}`) as {
      s: { _: { '>': Record<string, number> } };
    };
    expect(Object.values(parsed.s._['>'])).to.deep.equal([1e21, 1e-7, 0.1, 0, 1_795_194_966_932.001]);
  });
});
