import { expect } from 'chai';
import * as fc from 'fast-check';
import { compareBytes, utf8 } from '../../../lib/base/bytes.ts';
import { inRange, type NameRange } from '../../../lib/graph/selector.ts';
import {
  decodeDeferred,
  decodeEntry,
  decodeLong,
  deferredKey,
  deferredRange,
  encodeDeferred,
  encodeEntry,
  encodeLong,
  escapeName,
  fieldKey,
  fieldKeyOf,
  hexToState,
  isEncodedLong,
  isNodeKey,
  keyRange,
  nodeKey,
  nodePrefix,
  nodeRange,
  parseDeferredKey,
  parseFieldKey,
  pieceKey,
  pieceRange,
  parseNodeKey,
  soulRange,
  stateToHex,
  unescapeName,
  type KeyRange,
} from '../../../lib/store/keys.ts';
import { seeded } from '../../support/arbitraries.ts';
import { seed } from '../../support/seed.ts';

const LONE_SURROGATE = /\p{Surrogate}/u;

/** Units at the borders of what is escaped, and of what the escapes and separators use. */
const EDGES = [
  0x0000, 0x0001, 0x0002, 0x0003, 0x0004, 0x001b, 0x002f, 0x0030, 0x0061, 0x0062, 0x007f, 0x0080, 0x07ff,
  0x0800, 0x0801, 0x0fff, 0x1000, 0x1001, 0xd7fe, 0xd7ff, 0xd800, 0xd801, 0xd83d, 0xdbff, 0xdc00, 0xde00,
  0xdffe, 0xdfff, 0xe000, 0xe001, 0xfeff, 0xfffd, 0xfffe, 0xffff,
];

const unit = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(...EDGES) },
  { weight: 1, arbitrary: fc.nat(0xffff) },
);

/** Any string at all, lone surrogates included. */
const anyName = fc.array(unit, { maxLength: 8 }).map((units) => String.fromCharCode(...units));

/** Names from few units, so that prefixes and equal names are frequent. */
const closeName = fc
  .array(fc.constantFrom(0x0000, 0x0001, 0x0002, 0x0061, 0xd7ff, 0xd83d, 0xde00, 0xe000, 0xffff), {
    maxLength: 4,
  })
  .map((units) => String.fromCharCode(...units));

const anyState = fc.oneof(
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.integer(),
  fc.constantFrom(
    0,
    -0,
    1,
    -1,
    0.5,
    1_795_195_000_000.001,
    Number.MAX_VALUE,
    -Number.MAX_VALUE,
    Number.MIN_VALUE,
  ),
);

const anyRange: fc.Arbitrary<NameRange> = fc.record(
  { prefix: closeName, from: closeName, to: closeName },
  { requiredKeys: [] },
);

/** Checks a law for many values, repeatable by SEED. */
function law<T>(arbitrary: fc.Arbitrary<T>, check: (value: T) => void, numRuns = 1000): void {
  fc.assert(fc.property(arbitrary, check), { seed, numRuns });
}

/** Storage keys in the order of the store. */
function inStoreOrder(keys: readonly string[]): string[] {
  return keys.toSorted((a, b) => compareBytes(utf8(a), utf8(b)));
}

/** What a store holding `keys` walks over. */
function walk(keys: readonly string[], { from, to }: KeyRange): string[] {
  const low = utf8(from);
  const high = utf8(to);
  return inStoreOrder(keys).filter(
    (key) => compareBytes(utf8(key), low) >= 0 && compareBytes(utf8(key), high) < 0,
  );
}

