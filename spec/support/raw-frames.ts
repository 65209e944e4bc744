/** Random frames as texts, written in every way that JSON allows, and such that are broken. */
import * as fc from 'fast-check';
import type { Arbitrary } from 'fast-check';
import { ODD_NAMES } from './arbitraries.ts';

const SHORT_ESCAPES: Readonly<Record<string, string>> = {
  '"': String.raw`\"`,
  '\\': String.raw`\\`,
  '/': String.raw`\/`,
  '\b': String.raw`\b`,
  '\f': String.raw`\f`,
  '\n': String.raw`\n`,
  '\r': String.raw`\r`,
  '\t': String.raw`\t`,
};
const SPACES = ['', '', '', '', ' ', '\n', '\t\r ', ' '.repeat(30)];
/** Characters that make or break JSON. */
const SIGNS = [
  ...Array.from('{}[],:"\\/ \n0159-+.eE#_utrfalsn'),
  '\u0000',
  '\u001f',
  'é',
  '漢',
  '\ud83d',
  '\ude00',
  '\ufeff',
];
const BROKEN = [
  '01',
  '1.',
  '.5',
  '-',
  '+1',
  'NaN',
  'nul',
  "'a'",
  '"\\x"',
  String.raw`"\u12"`,
  '"\u0001"',
  'undefined',
];
const SCALARS = [
  'null',
  'true',
  'false',
  '0',
  '-0',
  '5',
  '-1.5e-3',
  '1e999',
  '1E+2',
  '1700000000000',
  '0.000100',
];

/** A member of an object: JSON of its name and value. */
type Member = readonly [string, string];

const aSpace = fc.constantFrom(...SPACES);

/** JSON of one of the names, each of its units written in some way. */
function aText(texts: Arbitrary<string>): Arbitrary<string> {
  const way = fc.constantFrom('raw', 'raw', 'raw', 'short', 'long');
  return fc.tuple(texts, fc.array(way, { minLength: 1, maxLength: 8 })).map(([text, ways]) => {
    const units = Array.from({ length: text.length }, (_, at) =>
      unitJson(text[at]!, ways[at % ways.length]!),
    );
    return `"${units.join('')}"`;
  });
}

function unitJson(unit: string, way: string): string {
  const isFree = unit >= ' ' && unit !== '"' && unit !== '\\';
  if (way === 'raw' && isFree) return unit;
  const short = SHORT_ESCAPES[unit];
  if (way !== 'long' && short !== undefined) return short;
  return String.raw`\u` + unit.charCodeAt(0).toString(16).padStart(4, '0');
}

function joined(parts: readonly string[], spaces: readonly string[], brackets: string): string {
  const space = (at: number): string => spaces[at % spaces.length]!;
  const spaced = parts.map((part, at) => `${space(at)}${part}${space(at + 1)}`);
  return `${brackets[0]}${spaced.join(',')}${parts.length === 0 ? space(0) : ''}${brackets[1]}`;
}

const someSpaces = fc.array(aSpace, { minLength: 1, maxLength: 5 });

function anArray(item: Arbitrary<string>, maxLength = 4): Arbitrary<string> {
  return fc
    .tuple(fc.array(item, { maxLength }), someSpaces)
    .map(([items, spaces]) => joined(items, spaces, '[]'));
}

function anObject(content: Arbitrary<readonly Member[]>): Arbitrary<string> {
  return fc.tuple(content, someSpaces).map(([all, spaces]) => {
    const texts = all.map(([name, value], at) => {
      const space = spaces[at % spaces.length]!;
      return `${name}${space}:${space}${value}`;
    });
    return joined(texts, spaces, '{}');
  });
}

function members(name: Arbitrary<string>, value: Arbitrary<string>, maxLength = 4): Arbitrary<Member[]> {
  return fc.array(fc.tuple(name, value), { maxLength });
}

const NAMES = [
  ...ODD_NAMES,
  '',
  '_',
  '0',
  '1',
  '2',
  'k',
  'n',
  'constructor',
  'x'.repeat(40),
  '漢字'.repeat(20),
];
const aPlainName = fc.constantFrom(...NAMES);
const aNameText = aText(aPlainName);
const aLongText = aText(
  fc.oneof(
    fc.string({ unit: 'binary', maxLength: 60 }),
    fc
      .array(fc.integer({ min: 0xd7fe, max: 0xe001 }), { maxLength: 30 })
      .map((codes) => String.fromCharCode(...codes)),
    fc.constantFrom('\\'.repeat(40), '"'.repeat(41), '😀'.repeat(20), 'a😀'.repeat(20)),
  ),
);
const aScalar = fc.oneof(
  { weight: 400, arbitrary: fc.constantFrom(...SCALARS) },
  { weight: 1, arbitrary: fc.constantFrom(...BROKEN) },
);

const aJson: Arbitrary<string> = fc.letrec<{ json: string }>((tie) => ({
  json: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    aScalar,
    aNameText,
    aLongText,
    anArray(tie('json')),
    anObject(members(aNameText, tie('json'))),
  ),
})).json;

const aLink = anObject(fc.tuple(fc.tuple(fc.constant('"#"'), fc.oneof(aNameText, aLongText))));
const aValue = fc.oneof(
  { weight: 40, arbitrary: fc.constantFrom(...SCALARS.filter((json) => json !== '1e999')) },
  { weight: 40, arbitrary: aNameText },
  { weight: 40, arbitrary: aLongText },
  { weight: 30, arbitrary: aLink },
  { weight: 1, arbitrary: aJson },
);

