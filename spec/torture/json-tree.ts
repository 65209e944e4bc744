/** JSON as it is written: what no value can hold, such as a key that stands twice or 1e999, stays. */
import type { Chance } from './chance.ts';

/** A value as text is made of it. */
export type JsonTree = JsonObject | JsonArray | JsonLeaf;

export interface JsonObject {
  readonly kind: 'object';
  readonly pairs: [key: string, tree: JsonTree][];
}

export interface JsonArray {
  readonly kind: 'array';
  readonly items: JsonTree[];
}

/** The text of anything that holds nothing. */
export interface JsonLeaf {
  readonly kind: 'leaf';
  readonly text: string;
}

/** A text as it is written. */
export function leaf(text: string): JsonLeaf {
  return { kind: 'leaf', text };
}

/** The tree of a value that JSON can hold. */
export function treeOf(value: unknown): JsonTree {
  if (Array.isArray(value)) return { kind: 'array', items: value.map(treeOf) };
  if (typeof value !== 'object' || value === null) return leaf(JSON.stringify(value));
  const members = Object.entries(value).filter(([, member]) => member !== undefined);
  return { kind: 'object', pairs: members.map(([key, member]): [string, JsonTree] => [key, treeOf(member)]) };
}

/** The text of a tree; now and then with blanks, and with letters written as escapes. */
export function textOf(tree: JsonTree, chance: Chance): string {
  const blank = chance.happens(0.02) ? chance.pick([' ', '\n', '\t', '  ']) : '';
  switch (tree.kind) {
    case 'leaf':
      return blank + (tree.text.startsWith('"') ? escaped(tree.text, chance) : tree.text);
    case 'array':
      return `${blank}[${tree.items.map((item) => textOf(item, chance)).join(',')}]`;
    case 'object':
      return `{${blank}${tree.pairs.map((pair) => pairText(pair, chance)).join(',')}}`;
  }
}

/** Every object and array in a tree, itself included. */
export function containersIn(tree: JsonTree): (JsonObject | JsonArray)[] {
  if (tree.kind === 'leaf') return [];
  const inner = tree.kind === 'array' ? tree.items : tree.pairs.map((pair) => pair[1]);
  return [tree, ...inner.flatMap(containersIn)];
}

function pairText([key, tree]: readonly [string, JsonTree], chance: Chance): string {
  return `${escaped(JSON.stringify(key), chance)}:${textOf(tree, chance)}`;
}

/** The same text with some of its plain letters as escapes. */
function escaped(text: string, chance: Chance): string {
  if (!chance.happens(0.03) || !/^"[\w.>#@%-]*"$/.test(text)) return text;
  return text.replaceAll(/[\w.>#@%-]/g, (letter) =>
    chance.happens(0.5) ? letter : `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
