/** What `Gun` finds where it runs: where its graphs are kept, and how their peers are reached. */
import type { GraphKeeper } from '../../lib/api/keeper.ts';
import { stored } from '../../lib/api/stored-keeper.ts';
import { CommonMemory, newMemory } from '../../lib/chain/common-keeper.ts';
import type { Host, KeptOptions } from '../../lib/chain/options.ts';
import { IndexedDbStorage } from '../indexed-db.ts';
import type { websocket, WebSocketClass } from '../websocket-link.ts';

/** Gun's name for where its data is kept. */
const FILE = 'radata';
const memory = new CommonMemory();

/**
 * The host of all graphs of a page or process.
 *
 * @param dial how a URL becomes a peer; options may give another class of websockets
 */
export function gunHost(dial: typeof websocket): Host {
  return {
    keep: keeperFor,
    peer: (url, options) => {
      const { WebSocket } = options as { WebSocket?: WebSocketClass };
      return dial(url, WebSocket === undefined ? {} : { WebSocket });
    },
  };
}

function keeperFor({ file, localStorage, radisk }: KeptOptions): GraphKeeper {
  if (file === false || (localStorage === false && radisk !== true) || radisk === false) return newMemory();
  const name = file ?? FILE;
  const isBrowser = (globalThis as { indexedDB?: unknown }).indexedDB !== undefined;
  return isBrowser ? stored(new IndexedDbStorage({ name, tabs: true })) : memory.open(name);
}
