import { expect } from 'chai';
import { WebSocket } from 'ws';
import { gunHost } from '../../../adapters/doors/gun-host.ts';
import { websocket, type WebSocketOptions } from '../../../adapters/websocket-link.ts';
import type { KeptOptions } from '../../../lib/chain/options.ts';
import { writeOf } from '../../../lib/graph/write.ts';

const KEPT: KeptOptions = { peers: {}, uuid: () => 'id' };

describe('gunHost', () => {
  it('dials as it was told, with the class that the options give', () => {
    const dialled: [url: string, options: WebSocketOptions | undefined][] = [];
    const host = gunHost((url, options) => {
      dialled.push([url, options]);
      return websocket(url, { WebSocket });
    });
    host.peer('ws://a', KEPT);
    host.peer('ws://b', { ...KEPT, WebSocket });
    expect(dialled).to.deep.equal([
      ['ws://a', {}],
      ['ws://b', { WebSocket }],
    ]);
  });

  it('keeps graphs of one file together where there is no IndexedDB, and others apart', async () => {
    const host = gunHost(websocket);
    const keepers = [{ file: 'host' }, { file: 'host' }, { file: false as const }].map((options) =>
      host.keep({ ...KEPT, ...options }),
    );
    for (const keeper of keepers) await keeper.open();
    await keepers[0]!.commit([writeOf('s', 'k', 5, 1)], true);
    const sizes = await Promise.all(keepers.map(async (keeper) => (await keeper.read('s', 'k')).size));
    expect(sizes).to.deep.equal([1, 1, 0]);
  });
});
