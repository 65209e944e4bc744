import { expect } from 'chai';
import { WebSocket } from 'ws';
import { Gun } from '../../../adapters/doors/gun.ts';
import { newMemory } from '../../../lib/chain/common-keeper.ts';
import { GraphError } from '../../../lib/base/errors.ts';
import { acked, called } from '../../support/chains.ts';

describe('thicket/gun', () => {
  it('keeps graphs of one file together, and others apart', async () => {
    const name = `file-${process.pid}`;
    const guns = [
      { file: name },
      { file: name },
      { file: false as const },
      { localStorage: false },
      { radisk: false },
    ].map((options) => Gun(options));
    await acked((done) => guns[0]!.get('s').put({ a: 1 }, done));
    const values = await Promise.all(guns.map((gun) => called((done) => gun.get('s').get('a').once(done))));
    expect(values).to.deep.equal([1, 1, undefined, undefined, undefined]);
    await Promise.all(guns.map((gun) => gun.close()));
  });

  it('takes a storage, and the class to dial with', async () => {
    const storage = newMemory();
    const gun = Gun({ storage, WebSocket, peers: [] });
    await acked((done) => gun.get('s').put({ a: 1 }, done));
    expect((await storage.read('s', undefined)).size).to.equal(1);
    await gun.close();
  });

  it('refuses a URL that cannot be dialled, at once', () => {
    expect(() => Gun({ file: false, peers: ['ftp://x'], WebSocket }))
      .to.throw(GraphError)
      .with.property('code', 'OPTION_INVALID');
  });
});
