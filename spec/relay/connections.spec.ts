import { once } from 'node:events';
import { createServer as createPlainServer, type RequestListener, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { connect as connectTls } from 'node:tls';
import { expect } from 'chai';
import { ClientAddresses } from '../../relay/client-address.ts';
import { Connections } from '../../relay/connections.ts';
import { DEFAULT_OPTIONS, type RelayOptions } from '../../relay/option-table.ts';
import { FakeTimers } from './fake-timers.ts';
import { TLS_CERT, TLS_KEY } from './tls-pair.ts';

const REQUEST = 'GET / HTTP/1.1\r\nHost: relay\r\n\r\n';
const greet: RequestListener = (_request, response) => {
  response.end('hello');
};

/** Resolves when the server has seen its end. */
async function gone(client: Socket): Promise<void> {
  client.resume();
  if (!client.destroyed) await once(client, 'close');
}

describe('relay connections', () => {
  let timers: FakeTimers;
  let server: Server;
  let connections: Connections;
  const clients = new Set<Socket>();

  beforeEach(() => {
    timers = new FakeTimers();
  });

  afterEach(async () => {
    for (const client of clients) client.destroy();
    clients.clear();
    connections.close();
    server.close();
    server.closeAllConnections();
    await once(server, 'close');
    expect(timers.size).to.equal(0);
  });

  async function listen(changes: Partial<RelayOptions>, isTls = false): Promise<void> {
    server = isTls ? createTlsServer({ key: TLS_KEY, cert: TLS_CERT }, greet) : createPlainServer(greet);
    const options = { ...DEFAULT_OPTIONS, exempt: [], ...changes };
    const { now, repeat } = timers;
    connections = new Connections({
      server,
      options,
      addresses: new ClientAddresses(options),
      now,
      repeat,
    });
    connections.start();
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
  }

  function port(): number {
    return (server.address() as AddressInfo).port;
  }

  /** A connection that says nothing; resolves when the server has it. */
  async function open(): Promise<Socket> {
    const accepted = once(server, 'connection');
    const client = connect(port(), '127.0.0.1').on('error', () => undefined);
    clients.add(client);
    await Promise.all([once(client, 'connect'), accepted]);
    return client;
  }

  async function openMany(count: number): Promise<Socket[]> {
    const opened: Socket[] = [];
    while (opened.length < count) opened.push(await open());
    return opened;
  }

  it('cuts off who has sent no request in time, and no other', async () => {
    await listen({ requestMs: 8000 });
    const [silent, dripping, talking] = await openMany(3);
    dripping!.write('GET / HTTP/1.1\r\nX-Slow: ');
    talking!.write(REQUEST);
    await once(talking!, 'data');
    timers.pass(8000);
    expect(connections.halfOpenCount).to.equal(2);
    timers.pass(1500);
    await Promise.all([gone(silent!), gone(dripping!)]);
    expect(connections).to.include({ halfOpenCount: 0, cutCount: 2, size: 1 });
    talking!.write(REQUEST);
    await once(talking!, 'data');
  });

  it('does so within ten seconds by default', async () => {
    await listen({});
    const silent = await open();
    timers.pass(10_000);
    await gone(silent);
  });

  it('cuts off the oldest of too many that say nothing, a second after they came', async () => {
    await listen({ halfOpen: 3 });
    const old = await openMany(5);
    expect(connections.halfOpenCount).to.equal(5);
    timers.pass(1500);
    await Promise.all([gone(old[0]!), gone(old[1]!)]);
    expect(connections.halfOpenCount).to.equal(3);
    await openMany(2);
    timers.pass(500);
    await Promise.all([gone(old[2]!), gone(old[3]!)]);
    expect(connections.halfOpenCount).to.equal(3);
    const talking = await open();
    talking.write(REQUEST);
    expect((await once(talking, 'data')).toString()).to.contain('hello');
  });

  it('reads what has come during a long turn before it cuts anybody off', async () => {
    await listen({ halfOpen: 1, requestMs: 8000 });
    const late = await openMany(3);
    for (const socket of late) socket.write(REQUEST);
    // The requests wait in the kernel until this turn is over, and then time has passed.
    const answers = late.map((socket) => once(socket, 'data'));
    for (const socket of late) await new Promise((resolve) => socket.write('', resolve));
    timers.pass(60_000);
    await Promise.all(answers);
    expect(connections.cutCount).to.equal(0);
  });

  it('takes no more than its links and some that are on their way', async () => {
    await listen({ connections: 4, halfOpen: 2 });
    const kept = await openMany(6);
    await gone(await open());
    expect(connections).to.include({ size: 6, cutCount: 1 });
    const freed = once(server, 'connection');
    kept[0]!.destroy();
    await gone(kept[0]!);
    while (connections.size > 5) await new Promise((resolve) => setImmediate(resolve));
    const late = await open();
    await freed;
    expect(connections.size).to.equal(6);
    late.write(REQUEST);
    await once(late, 'data');
  });

  it('takes no more than so many of one address', async () => {
    await listen({ addressConnections: 2, halfOpen: 1 });
    await openMany(3);
    await gone(await open());
    expect(connections).to.include({ size: 3, cutCount: 1, addressCount: 1 });
  });

  it('takes any number of an exempt address', async () => {
    await listen({ addressConnections: 1, halfOpen: 1, exempt: ['127.0.0.1'] });
    await openMany(4);
    expect(connections).to.include({ size: 4, addressCount: 0 });
  });

  it('forgets addresses with their last connection', async () => {
    await listen({});
    const [one, other] = await openMany(2);
    one!.destroy();
    other!.destroy();
    while (connections.size > 0) await new Promise((resolve) => setImmediate(resolve));
    expect(connections).to.include({ addressCount: 0, halfOpenCount: 0 });
  });

  it('sees through TLS', async () => {
    await listen({}, true);
    const silent = await open();
    const talking = connectTls({ port: port(), host: '127.0.0.1', ca: TLS_CERT, servername: 'localhost' });
    clients.add(talking);
    await once(talking, 'secureConnect');
    expect(connections).to.include({ size: 2, halfOpenCount: 2 });
    talking.write(REQUEST.replace('\r\n\r\n', '\r\nConnection: close\r\n\r\n'));
    expect(await text(talking)).to.contain('hello');
    expect(connections.halfOpenCount).to.equal(1);
    timers.pass(10_000);
    await gone(silent);
    while (connections.size > 0) await new Promise((resolve) => setImmediate(resolve));
  });
});
