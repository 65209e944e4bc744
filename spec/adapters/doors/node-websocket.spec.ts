import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { expect } from 'chai';
import * as door from 'thicket/adapters/websocket-link';
import { WebSocketServer } from 'ws';
import * as nodeDoor from '../../../adapters/doors/node-websocket.ts';
import * as browserDoor from '../../../adapters/websocket-link.ts';
import { GraphError } from '../../../lib/base/errors.ts';
import type { Dialling, Link } from '../../../lib/mesh/link.ts';

/** A class that is not to be used unless given. */
class HostSocket {
  static made = 0;
  constructor() {
    HostSocket.made += 1;
    throw new Error('dials nothing');
  }
}

describe('websocket links in Node', () => {
  const host = globalThis as { WebSocket?: unknown };
  const own = Object.getOwnPropertyDescriptor(globalThis, 'WebSocket');
  let server: WebSocketServer;
  let url: string;
  let dialled: Dialling[] = [];

  beforeEach(async () => {
    HostSocket.made = 0;
    server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
    await once(server, 'listening');
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  });

  afterEach(() => {
    delete host.WebSocket;
    if (own !== undefined) Object.defineProperty(globalThis, 'WebSocket', own);
    for (const dialling of dialled.splice(0)) dialling.close();
    for (const client of server.clients) client.terminate();
    server.close();
  });

  function link(peer: ReturnType<typeof nodeDoor.websocket>): Promise<Link> {
    return new Promise((resolve, reject) => {
      dialled.push(peer.dial({ link: resolve, failed: () => reject(new Error('not dialled')) }));
    });
  }

  it('are what the package has there, with all names of browsers', () => {
    expect(door.websocket).to.equal(nodeDoor.websocket);
    expect(Object.keys(nodeDoor)).to.have.members(Object.keys(browserDoor));
    expect(nodeDoor.Dialler).to.equal(browserDoor.Dialler);
  });

  for (const [state, WebSocket] of [
    ['has none', undefined],
    ['has its own', HostSocket],
  ] as const) {
    it(`are of the package ws when the host ${state}, and ask for no compression`, async () => {
      delete host.WebSocket;
      if (WebSocket !== undefined) host.WebSocket = WebSocket;
      const arrival = once(server, 'connection');
      await link(nodeDoor.websocket(url));
      const [, request] = (await arrival) as [unknown, { headers: Record<string, string | undefined> }];
      expect(request.headers['sec-websocket-extensions']).to.equal(undefined);
      expect(HostSocket.made).to.equal(0);
    });
  }

  it('are of the class that is given', async () => {
    const WebSocket = HostSocket as unknown as browserDoor.WebSocketClass;
    const fault = await link(nodeDoor.websocket(url, { WebSocket })).catch((error: unknown) => error);
    expect(fault).to.be.instanceOf(Error);
    expect(HostSocket.made).to.equal(1);
  });

  it('refuse a URL that cannot be dialled', () => {
    expect(() => nodeDoor.websocket('ftp://peer/'))
      .to.throw(GraphError)
      .with.property('code', 'OPTION_INVALID');
  });
});
