/** Tables in the space of a user that hold, for a person and a path, one signed value: `~owner/table/person`. */
import type { Result } from '../base/result.ts';
import type { Fields } from '../graph/node.ts';
import type { Value } from '../graph/value.ts';
import type { FieldWrite } from '../graph/write.ts';
import type { KeyPair } from './keys.ts';
import { accountSoul } from './ownership.ts';
import { signWrite } from './signed-value.ts';
import { readSigned, type AccountGraph } from './user.ts';

/** Tables that gun has: keys that were granted, and those of its `secret`, which nobody else gets. */
export type TableName = 'grant' | 'trust';

/** Whose table it is, which one, and about whom. */
export interface PersonTable {
  readonly owner: string;
  readonly table: TableName;
  readonly person: string;
}

/**
 * The key of a path in a table: with the owner's account behind it, as gun names paths of one key. Those of several
 * are joined by `/`; see {@link gunNameOf}.
 */
export function nameOf(owner: string, path: string): string {
  return path + accountSoul(owner);
}

/** What gun makes of a path: its keys from the last to the first, so that `b/a` and `ab` are the same to it. */
export function gunNameOf(owner: string, path: string): string {
  return nameOf(owner, path.split('/').toReversed().join(''));
}

/** The values that the owner signed under some names, in their order; those that are missing are left out. */
export async function readEntries(
  graph: AccountGraph,
  { owner, table, person }: PersonTable,
  names: ReadonlySet<string>,
): Promise<Value[]> {
  const soul = `${accountSoul(owner)}/${table}/${person}`;
  const node: Fields | undefined = await graph.readNode(soul);
  const values = await Promise.all(Array.from(names, (name) => readSigned(soul, name, node)));
  return values.filter((value) => value !== undefined);
}

/** Stores a value under the name of a path, signed by the owner, with the links that lead there from the account. */
export async function storeEntry(
  graph: AccountGraph,
  pair: KeyPair,
  { table, person }: Omit<PersonTable, 'owner'>,
  path: string,
  value: Value,
): Promise<Result<unknown>> {
  const account = accountSoul(pair.pub);
  const persons = `${account}/${table}`;
  const state = graph.nextState();
  const writes: readonly (readonly [soul: string, key: string, value: Value])[] = [
    [account, table, { '#': persons }],
    [persons, person, { '#': `${persons}/${person}` }],
    [`${persons}/${person}`, nameOf(pair.pub, path), value],
  ];
  const signing = writes.map(([soul, key, signed]): Promise<FieldWrite> =>
    signWrite({ soul, key, state }, signed, pair),
  );
  return graph.put(await Promise.all(signing));
}
