import { GraphError } from '../base/errors.ts';
import { graphLimitsWith, type GraphLimits } from '../base/graph-limits.ts';
import { success, type Result } from '../base/result.ts';
import { runWithPauses } from '../base/slices.ts';
import type { Value } from '../graph/value.ts';
import { valueOf, type FieldWrite } from '../graph/write.ts';
import {
  accountSoul,
  authenticate,
  certify,
  changePassword,
  createPair,
  createUser,
  encrypt,
  grant,
  openShared,
  ownerOf,
  parseCertificate,
  plainValue,
  recallUser,
  sharedKey,
  signWrite,
  trust,
  trustedWith,
  type AccountGraph,
  type KeyPair,
  type PublicPair,
  type Terms,
  type TrustTerms,
  type User,
} from '../sea/index.ts';
import { PutCheck } from '../sea/put-check.ts';
import { Verifier } from '../sea/verifier.ts';
import type { GraphCore } from './core.ts';
import type { PutOptions, PutResult } from './delivery.ts';
import { coreOf, type Graph } from './graph.ts';
import { readOnce } from './observation.ts';
import { EVERYTHING } from './path-follower.ts';
import { Reference } from './reference.ts';
import type { OpenNode } from './types.ts';
import type { SignWrites, UserSpaces } from './user-spaces.ts';
import { ValueView } from './views.ts';

/** The one property of an account that is not signed: it says whose signatures the others have. */
const PUBLIC_KEY = 'pub';
const sessions = new WeakMap<GraphCore, UserSession>();

/**
 * The spaces of users as gun's SEA has them, for the option `users` of a graph: what peers say of them is checked
 * before it is kept, and read without its signatures.
 *
 * @param limits of what is remembered of keys and signatures
 */
export function userSpaces(limits: Partial<GraphLimits> = {}): UserSpaces {
  const verifier = new Verifier(graphLimitsWith(limits));
  const checks = new PutCheck(verifier, {
    judge: (write, demand, check) => verifier.judge(write, demand, check),
    run: runWithPauses,
  });
  return {
    check: (writes, now, readStored) => checks.check(writes, { now, readStored }),
    plain: plainValue,
  };
}

/** The user of a graph, who may log in; always the same for one graph, which was made with `users: userSpaces()`. */
export function userOf<Schema extends object>(graph: Graph<Schema>): UserSession {
  return sessionOf(coreOf(graph));
}

/** The user of what is below a graph. */
export function sessionOf(core: GraphCore): UserSession {
  const known = sessions.get(core) ?? new UserSession(core);
  sessions.set(core, known);
  return known;
}

/** What others may know of a user. */
export interface PublicUser extends PublicPair {
  readonly alias: string;
}

/** Who uses a graph: nobody, or somebody who is logged in and signs what is written to the own space. */
export class UserSession {
  readonly #core: GraphCore;
  readonly #accounts: AccountGraph;
  #user: User | undefined;

