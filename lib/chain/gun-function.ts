import { isPlainObject } from '../base/record.ts';
import { userSpaces } from '../api/user.ts';
import { matchesLex } from '../graph/lex-match.ts';
import { randomText } from '../base/random.ts';
import { Chain } from './chain.ts';
import type { Context } from './context.ts';
import { on, type EventOn, pass, type EventOwner } from './events.ts';
import { contextOf } from './made-message.ts';
import type { GunOptions, Host } from './options.ts';
import { ChainRoot } from './root.ts';
import { SEA, type GunSea } from './sea-facade.ts';
import type { Anything } from './anything.ts';
import { RootChain, UserChain } from './user-chain.ts';
import { state, valid, type GunState } from './values.ts';

/** The function `Gun`, with what hangs on it. */
export interface GunFunction extends EventOwner {
  /** A graph; options are URLs of peers, or an object with them and others. */
  <T = Anything>(options?: string | readonly string[] | GunOptions): RootChain<T>;
  new <T = Anything>(options?: string | readonly string[] | GunOptions): RootChain<T>;
  readonly prototype: Chain;
  /** The methods of every chain; more can be added. */
  readonly chain: Chain & Record<string, Anything>;
  readonly version: number;
  readonly SEA: GunSea;
  readonly User: typeof UserChain;
  readonly state: GunState;
  /** True for a chain. */
  is(chain: unknown): chain is Chain;
  /** True for a value, the soul for a link, false for what no property can hold. */
  valid(data: unknown): boolean | string;
  /** Listens under a name of all graphs: `opt` and `create`, with the `_` of the graph; hands on by `this.to.next`. */
  readonly on: EventOn;
  /** Parts that extensions use. */
  readonly text: { random(length?: number): string; match(text: unknown, lex: unknown): boolean };
  readonly obj: { plain(data: unknown): boolean };
  readonly log: (...texts: unknown[]) => string;
}

const VERSION = 0.202;
const RANDOM_LETTERS = 24;

/** Makes the function `Gun` for a host. */
export function gunFor(host: Host): GunFunction {
  const spaces = userSpaces();
  const told = (name: string, context: Context): void => pass(gun, name, context, () => undefined);
  function Gun(options?: unknown): Chain {
    const root = new ChainRoot<Chain>({ host, spaces, told }, (made) => new RootChain(made));
    root.begin(options);
    return root.$;
  }
  Gun.prototype = Chain.prototype;
  const gun = Object.assign(Gun as unknown as GunFunction, {
    chain: Chain.prototype,
    version: VERSION,
    SEA,
    User: UserChain,
    state,
    valid,
    on,
    is: (chain: unknown): chain is Chain => contextOf(chain)?.$ === chain,
    text: { random: (length = RANDOM_LETTERS) => randomText(length), match: matchesLex },
    obj: { plain: isPlainObject },
    log: (...texts: unknown[]) => texts.join(' '),
  });
  return gun;
}
