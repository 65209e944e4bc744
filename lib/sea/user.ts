import type { MaybePromise } from '../base/maybe-promise.ts';
import { randomText } from '../base/random.ts';
import { failure, success, type Result } from '../base/result.ts';
import type { Fields } from '../graph/node.ts';
import { isLink, type Value } from '../graph/value.ts';
import { writeOf, type Entry, type FieldWrite } from '../graph/write.ts';
import { toBase64, toLatin1 } from './base64.ts';
import { decrypt, seal } from './encryption.ts';
import { isRecord } from './json-text.ts';
import { createPair, isPublicKey, readPair, verifyingKey, type KeyPair } from './keys.ts';
import { accountSoul, aliasSoul, ownerOf } from './ownership.ts';
import { parseSigned, signWrite } from './signed-value.ts';
import { parseLoosely, verifyText } from './signature.ts';
import { workBytes } from './work.ts';

/** The graph that accounts are kept in. */
export interface AccountGraph {
  /** The properties of a node as they are stored, undefined when it is unknown. */
  readNode(soul: string): MaybePromise<Fields | undefined>;
  /** Stores writes, all or none. */
  put(writes: readonly FieldWrite[]): MaybePromise<Result<unknown>>;
  /** A state for new writes, later than those before. */
  nextState(): number;
}

/** Somebody who is logged in. */
export interface User {
  readonly alias: string;
  readonly pair: KeyPair;
}

/** Who gets an account. */
export interface NewUser {
  readonly alias: string;
  /** At least 8 characters. */
  readonly password: string;
  /** New keys when absent. */
  readonly pair?: KeyPair;
}

/** What stands in an account, verified. */
interface Account {
  readonly pub: string;
  readonly epub: string;
  readonly alias: string;
  readonly auth: unknown;
}

/** Characters of a salt. */
const SALT_LENGTH = 64;
const PASSWORD_LENGTH = 8;
/** Accounts of one alias that a password is tried on; each costs the work that slows guessing. */
const MAX_ACCOUNTS = 100;
const WRONG = 'Wrong user or password.';

/**
 * Makes an account that gun's own clients can log in to: `~@alias` links to `~pub`, which holds the public keys, the
 * alias and the private keys sealed by the password. Fails with SEA's words.
 *
 * @throws GraphError SEA_BAD_KEY when the pair is malformed
 */
export async function createUser(
  graph: AccountGraph,
  { alias, password, pair }: NewUser,
): Promise<Result<User>> {
  if (alias === '') return failure('No user.');
  if (password.length < PASSWORD_LENGTH) return failure('Password too short!');
  const taken = await graph.readNode(aliasSoul(alias));
  if (taken !== undefined && taken.size > 0) return failure('User already created!');
  const user = { alias, pair: pair ?? (await createPair()) };
  const stored = await graph.put(await accountWrites(user, password, graph.nextState()));
  return stored.ok ? success(user) : stored;
}

async function accountWrites({ alias, pair }: User, password: string, state: number): Promise<FieldWrite[]> {
  const soul = accountSoul(pair.pub);
  const signed = { alias, epub: pair.epub, auth: await sealedKeys(pair, password) };
  const signing = Object.entries(signed).map(([key, value]) => signWrite({ soul, key, state }, value, pair));
  return [
    writeOf(aliasSoul(alias), soul, state, { '#': soul }),
    writeOf(soul, 'pub', state, pair.pub),
    ...(await Promise.all(signing)),
  ];
}

/** The private keys as an account keeps them. */
async function sealedKeys({ priv, epriv }: KeyPair, password: string): Promise<string> {
  const salt = randomText(SALT_LENGTH);
  const proof = toBase64(await workBytes(password, salt));
  return JSON.stringify({ ek: await seal({ priv, epriv }, proof), s: salt });
}

/** Logs in with alias and password: the first account of the alias that the password opens. */
export async function authenticate(
  graph: AccountGraph,
  alias: string,
  password: string,
): Promise<Result<User>> {
  const accounts = await graph.readNode(aliasSoul(alias));
  let tried = 0;
  for (const entry of accounts?.values() ?? []) {
    const account = await readAccount(graph, entry);
    if (account?.alias !== alias) continue;
    tried += 1;
    if (tried > MAX_ACCOUNTS) break;
    const pair = await openKeys(account, password);
    if (pair !== undefined) return success({ alias, pair });
  }
  return failure(WRONG);
}

/** Logs in with keys that were kept; the alias is read from the account, and is the public key without one. */
export async function recallUser(graph: AccountGraph, stored: unknown): Promise<Result<User>> {
  const pair = await readPair(typeof stored === 'string' ? parseLoosely(stored) : stored);
  if (!pair.ok) return pair;
  const { pub } = pair.value;
  const node = await graph.readNode(accountSoul(pub));
  const alias = await readSigned(accountSoul(pub), 'alias', node);
  return success({ alias: typeof alias === 'string' ? alias : pub, pair: pair.value });
}

/** Seals the keys of a user by another password, of at least 8 characters; the old one opens nothing any more. */
export async function changePassword(
  graph: AccountGraph,
  { pair }: User,
  password: string,
): Promise<Result<unknown>> {
  if (password.length < PASSWORD_LENGTH) return failure('Password too short!');
  const auth = await sealedKeys(pair, password);
  const place = { soul: accountSoul(pair.pub), key: 'auth', state: graph.nextState() };
  return graph.put([await signWrite(place, auth, pair)]);
}

/** The account that an entry of an alias links to, undefined when it is none or not signed by its owner. */
async function readAccount(graph: AccountGraph, entry: Entry): Promise<Account | undefined> {
  const link: unknown = JSON.parse(entry.json);
  if (!isLink(link)) return undefined;
  const soul = link['#'];
  const pub = ownerOf(soul);
  if (pub === undefined || accountSoul(pub) !== soul || !isPublicKey(pub)) return undefined;
  const node = await graph.readNode(soul);
  const read = (key: string): Promise<Value | undefined> => readSigned(soul, key, node);
  const [alias, epub, auth] = await Promise.all([read('alias'), read('epub'), read('auth')]);
  if (typeof alias !== 'string' || !isPublicKey(epub)) return undefined;
  return { pub, alias, epub, auth: parseLoosely(auth) };
}

/** The value of a property that the owner of its soul signed, undefined when there is none. */
export async function readSigned(
  soul: string,
  key: string,
  node: Fields | undefined,
): Promise<Value | undefined> {
  const entry = node?.get(key);
  const owner = ownerOf(soul);
  if (entry === undefined || owner === undefined) return undefined;
  const signed = parseSigned({ soul, key, ...entry }, owner);
  const verifying = signed?.signer === owner ? await verifyingKey(owner) : undefined;
  if (signed === undefined || verifying === undefined) return undefined;
  return (await verifyText(signed.text, signed.signature, verifying)) ? signed.value : undefined;
}

/** The whole pair of an account, undefined when the password does not open it or the keys are not its own. */
async function openKeys({ pub, epub, auth }: Account, password: string): Promise<KeyPair | undefined> {
  if (!isRecord(auth) || typeof auth['s'] !== 'string') return undefined;
  const proof = await workBytes(password, auth['s']);
  // Accounts of before 2019 are sealed by the same proof in another spelling.
  for (const key of [toBase64(proof), toLatin1(proof)]) {
    const opened = await decrypt(auth['ek'], key);
    if (!opened.ok || !isRecord(opened.value)) continue;
    const pair = await readPair({ ...opened.value, pub, epub });
    if (pair.ok) return pair.value;
  }
  return undefined;
}
