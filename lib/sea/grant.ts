/** Keys that a user shares: one for each path, sealed for everybody who may read what stands there. */
import { randomText } from '../base/random.ts';
import { failure, success, type Result } from '../base/result.ts';
import type { Value } from '../graph/value.ts';
import type { FieldWrite } from '../graph/write.ts';
import { decrypt, encrypt, secret } from './encryption.ts';
import type { KeyPair } from './keys.ts';
import { accountSoul } from './ownership.ts';
import { signWrite } from './signed-value.ts';
import { readSigned, type AccountGraph, type User } from './user.ts';

/** Whom keys are shared with, or who shares them. */
export type PublicPair = Pick<KeyPair, 'pub' | 'epub'>;

const TABLE = 'grant';
const KEY_LENGTH = 16;
const NOTHING_GRANTED = 'nothing was granted';

/**
 * The key for a path of a user's own space, made with the first call; gun keeps it below `grant` in that space.
 *
 * @throws GraphError SEA_BAD_KEY
 */
export async function sharedKey(graph: AccountGraph, { pair }: User, path: string): Promise<Result<string>> {
  const known = await readKey(graph, pair.pub, pair.pub, path);
  const opened = known === undefined ? undefined : await decrypt(known, pair);
  if (opened?.ok === true && typeof opened.value === 'string') return success(opened.value);
  const key = randomText(KEY_LENGTH);
  const stored = await storeKey(graph, pair, pair.pub, path, await encrypt(key, pair));
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
  return storeKey(graph, user.pair, to.pub, path, await encrypt(key.value, shared.value));
}

/**
 * The key for a path of somebody else's space, as {@link grant} sealed it for this user.
 *
 * @throws GraphError SEA_BAD_KEY
 */
export async function grantedKey(
  graph: AccountGraph,
  { pair }: User,
  path: string,
  owner: PublicPair,
): Promise<Result<string>> {
  const shared = await secret(owner.epub, pair);
  if (!shared.ok) return shared;
  const sealed = await readKey(graph, owner.pub, pair.pub, path);
  if (sealed === undefined) return failure(NOTHING_GRANTED);
  const opened = await decrypt(sealed, shared.value);
  if (!opened.ok) return opened;
  return typeof opened.value === 'string' ? success(opened.value) : failure(NOTHING_GRANTED);
}

/** Souls from the account down to the keys that are sealed for somebody. */
function soulsOf(owner: string, reader: string): readonly [account: string, table: string, keys: string] {
  const account = accountSoul(owner);
  return [account, `${account}/${TABLE}`, `${account}/${TABLE}/${reader}`];
}

async function readKey(
  graph: AccountGraph,
  owner: string,
  reader: string,
  path: string,
): Promise<Value | undefined> {
  const [, , soul] = soulsOf(owner, reader);
  return readSigned(soul, path, await graph.readNode(soul));
}

async function storeKey(
  graph: AccountGraph,
  pair: KeyPair,
  reader: string,
  path: string,
  sealed: string,
): Promise<Result<unknown>> {
  const [account, table, keys] = soulsOf(pair.pub, reader);
  const state = graph.nextState();
  const writes: readonly (readonly [soul: string, key: string, value: Value])[] = [
    [account, TABLE, { '#': table }],
    [table, reader, { '#': keys }],
    [keys, path, sealed],
  ];
  const signing = writes.map(([soul, key, value]): Promise<FieldWrite> =>
    signWrite({ soul, key, state }, value, pair),
  );
  return graph.put(await Promise.all(signing));
}