/** Mostly one thing, now and then another. */
function mostly<T>(usual: Arbitrary<T>, odd: Arbitrary<T>): Arbitrary<T> {
  return fc.oneof({ weight: 80, arbitrary: usual }, { weight: 1, arbitrary: odd });
}

/** A node under its soul: states for its properties and maybe more, in any order, some of them twice. */
const aNode: Arbitrary<Member> = fc
  .tuple(
    mostly(
      aPlainName.filter((soul) => soul !== ''),
      aPlainName,
    ),
    fc.array(aPlainName, { maxLength: 6 }),
  )
  .chain(([soul, keys]) => {
    const keyed = (value: Arbitrary<string>): Arbitrary<Member[]> =>
      fc.tuple(
        ...keys
          .filter((key) => key !== '_' && key !== '')
          .map((key) => fc.tuple(aText(fc.constant(key)), value)),
      );
    // The states in use come last, where they count.
    const unused = members(aNameText, fc.constantFrom('7', '-0'), 6);
    const states = fc.tuple(unused, keyed(fc.constantFrom('5', '1.5', '1700000000000')));
    const meta = fc.tuple(
      fc.tuple(fc.constant('"#"'), mostly(aText(fc.constant(soul)), aJson)),
      fc.tuple(fc.constant('">"'), mostly(anObject(states.map((parts) => parts.flat())), aJson)),
    );
    const extended = fc.tuple(members(aNameText, aJson, 2), meta).map((parts) => parts.flat() as Member[]);
    const underscore = fc.tuple(fc.constant('"_"'), mostly(anObject(extended), aJson));
    const all = fc
      .tuple(underscore, keyed(aValue))
      .chain(([first, rest]) => fc.shuffledSubarray([first, ...rest], { minLength: rest.length + 1 }));
    return fc.tuple(aText(fc.constant(soul)), mostly(anObject(all), aJson));
  });

const aPut = anObject(fc.array(aNode, { maxLength: 4 }));
const NAME_FIELDS = ['"#"', '"."', '"="', '"*"', '"<"', '">"', '"-"', '"%"'];
const aLex = fc.oneof(aNameText, anObject(members(fc.constantFrom(...NAME_FIELDS), aJson, 3)));
const aGet = anObject(members(fc.constantFrom('"#"', '"#"', '"."', '"%"', '"-"', '"x"'), aLex, 4));
const FLAGS = ['><', 'dam', '##', 'nts', 'err', '%', 'pid', 'relay', 'x', 'yy', '__proto__'].map(
  (name) => `"${name}"`,
);

const aField: Arbitrary<Member> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.tuple(
      fc.constant('"#"'),
      mostly(aText(fc.constantFrom('i', 'id1', 'x'.repeat(30))), aJson),
    ),
  },
  { weight: 4, arbitrary: fc.tuple(fc.constant('"put"'), mostly(aPut, aJson)) },
  { weight: 1, arbitrary: fc.tuple(fc.constant('"get"'), mostly(aGet, aJson)) },
  { weight: 1, arbitrary: fc.tuple(fc.constantFrom('"@"', '"ok"'), aJson) },
  { weight: 1, arbitrary: fc.tuple(fc.constantFrom(...FLAGS), aJson) },
);
const aControl: Arbitrary<Member[]> = fc
  .tuple(fc.constantFrom('"?"', '"!"', '"hi"', '"x"'), fc.constantFrom('"123456789"', '"p"', '9', '[1]'))
  .map(([name, pid]) => [
    ['"#"', '"i"'],
    ['"@"', '"r"'],
    ['"dam"', name],
    ['"pid"', pid],
  ]);
const aMessage = anObject(
  fc.oneof({ weight: 8, arbitrary: fc.array(aField, { maxLength: 6 }) }, { weight: 1, arbitrary: aControl }),
);

/** One text of some member of an array: a frame in itself, mostly. */
function quotedFrame(frame: Arbitrary<string>): Arbitrary<string> {
  return frame.chain((text) => aText(fc.constant(text)));
}

const aBatch = anArray(fc.oneof({ weight: 6, arbitrary: aMessage }, { weight: 1, arbitrary: aJson }), 5);
const aNestedBatch = anArray(
  fc.oneof(
    { weight: 3, arbitrary: aMessage },
    { weight: 2, arbitrary: quotedFrame(fc.oneof(aMessage, aBatch)) },
    { weight: 1, arbitrary: quotedFrame(quotedFrame(aMessage).map((text) => `[${text}]`)) },
  ),
  4,
);

/** A frame that is mostly JSON and mostly sensible. */
export function aFrame(): Arbitrary<string> {
  return fc.oneof(
    { weight: 4, arbitrary: aMessage },
    { weight: 3, arbitrary: aBatch },
    { weight: 2, arbitrary: aNestedBatch },
    { weight: 1, arbitrary: anArray(aJson) },
    { weight: 1, arbitrary: anObject(members(aNameText, aJson)) },
  );
}

/** A frame in which characters were put in, left out or replaced; its first one mostly stays. */
export function aBrokenFrame(): Arbitrary<string> {
  const change = fc.record({
    at: fc.nat({ max: 100_000 }),
    removed: fc.integer({ min: 0, max: 3 }),
    added: fc.oneof(fc.constant(''), fc.constantFrom(...SIGNS), aSpace),
  });
  return fc.tuple(aFrame(), fc.array(change, { minLength: 1, maxLength: 2 })).map(([frame, changes]) => {
    let text = frame;
    for (const { at, removed, added } of changes) {
      const place = 1 + (at % text.length);
      text = text.slice(0, place) + added + text.slice(place + removed);
    }
    return text;
  });
}