  /** Use {@link userOf}. */
  constructor(core: GraphCore) {
    this.#core = core;
    this.#accounts = {
      readNode: (soul) => readWhole(core, soul),
      put: (writes) => store(core, writes),
      nextState: () => core.states.next(),
    };
  }

  /** Who is logged in. */
  get is(): PublicUser | undefined {
    if (this.#user === undefined) return undefined;
    const { alias, pair } = this.#user;
    return { alias, pub: pair.pub, epub: pair.epub };
  }

  /** The keys of who is logged in, to be kept in a safe place for {@link recall}. */
  get keys(): KeyPair | undefined {
    return this.#user?.pair;
  }

  /**
   * Makes an account and logs in; gun's clients can log in to it as well.
   *
   * @param password 8 characters or more
   * @param pair keys of the account; new ones when absent
   * @throws GraphError USER_REFUSED with SEA's words, as when the alias is taken
   */
  async create(alias: string, password: string, pair?: KeyPair): Promise<PublicUser> {
    const keys = pair ?? (await createPair());
    return this.#enter(await createUser(this.#accounts, { alias, password, pair: keys }));
  }

  /**
   * Logs in to an account that was made here or by gun.
   *
   * @throws GraphError USER_REFUSED
   */
  async auth(alias: string, password: string): Promise<PublicUser> {
    return this.#enter(await authenticate(this.#accounts, alias, password));
  }

  /**
   * Logs in with keys that were kept.
   *
   * @throws GraphError USER_REFUSED
   */
  async recall(keys: KeyPair): Promise<PublicUser> {
    return this.#enter(await recallUser(this.#accounts, keys));
  }

  /** Logs out; the keys are forgotten. */
  leave(): void {
    this.#user = undefined;
  }

  /**
   * Gives the account another password of 8 characters or more.
   *
   * @throws GraphError USER_REFUSED
   */
  async changePassword(password: string): Promise<void> {
    taken(await changePassword(this.#accounts, this.#loggedIn(), password));
  }

  /**
   * A place in the own space, where writes are signed.
   *
   * @throws GraphError USER_REFUSED when nobody is logged in
   */
  get(key: string): Reference<OpenNode> {
    return this.#space(this.#loggedIn().pair.pub).get(key) as Reference<OpenNode>;
  }

  /** A place in the space of somebody else; only those with a certificate may write there. */
  of(pub: string, certificate?: string): Reference<OpenNode> {
    return this.#space(pub, certificate);
  }

  /**
   * Lets others write to the own space.
   *
   * @returns the certificate, which guests give to {@link of}
   * @throws GraphError USER_REFUSED when nobody is logged in, SEA_BAD_INPUT without guests or policies
   */
  certify(terms: Terms): Promise<string> {
    return certify(terms, this.#loggedIn().pair);
  }

  /**
   * Lets somebody write at a path of the own space and below: a certificate for that, which stands in the own space at
   * `trust`, where {@link trustedWith} finds it. The `trust` of gun 0.2020.1241 fails and writes nothing.
   *
   * @param path keys joined by `/`, below the account
   * @throws GraphError USER_REFUSED when nobody is logged in, or the guest is this user or no public key
   */
  async trust(path: string, guest: Pick<PublicPair, 'pub'>, terms: TrustTerms = {}): Promise<void> {
    taken(await trust(this.#accounts, this.#loggedIn(), path, guest.pub, terms));
  }

  /**
   * The certificate by which somebody trusts this user with a path, for {@link of}.
   *
   * @returns undefined when there is none
   * @throws GraphError USER_REFUSED when nobody is logged in
   */
  trustedWith(path: string, owner: Pick<PublicPair, 'pub'>): Promise<string | undefined> {
    return trustedWith(this.#accounts, path, owner.pub, this.#loggedIn().pair.pub);
  }

  /**
   * Writes a value that only this user, and those it grants the path, can read.
   *
   * @param path keys joined by `/`, below the account
   * @throws GraphError USER_REFUSED when nobody is logged in, and as `Reference.put`
   */
  async putSecret(path: string, value: unknown, options: PutOptions = {}): Promise<PutResult> {
    const user = this.#loggedIn();
    const key = taken(await sharedKey(this.#accounts, user, path));
    const sealed = await encrypt(value, key);
    return at(this.#space(user.pair.pub), path).put(sealed as never, options);
  }

  /**
   * Lets somebody read what is secret at a path of the own space; users of gun find the key at
   * `grant`, their public key, and the path with `~` and the owner's public key behind it.
   *
   * @throws GraphError USER_REFUSED
   */
  async grant(path: string, to: PublicPair): Promise<void> {
    taken(await grant(this.#accounts, this.#loggedIn(), path, to));
  }

  /**
   * Reads a secret: an own one, also of gun's `secret`, or one that its owner has granted, here or by gun's `grant`.
   *
   * @returns undefined when there is none
   * @throws GraphError USER_REFUSED when nobody is logged in or the secret was not granted
   */
  async readSecret(path: string, owner?: PublicPair): Promise<unknown> {
    const user = this.#loggedIn();
    const { value } = await at(this.#space((owner ?? user.pair).pub), path).once();
    if (value === undefined || value === null) return undefined;
    return taken(await openShared(this.#accounts, user, path, owner ?? user.pair, value));
  }

  #enter(user: Result<User>): PublicUser {
    this.#user = taken(user);
    return this.is!;
  }

  #loggedIn(): User {
    if (this.#user === undefined) throw new GraphError('USER_REFUSED', 'nobody is logged in');
    return this.#user;
  }

  /** Signs writes as who is logged in; with a certificate those into the space of its owner. */
  signer(certificate?: string): SignWrites {
    const given = certificate === undefined ? undefined : parseCertificate(certificate);
    return (writes) => Promise.all(writes.map((write) => signed(write, this.#user?.pair, given)));
  }

  #space(pub: string, certificate?: string): Reference<OpenNode> {
    return new Reference(this.#core, { soul: accountSoul(pub), keys: [] }, this.signer(certificate));
  }
}

/** What follows from a path of keys. */
function at(space: Reference<OpenNode>, path: string): Reference<OpenNode> {
  return path.split('/').reduce((place, key) => place.get(key) as Reference<OpenNode>, space);
}

/** The write with the signature that its soul demands; without keys it is left to be refused. */
async function signed(
  write: FieldWrite,
  pair: KeyPair | undefined,
  certificate: ReturnType<typeof parseCertificate>,
): Promise<FieldWrite> {
  const owner = ownerOf(write.soul);
  if (owner === undefined || pair === undefined) return write;
  if (write.soul === accountSoul(owner) && write.key === PUBLIC_KEY) return write;
  const guest = owner === pair.pub || certificate === undefined ? {} : { certificate };
  return signWrite(write, valueOf(write), pair, guest);
}

/** All that is kept of a node, once peers have said what they know. */
async function readWhole(core: GraphCore, soul: string): ReturnType<GraphCore['fields']> {
  await readOnce(core, (dirty) => new ValueView(core.live, { soul, keys: [] }, EVERYTHING, dirty), {});
  return core.fields(soul);
}

async function store(core: GraphCore, writes: readonly FieldWrite[]): Promise<Result<Value>> {
  try {
    await core.write(writes, {});
    return success(null);
  } catch (error) {
    return { ok: false, reason: (error as Error).message };
  }
}

/** @throws GraphError USER_REFUSED */
function taken<T>(result: Result<T>): T {
  if (!result.ok) throw new GraphError('USER_REFUSED', result.reason);
  return result.value;
}
