import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { expect } from 'chai';
import { WebSocket } from 'ws';
import { GraphError } from '../../lib/base/errors.ts';
import { FrontDoor } from '../../relay/front-door.ts';
import { Slices } from '../../lib/base/slices.ts';
import { Heartbeat } from '../../relay/heartbeat.ts';
import { DEFAULT_OPTIONS, type RelayOptions } from '../../relay/option-table.ts';
import { temporaryFolders } from '../support/temporary-folder.ts';
import { FakeTimers } from './fake-timers.ts';
import { TLS_CERT, TLS_KEY } from './tls-pair.ts';

describe('relay front door', () => {
  let timers: FakeTimers;
  let links: number;
  let gone: number;
  let events: string[];
  const watched = new Map<string, () => void>();
  const folder = temporaryFolders();

  beforeEach(() => {
    timers = new FakeTimers();
    links = 0;
    gone = 0;
    events = [];
  });

  function doorWith(changes: Partial<RelayOptions> = {}): FrontDoor {
    return new FrontDoor({
      options: { ...DEFAULT_OPTIONS, port: 0, host: '127.0.0.1', ...changes },
      onRequest: (_request, response) => response.end('relay'),
      onAdminRequest: (_request, response) => response.end('operators'),
      heartbeat: new Heartbeat(20_000, timers.repeat),
      slices: new Slices({ schedule: setImmediate }),
      logger: { log: (_level, { kind }) => events.push(kind) },
      watch: (file, onChange) => {
        watched.set(file, onChange);
        return () => watched.delete(file);
      },
      now: timers.now,
      repeat: timers.repeat,
      startTimer: timers.startTimer,
      onLink: () => (links += 1),
      onGone: () => (gone += 1),
    });
  }

  it('listens on one port, and on another for operators when they have one', async () => {
    const door = doorWith({ adminPort: 0 });
    const { port, adminPort } = await door.listen();
    expect(await (await fetch(`http://127.0.0.1:${port}/`)).text()).to.equal('relay');
    expect(await (await fetch(`http://127.0.0.1:${adminPort}/`)).text()).to.equal('operators');
    await door.close();
    const plain = doorWith();
    expect((await plain.listen()).adminPort).to.equal(0);
    await plain.close();
  });

  it('lets websockets in, counts them and their bytes, and cuts them off at the end', async () => {
    const door = doorWith();
    const { port } = await door.listen();
    const client = new WebSocket(`ws://127.0.0.1:${port}/gun`);
    await once(client, 'open');
    expect([links, door.upgrade.linkCount, door.connections.size]).to.deep.equal([1, 1, 1]);
    expect(door.traffic.bytesWritten).to.be.greaterThan(0);
    const closed = door.close();
    door.terminate();
    await closed;
    while (door.upgrade.linkCount > 0) await new Promise((resolve) => setImmediate(resolve));
    expect([gone, door.upgrade.linkCount]).to.deep.equal([1, 0]);
    expect(timers.size).to.equal(0);
  });

  it('looks at the files for TLS while it is open, and says what became of a change', async () => {
    const path = await folder();
    const [httpsKey, httpsCert] = [join(path, 'key.pem'), join(path, 'cert.pem')];
    await Promise.all([writeFile(httpsKey, TLS_KEY), writeFile(httpsCert, TLS_CERT)]);
    const door = doorWith({ httpsKey, httpsCert });
    await door.listen();
    expect([...watched.keys()]).to.deep.equal([httpsKey, httpsCert]);
    for (const [cert, kind] of [
      ['junk', 'tls-reload-failed'],
      [TLS_CERT, 'tls-reloaded'],
    ] as const) {
      await writeFile(httpsCert, cert);
      watched.get(httpsCert)!();
      timers.pass(1000);
      expect(events.at(-1)).to.equal(kind);
    }
    await door.close();
    expect(watched.size).to.equal(0);
  });

  it('has no timers before it listens', () => {
    doorWith();
    expect(timers.size).to.equal(0);
  });

  it('says which port is in use, also that of operators, and can be closed then', async () => {
    const occupant = createServer().listen(0, '127.0.0.1');
    await once(occupant, 'listening');
    const { port } = occupant.address() as AddressInfo;
    for (const changes of [{ port, adminPort: 0 }, { adminPort: port }]) {
      const door = doorWith(changes);
      const error = await door.listen().catch((reason: unknown) => reason);
      expect(error).to.be.instanceOf(GraphError).with.property('code', 'RELAY_LISTEN_FAILED');
      expect((error as GraphError).message).to.contain(`port ${port} is in use`);
      await door.close();
    }
    occupant.close();
  });
});
