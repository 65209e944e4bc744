/** The door `thicket/gun`: a function `Gun` with Gun's chain, so that an app can swap the import. */
import { gunFor, type GunFunction } from '../../lib/chain/gun-function.ts';
import { gunHost } from './gun-host.ts';
import { websocket } from '../websocket-link.ts';

export { SEA, type GunSea } from '../../lib/chain/sea-facade.ts';
export { Chain, type DataCallback, type GunInput } from '../../lib/chain/chain.ts';
export { RootChain, UserChain, type UserAck } from '../../lib/chain/user-chain.ts';
export type { GunFunction } from '../../lib/chain/gun-function.ts';
export type { GunOptions } from '../../lib/chain/options.ts';
export type { GunNode } from '../../lib/chain/values.ts';
export type { GunAck } from '../../lib/chain/writes.ts';
export type { Data } from '../../lib/chain/types.ts';

/**
 * A graph with Gun's chain. In browsers it is kept in IndexedDB, shared by the tabs of a site; elsewhere in memory,
 * unless a `storage` is given. In Node its peers are dialled with the package `ws`.
 */
export const Gun: GunFunction = gunFor(gunHost(websocket));

// Apps say `import Gun from 'gun'`: only the name of the package changes.
export default Gun;
