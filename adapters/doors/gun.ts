/** The door `thicket/gun`: a function `Gun` with Gun's chain, so that an app can swap the import. */
import { CommonMemory, newMemory } from '../../lib/chain/common-keeper.ts';
import { gunFor, type GunFunction } from '../../lib/chain/gun-function.ts';
import type { KeptOptions } from '../../lib/chain/options.ts';
import { stored } from '../../lib/api/stored-keeper.ts';
import type { GraphKeeper } from '../../lib/api/keeper.ts';
import { IndexedDbStorage } from '../indexed-db.ts';
import { websocket, type WebSocketClass } from '../websocket-link.ts';

export { SEA, type GunSea } from '../../lib/chain/sea-facade.ts';
export { Chain, type DataCallback, type GunInput } from '../../lib/chain/chain.ts';
export { RootChain, UserChain, type UserAck } from '../../lib/chain/user-chain.ts';
export type { GunFunction } from '../../lib/chain/gun-function.ts';
export type { GunOptions } from '../../lib/chain/options.ts';
export type { GunNode } from '../../lib/chain/values.ts';
export type { GunAck } from '../../lib/chain/writes.ts';
export type { Data } from '../../lib/chain/types.ts';

/** Gun's name for where its data is kept. */
const FILE = 'radata';
const memory = new CommonMemory();

/**
 * A graph with Gun's chain. In browsers it is kept in IndexedDB, shared by the tabs of a site; elsewhere in memory,
 * unless a `storage` is given.
 */
export const Gun: GunFunction = gunFor({
  keep: keeperFor,
  peer: (url, options) => {
    const { WebSocket } = options as { WebSocket?: WebSocketClass };
    return websocket(url, WebSocket === undefined ? {} : { WebSocket });
  },
});

function keeperFor({ file, localStorage, radisk }: KeptOptions): GraphKeeper {
  if (file === false || (localStorage === false && radisk !== true) || radisk === false) return newMemory();
  const name = file ?? FILE;
  const isBrowser = (globalThis as { indexedDB?: unknown }).indexedDB !== undefined;
  return isBrowser ? stored(new IndexedDbStorage({ name, tabs: true })) : memory.open(name);
}
