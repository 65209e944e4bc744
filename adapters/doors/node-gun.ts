/** The door `thicket/gun` in Node: the same, with sockets of `ws`, which let a process end. */
import { gunFor, type GunFunction } from '../../lib/chain/gun-function.ts';
import { gunHost } from './gun-host.ts';
import { websocket } from './node-websocket.ts';

// What is declared here takes the place of what has the same name there.
export * from './gun.ts';

/** As in browsers, but that peers are dialled with the package `ws`. */
export const Gun: GunFunction = gunFor(gunHost(websocket));

// Apps say `import Gun from 'gun'` or `require('gun')`: only the name of the package changes.
export { Gun as default, Gun as 'module.exports' };
