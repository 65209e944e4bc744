import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { expect } from 'chai';
import { WebSocketServer, type WebSocket } from 'ws';
import type { WebSocketLike } from '../../adapters/websocket-link.ts';
import { dialSocketClass } from '../../relay/dial-socket.ts';
import { Heartbeat } from '../../relay/heartbeat.ts';

const TICKS_PER_BEAT = 20;

describe('relay dial socket', () => {
  let server: WebSocketServer;
  let tick: () => void;
  let heartbeat: Heartbeat;

  beforeEach(async () => {
    heartbeat = new Heartbeat(20_000, (_ms, task) => {
      tick = task;
      return () => undefined;
    });
    heartbeat.start();
    server = new WebSocketServer({ port: 0, host: '127.0.0.1', perMessageDeflate: true });
    await once(server, 'listening');
  });

  afterEach(async () => {
    for (const socket of server.clients) socket.terminate();
    server.close();
    await once(server, 'close');
  });

  function beat(): void {
    for (let i = 0; i < TICKS_PER_BEAT; i += 1) tick();
  }

  async function dial(): Promise<{ dialled: WebSocketLike; accepted: WebSocket; closed: Promise<void> }> {
    const DialSocket = dialSocketClass({ frameBytes: 1024, heartbeat });
    const dialled = new DialSocket(`ws://127.0.0.1:${(server.address() as AddressInfo).port}/gun`);
    const [[accepted]] = (await Promise.all([
      once(server, 'connection'),
      new Promise<void>((resolve) => dialled.addEventListener('open', resolve)),
    ])) as [[WebSocket], void];
    const closed = new Promise<void>((resolve) => dialled.addEventListener('close', resolve));
    return { dialled, accepted, closed };
  }

  it('is never compressed, even when the other side would', async () => {
    const { accepted } = await dial();
    expect(accepted.extensions).to.equal('');
  });

  it('closes a frame over its limit with 1009', async () => {
    const { accepted } = await dial();
    const closing = once(accepted, 'close');
    accepted.send('x'.repeat(1025));
    expect((await closing)[0]).to.equal(1009);
  });

  it('pings with every beat and keeps a side that answers', async () => {
    const { dialled, accepted } = await dial();
    for (let i = 0; i < 5; i += 1) {
      const ping = once(accepted, 'ping');
      beat();
      await ping;
      const pong = once(accepted, 'pong');
      accepted.ping();
      await pong;
    }
    expect(dialled.readyState).to.equal(1);
  });

  it('cuts off a side that stays silent', async () => {
    const { accepted, closed } = await dial();
    accepted.pause();
    for (let i = 0; i < 3; i += 1) beat();
    await closed;
  });

  it('survives a side that cannot be reached', async () => {
    const DialSocket = dialSocketClass({ frameBytes: 1024, heartbeat });
    const dialled = new DialSocket('ws://127.0.0.1:9/gun');
    dialled.addEventListener('error', () => undefined);
    const closed = new Promise<void>((resolve) => dialled.addEventListener('close', resolve));
    beat();
    await closed;
  });
});
