import { createRequire } from 'node:module';
import { expect } from 'chai';
import DefaultGun, * as door from 'thicket/gun';
import * as browserDoor from '../../../adapters/doors/gun.ts';
import * as nodeDoor from '../../../adapters/doors/node-gun.ts';
import { acked } from '../../support/chains.ts';
import { useRelay } from '../../support/interop-world.ts';
import { freshName } from '../../support/raw-peer.ts';

function dialsNothing(): never {
  expect.fail('the class of the host was taken');
}

describe('thicket/gun in Node', function () {
  this.timeout(30_000);
  const shared = useRelay();
  const host = globalThis as { WebSocket?: unknown };
  const own = Object.getOwnPropertyDescriptor(globalThis, 'WebSocket');

  afterEach(() => {
    delete host.WebSocket;
    if (own !== undefined) Object.defineProperty(globalThis, 'WebSocket', own);
  });

  it('is what the package has there, with all names of browsers', () => {
    expect(door.Gun).to.equal(nodeDoor.Gun);
    expect(Object.keys(nodeDoor)).to.have.members([...Object.keys(browserDoor), 'module.exports']);
  });

  it('is imported and required as gun is, with SEA below it', () => {
    expect(DefaultGun).to.equal(door.Gun);
    expect(browserDoor.default).to.equal(browserDoor.Gun);
    expect(createRequire(import.meta.url)('thicket/gun')).to.equal(door.Gun);
    expect(door.Gun.SEA).to.equal(door.SEA);
  });

  it('dials without a class of websockets, whether the host has one or not', async () => {
    for (const WebSocket of [undefined, dialsNothing]) {
      delete host.WebSocket;
      if (WebSocket !== undefined) host.WebSocket = WebSocket;
      const gun = door.Gun({ peers: [shared.relay.url], file: false });
      expect(await acked((done) => gun.get(freshName('node')).put({ x: 1 }, done))).to.include({ ok: true });
      await gun.close();
    }
  });
});