describe(`store.keys (seed ${seed})`, () => {
  describe('escapeName', () => {
    it('gives any name back, lone surrogates and control characters included', () => {
      law(anyName, (name) => {
        expect(unescapeName(escapeName(name))).to.equal(name);
      });
    });

    it('gives every single unit back, alone and between others', () => {
      for (let code = 0; code <= 0xffff; code += 1) {
        const character = String.fromCharCode(code);
        const name = `a${character}b`;
        if (unescapeName(escapeName(character)) !== character || unescapeName(escapeName(name)) !== name) {
          expect.fail(`unit ${code.toString(16)} was lost`);
        }
      }
    });

    it('gives names of ten kilobytes back', () => {
      for (const character of ['a', '\u0000', '\u0001', '\ud800', '\udfff', '\ue000', '\u{1f600}']) {
        const name = character.repeat(10_240);
        expect(unescapeName(escapeName(name)) === name).to.equal(true);
      }
    });

    it('leaves ordinary names as they are', () => {
      for (const name of ['', 'Alice', '~pub.key/é', 'a/b|c\u001b=', '\u0002\ud7ff\ue001\uffff']) {
        expect(escapeName(name)).to.equal(name);
      }
    });

    it('is well-formed, so that UTF-8 loses nothing', () => {
      law(anyName, (name) => {
        expect(LONE_SURROGATE.test(escapeName(name))).to.equal(false);
      });
    });

    it('never holds the separator', () => {
      law(anyName, (name) => {
        expect(escapeName(name)).not.to.include('\u0000');
      });
    });

    it('orders bytes as Gun orders names: by UTF-16 units', () => {
      for (const names of [fc.tuple(anyName, anyName), fc.tuple(closeName, closeName)]) {
        law(names, ([a, b]) => {
          const order = compareBytes(utf8(escapeName(a)), utf8(escapeName(b)));
          expect([order < 0, order > 0]).to.deep.equal([a < b, a > b]);
        });
      }
    });
  });

  describe('fieldKey', () => {
    it('gives soul and key back', () => {
      law(fc.tuple(anyName, anyName), ([soul, key]) => {
        expect(parseFieldKey(fieldKey(soul, key))).to.deep.equal({ soul, key });
      });
    });

    it('is the node prefix followed by the key', () => {
      law(fc.tuple(anyName, anyName), ([soul, key]) => {
        expect(fieldKeyOf(nodePrefix(soul), key)).to.equal(fieldKey(soul, key));
      });
    });

    it('gives no two properties one storage key', () => {
      law(fc.tuple(closeName, closeName, closeName, closeName), ([soulA, keyA, soulB, keyB]) => {
        const isSame = soulA === soulB && keyA === keyB;
        const a = utf8(fieldKey(soulA, keyA));
        expect(compareBytes(a, utf8(fieldKey(soulB, keyB))) === 0).to.equal(isSame);
      });
    });

    it('keeps the properties of a node together, ordered by soul and then by key', () => {
      law(fc.tuple(closeName, closeName, closeName, closeName), ([soulA, keyA, soulB, keyB]) => {
        const order = compareBytes(utf8(fieldKey(soulA, keyA)), utf8(fieldKey(soulB, keyB)));
        const isBefore = soulA < soulB || (soulA === soulB && keyA < keyB);
        expect(order < 0).to.equal(isBefore);
      });
    });

    it('cannot be imitated by a name that holds the separator or an escape', () => {
      const keys = [
        fieldKey('a', 'b\u0000c'),
        fieldKey('a\u0000b', 'c'),
        fieldKey('a', 'b\u0001\u0002c'),
        fieldKey('a\u0001\u0002b', 'c'),
        fieldKey('a\u0000', 'b'),
        fieldKey('a', '\u0000b'),
        fieldKey('a\ud800', 'b'),
        fieldKey('a\ue000\u0800', 'b'),
        fieldKey('a\ufffd', 'b'),
      ];
      expect(new Set(keys.map((key) => utf8(key).join(' '))).size).to.equal(keys.length);
    });
  });

  describe('nodeKey', () => {
    it('gives the soul back, and is never taken for the key of a property', () => {
      law(fc.tuple(anyName, anyName), ([soul, key]) => {
        expect(parseNodeKey(nodeKey(soul))).to.equal(soul);
        expect([nodeKey(soul), fieldKey(soul, key)].map(isNodeKey)).to.deep.equal([true, false]);
      });
    });

    it('stands right before the properties of its node', () => {
      law(fc.uniqueArray(closeName, { maxLength: 12 }), (souls) => {
        const keys = souls.flatMap((soul) => [nodeKey(soul), fieldKey(soul, ''), fieldKey(soul, 'any')]);
        const expected = inStoreOrder(souls.map(nodeKey)).flatMap((key) => {
          const soul = parseNodeKey(key);
          return [key, fieldKey(soul, ''), fieldKey(soul, 'any')];
        });
        expect(walk(keys, soulRange({}))).to.deep.equal(expected);
      });
    });

    it('is in a range of souls when its soul is, and in no range of properties', () => {
      law(fc.tuple(fc.uniqueArray(closeName), closeName, anyRange), ([souls, soul, range]) => {
        const keys = souls.map(nodeKey);
        const expected = souls.filter((each) => inRange(each, range)).toSorted(byUnits);
        expect(walk(keys, soulRange(range)).map(parseNodeKey)).to.deep.equal(expected);
        expect(walk(keys, nodeRange(soul))).to.deep.equal([]);
        expect(walk(keys, keyRange(soul, range))).to.deep.equal([]);
      });
    });
  });

  describe('ranges of properties', () => {
    const properties = fc.array(fc.tuple(closeName, closeName), { maxLength: 30 });

    it('hold a whole node and nothing of its neighbours', () => {
      law(fc.tuple(properties, closeName), ([pairs, soul]) => {
        const keys = [...new Set(pairs.map(([owner, key]) => fieldKey(owner, key)))];
        const found = walk(keys, nodeRange(soul)).map(parseFieldKey);
        const expected = inStoreOrder(keys)
          .map(parseFieldKey)
          .filter((field) => field.soul === soul);
        expect(found).to.deep.equal(expected);
      });
    });

    it('of keys hold exactly the names that match, in the order of UTF-16 units', () => {
      law(
        fc.tuple(fc.uniqueArray(closeName), closeName, closeName, anyRange),
        ([names, soul, other, range]) => {
          const own = names.map((name) => fieldKey(soul, name));
          const foreign = other === soul ? [] : names.map((name) => fieldKey(other, name));
          const found = walk([...own, ...foreign], keyRange(soul, range)).map((key) => parseFieldKey(key));
          const expected = names.filter((name) => inRange(name, range)).toSorted(byUnits);
          expect(found).to.deep.equal(expected.map((key) => ({ soul, key })));
        },
        3000,
      );
    });

    it('of souls hold exactly the properties of the nodes that match', () => {
      law(
        fc.tuple(properties, anyRange),
        ([pairs, range]) => {
          const keys = [...new Set(pairs.map(([soul, key]) => fieldKey(soul, key)))];
          const found = walk([...keys, deferredKey(1, 'a', 'b')], soulRange(range));
          expect(found).to.deep.equal(
            inStoreOrder(keys).filter((key) => inRange(parseFieldKey(key).soul, range)),
          );
        },
        3000,
      );
    });

    it('have well-formed bounds', () => {
      law(
        fc.tuple(anyName, fc.record({ prefix: anyName, from: anyName, to: anyName }, { requiredKeys: [] })),
        ([soul, range]) => {
          for (const { from, to } of [nodeRange(soul), keyRange(soul, range), soulRange(range)]) {
            expect(LONE_SURROGATE.test(from) || LONE_SURROGATE.test(to)).to.equal(false);
          }
        },
      );
    });

    it('of a prefix that ends in the last unit still end', () => {
      for (const prefix of ['\uffff', 'a\uffff\uffff', '\ud7ff', '\udfff', '\ue000', '\udbff\udfff']) {
        const names = [prefix, `${prefix}\u0000`, `${prefix}\uffff`, 'b', '\ue001', '\ud7fe'];
        const keys = names.map((name) => fieldKey('soul', name));
        const found = walk(
          [...keys, fieldKey('soul\u0000', prefix), fieldKey('soum', prefix)],
          keyRange('soul', { prefix }),
        );
        expect(found.map((key) => parseFieldKey(key).key)).to.deep.equal(
          names.filter((name) => name.startsWith(prefix)).toSorted(byUnits),
        );
      }
    });
  });

  describe('states', () => {
    it('come back from their hexadecimal form, minus zero as zero', () => {
      law(anyState, (state) => {
        expect(stateToHex(state)).to.match(/^[0-9a-f]{16}$/);
        expect(hexToState(stateToHex(state))).to.equal(state === 0 ? 0 : state);
      });
      expect(stateToHex(-0)).to.equal(stateToHex(0));
    });

    it('have hexadecimal forms in the order of the numbers', () => {
      law(fc.tuple(anyState, anyState), ([a, b]) => {
        const [hexA, hexB] = [stateToHex(a), stateToHex(b)];
        expect([hexA < hexB, hexA > hexB]).to.deep.equal([a < b, a > b]);
      });
    });
  });

  it('tell whose far future a write takes, whatever it says', () => {
    const author = fc.option(fc.constantFrom('', 'a', 'b'.repeat(64)), { nil: undefined });
    const value = fc.oneof(
      fc.json(),
      fc.constant(encodeLong({ id: 'a', pieces: 1, length: 1, lexBytes: 1 })),
    );
    fc.assert(
      fc.property(author, value, (owner, text) => {
        expect(decodeDeferred(encodeDeferred(text, owner))).to.deep.equal({ owner, value: text });
      }),
      seeded(100),
    );
  });

  describe('deferredKey', () => {
    it('gives state, soul and key back', () => {
      law(fc.tuple(anyState, anyName, anyName), ([state, soul, key]) => {
        expect(parseDeferredKey(deferredKey(state, soul, key))).to.deep.equal({
          state: state === 0 ? 0 : state,
          soul,
          key,
        });
      });
    });

    it('has one place for each state of each property', () => {
      const write = fc.tuple(fc.constantFrom(1, 1.001, 2), closeName, closeName);
      law(fc.tuple(write, write), ([a, b]) => {
        const isSame = a.every((part, i) => part === b[i]);
        expect(deferredKey(...a) === deferredKey(...b)).to.equal(isSame);
      });
    });

    it('stands in its own range, ordered by state, apart from all properties', () => {
      law(fc.array(fc.tuple(anyState, closeName, closeName), { maxLength: 12 }), (writes) => {
        const keys = [...new Set(writes.map((write) => deferredKey(...write)))];
        const found = walk([...keys, fieldKey('a', 'b'), fieldKey('\uffff', '')], deferredRange());
        const states = found.map((key) => parseDeferredKey(key).state);
        expect(found).to.have.lengthOf(keys.length);
        expect(states).to.deep.equal(states.toSorted((a, b) => a - b));
      });
    });
  });

  describe('entries', () => {
    it('come back from their record', () => {
      law(fc.tuple(anyState, fc.json()), ([state, json]) => {
        expect(decodeEntry(encodeEntry(state, json))).to.deep.equal({ state: state === 0 ? 0 : state, json });
      });
    });

    it('come back from their record when their value is in pieces', () => {
      const long = { id: 'aBc123', pieces: 256, length: 8_388_608, lexBytes: 8_388_600 };
      expect(decodeEntry(encodeEntry(-1.5, encodeLong(long)))).to.deep.equal({
        state: -1.5,
        json: undefined,
        long,
      });
      expect(decodeLong(encodeLong(long))).to.deep.equal(long);
    });

    it('are told from those whose value is in pieces', () => {
      law(fc.json(), (json) => {
        expect(isEncodedLong(json)).to.equal(false);
      });
      expect(isEncodedLong(encodeLong({ id: 'a', pieces: 1, length: 1, lexBytes: 1 }))).to.equal(true);
    });

    it('keep spaces of the value', () => {
      expect(decodeEntry(encodeEntry(1.5, '" a b "'))).to.deep.equal({ state: 1.5, json: '" a b "' });
    });
  });
});

describe('pieceKey', () => {
  it('keeps the pieces of a value together and in order, apart from everything else', () => {
    const keys = ['a', 'b'].flatMap((id) =>
      [0, 1, 15, 16, 255, 256, 65_535].map((number) => pieceKey(id, number)),
    );
    expect(inStoreOrder(keys)).to.deep.equal(keys);
    expect(new Set(keys).size).to.equal(keys.length);
    const others = [fieldKey('v/a', 'b'), nodeKey('v/a'), deferredKey(1, 'v/a', 'b'), fieldKey('\uffff', '')];
    expect(walk([...keys, ...others], pieceRange())).to.deep.equal(keys);
    for (const range of [soulRange({}), deferredRange()]) {
      expect(walk(keys, range)).to.deep.equal([]);
    }
  });
});

function byUnits(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
