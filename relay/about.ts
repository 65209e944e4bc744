/** What the relay says of itself to programs: what it is, what it takes, and whom. */
import type { Limits } from '../lib/base/limits.ts';
import type { RelayOptions } from './option-table.ts';
import { BOUND_NAMES, type RelayBounds } from './relay-bounds.ts';
import { GRAPH_PATH } from './peer-url.ts';
import { VERSION } from './version.ts';

/** The document at `/gun` for those who accept JSON. */
export interface About {
  readonly name: string;
  readonly version: string;
  /** Path of the websocket. */
  readonly websocket: string;
  /** Every bound, by the name of its option; units stand in the README's table. */
  readonly limits: Limits & RelayBounds;
  /** Who may read and write: everybody, or those with a token. */
  readonly access: { readonly read: 'all' | 'token'; readonly write: 'all' | 'token' };
  /** Origins of web pages that may connect; `*` for all. */
  readonly origins: readonly string[];
}

/** The document for these options; no secrets are in it. */
export function aboutRelay(options: RelayOptions): About {
  const { limits, readToken, writeToken, origins } = options;
  const bounds = Object.fromEntries(
    BOUND_NAMES.map((name) => [name, options[name]]),
  ) as unknown as RelayBounds;
  return {
    name: 'thicket',
    version: VERSION,
    websocket: GRAPH_PATH,
    limits: { ...bounds, ...limits },
    access: {
      read: readToken === '' ? 'all' : 'token',
      write: readToken === '' && writeToken === '' ? 'all' : 'token',
    },
    origins,
  };
}
