/** Keys that a user shares: one for each path, sealed for everybody who may read what stands there. */
import { randomText } from '../base/random.ts';
import { failure, success, type Result } from '../base/result.ts';
import { decrypt, encrypt, secret, type SealKey } from './encryption.ts';
import type { KeyPair } from './keys.ts';
import { gunNameOf, nameOf, readEntries, storeEntry, type PersonTable } from './person-table.ts';
import type { AccountGraph, User } from './user.ts';

/** Whom keys are shared with, or who shares them. */
export type PublicPair = Pick<KeyPair, 'pub' | 'epub'>;

const KEY_LENGTH = 16;
const NOTHING_GRANTED = 'nothing was granted';

/**
 * The key for a path of a user's own space, made with the first call. It stands where the `grant` of gun looks for
 * it, for paths of one key.
 *
 * @throws GraphError SEA_BAD_KEY
 */
export async function sharedKey(graph: AccountGraph, user: User, path: string): Promise<Result<string>> {
  const { pair } = user;
  const row: PersonTable = { owner: pair.pub, table: 'grant', person: pair.pub };
  const [known] = await openKeys(graph, [row], new Set([nameOf(pair.pub, path)]), pair);
  if (known !== undefined) return success(known);
  const key = randomText(KEY_LENGTH);
  const stored = await storeEntry(graph, pair, row, path, await encrypt(key, pair));
  return stored.ok ? success(key) : stored;
}

/**
 * Lets somebody open what is encrypted with the key for a path.
 *
 * @throws GraphError SEA_BAD_KEY
 */
export async function grant(
  graph: AccountGraph,
  user: User,
  path: string,
  to: PublicPair,
): Promise<Result<unknown>> {
  const shared = await secret(to.epub, user.pair);
  if (!shared.ok) return shared;
  const key = await sharedKey(graph, user, path);
  if (!key.ok) return key;
  const row = { table: 'grant', person: to.pub } as const;
  return storeEntry(graph, user.pair, row, path, await encrypt(key.value, shared.value));
}

/**
 * The key for a path of somebody else's space, as {@link grant}, or that of gun, sealed it for this user.
 *
 * @throws GraphError SEA_BAD_KEY
 */
export async function grantedKey(
  graph: AccountGraph,
  user: User,
  path: string,
  owner: PublicPair,
): Promise<Result<string>> {
  const keys = await keysFor(graph, user, path, owner);
  if (!keys.ok) return keys;
  const [key] = keys.value;
  return key === undefined ? failure(NOTHING_GRANTED) : success(key);
}

/**
 * Opens what somebody, or the user, sealed with the key for a path; what the `secret` of gun sealed as well, which only
 * its owner can open.
 *
 * @throws GraphError SEA_BAD_KEY
 */
export async function openShared(
  graph: AccountGraph,
  user: User,
  path: string,
  owner: PublicPair,
  sealed: unknown,
): Promise<Result<unknown>> {
  const keys = await keysFor(graph, user, path, owner);
  if (!keys.ok) return keys;
  let opened: Result<unknown> = failure(NOTHING_GRANTED);
  for (const key of keys.value) {
    opened = await decrypt(sealed, key);
    if (opened.ok) break;
  }
  return opened;
}

/** All keys for a path that a user has, under every name that gun or this library gives them. */
async function keysFor(
  graph: AccountGraph,
  { pair }: User,
  path: string,
  owner: PublicPair,
): Promise<Result<readonly string[]>> {
  const names = new Set([nameOf(owner.pub, path), gunNameOf(owner.pub, path)]);
  const granted: PersonTable = { owner: owner.pub, table: 'grant', person: pair.pub };
  if (owner.pub === pair.pub) {
    return success(await openKeys(graph, [granted, { ...granted, table: 'trust' }], names, pair));
  }
  const shared = await secret(owner.epub, pair);
  return shared.ok ? success(await openKeys(graph, [granted], names, shared.value)) : shared;
}

/** The keys that stand in rows of tables and that `seal` opens. */
async function openKeys(
  graph: AccountGraph,
  rows: readonly PersonTable[],
  names: ReadonlySet<string>,
  seal: SealKey,
): Promise<readonly string[]> {
  const keys: string[] = [];
  for (const row of rows) {
    for (const sealed of await readEntries(graph, row, names)) {
      const opened = await decrypt(sealed, seal);
      if (opened.ok && typeof opened.value === 'string') keys.push(opened.value);
    }
  }
  return keys;
}
