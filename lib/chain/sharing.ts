/** What a user shares at a place of the own space: `secret`, `grant` and `trust` of chains. */
import type { Place } from '../api/input.ts';
import type { UserSession } from '../api/user.ts';
import { GraphError } from '../base/errors.ts';
import { randomId } from '../base/random.ts';
import type { ChainLike } from './context.ts';
import { contextOf } from './made-message.ts';
import type { GunAck } from './writes.ts';

/** Another user: the public keys, or the public key that names the account. */
export type Person = string | { readonly pub: string; readonly epub: string };

/** Called once, when it is done or refused. */
export type SharedCallback = (ack: GunAck) => void;

/** What sharing needs of a graph. */
export interface SharingWorld {
  readonly session: UserSession;
  readonly core: {
    fail(error: unknown): void;
  };
  readonly $: ChainLike & { get(soul: string): { get(key: string): PromiseLike<unknown> } };
}

const ACCOUNT = '~';

/** Writes a value that only its user and whom that user grants it can read. */
export function secretAt(
  world: SharingWorld,
  place: Place | undefined,
  data: unknown,
  ack?: SharedCallback,
): void {
  run(world, ack, (path) => world.session.putSecret(path(place), data));
}

/** Lets somebody read what is secret at a place. */
export function grantAt(
  world: SharingWorld,
  place: Place | undefined,
  to: ChainLike | Person,
  ack?: SharedCallback,
): void {
  run(world, ack, async (path) => world.session.grant(path(place), await personOf(world, to)));
}

/** Lets somebody write at a place, and below. */
export function trustAt(
  world: SharingWorld,
  place: Place | undefined,
  to: ChainLike | Person,
  ack?: SharedCallback,
): void {
  run(world, ack, async (path) => world.session.trust(path(place), { pub: pubOf(to) }));
}

function run(
  world: SharingWorld,
  ack: SharedCallback | undefined,
  task: (path: (place: Place | undefined) => string) => Promise<unknown>,
): void {
  const id = randomId();
  const path = (place: Place | undefined): string => pathOf(world, place);
  // Begun in a promise, so that whatever goes wrong is told in the callback.
  Promise.resolve()
    .then(() => task(path))
    .then(
      () => ({ '@': id, ok: true as const }),
      (error: unknown) => ({ '@': id, err: error instanceof Error ? error.message : String(error) }),
    )
    .then((told) => ack?.(told))
    .catch((error: unknown) => world.core.fail(error));
}

/** The keys of a place in the own space, joined by `/`. */
function pathOf({ session }: SharingWorld, place: Place | undefined): string {
  const { is } = session;
  if (is === undefined) throw new GraphError('USER_REFUSED', 'nobody is logged in');
  if (place?.soul !== ACCOUNT + is.pub || place.keys.length === 0)
    throw new GraphError('USER_REFUSED', 'only what is in the own space can be shared');
  return place.keys.join('/');
}

function pubOf(to: ChainLike | Person): string {
  if (typeof to === 'string') return to.replace(ACCOUNT, '');
  if ('pub' in to) return to.pub;
  const soul = contextOf(to)?.soul;
  if (soul?.startsWith(ACCOUNT) !== true) throw new GraphError('USER_REFUSED', 'not the chain of a user');
  return soul.slice(ACCOUNT.length);
}

async function personOf({ $ }: SharingWorld, to: ChainLike | Person): Promise<Exclude<Person, string>> {
  const pub = pubOf(to);
  const epub = typeof to === 'object' && 'epub' in to ? to.epub : await $.get(ACCOUNT + pub).get('epub');
  if (typeof epub !== 'string') throw new GraphError('USER_REFUSED', 'this user is not known');
  return { pub, epub };
}
