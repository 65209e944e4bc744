import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { expect } from 'chai';
import { WebSocket } from 'ws';
import { limitsWith } from '../../lib/base/limits.ts';
import { Slices } from '../../lib/base/slices.ts';
import type { RefusedUpgrade } from '../../relay/admission.ts';
import { Heartbeat } from '../../relay/heartbeat.ts';
import type { LogSocket } from '../../relay/log-socket.ts';
import type { SocketLink } from '../../relay/socket-link.ts';
import { Upgrade, type UpgradeParts } from '../../relay/upgrade.ts';
import { admitAll, OPEN_DOOR } from './open-door.ts';

const KEY = 'dGhlIHNhbXBsZSBub25jZQ==';

/** What the server says, until it ends or has switched protocols. */
async function readHead(socket: Socket): Promise<string> {
  let text = '';
  for await (const chunk of socket) {
    text += String(chunk);
    if (text.includes('101 Switching') && text.includes('\r\n\r\n')) break;
  }
  return text;
}

describe('relay upgrade', () => {
  let server: Server;
  let upgrade: Upgrade;
  let links: SocketLink[];
  let gone: SocketLink[];
  let admit: UpgradeParts['admit'];
  let onLine: UpgradeParts['onLine'];
  let logLines: LogSocket[];
  let port: number;
  const heartbeat = new Heartbeat(20_000, () => () => undefined);

  beforeEach(async () => {
    server = createServer();
    links = [];
    admit = admitAll;
    onLine = undefined;
    logLines = [];
    upgrade = new Upgrade({
      server,
      heartbeat,
      slices: new Slices({ schedule: setImmediate }),
      limits: limitsWith({ frameBytes: 1024 }),
      admit: (request) => admit(request),
      onLink: (link) => links.push(link),
      get onLine() {
        return onLine;
      },
      onGone: (link) => gone.push(link),
    });
    gone = [];
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    ({ port } = server.address() as AddressInfo);
  });

  afterEach(async () => {
    upgrade.terminate();
    server.close();
    await once(server, 'close');
  });

  /** Sends an upgrade request as it is; resolves with everything answered until the end or the end of the head. */
  async function ask(path: string, headers: string[] = []): Promise<string> {
    const socket = connect(port, '127.0.0.1');
    const lines = [
      `GET ${path} HTTP/1.1`,
      'Host: relay',
      'Connection: Upgrade',
      'Upgrade: websocket',
      'Sec-WebSocket-Version: 13',
      `Sec-WebSocket-Key: ${KEY}`,
      ...headers,
    ];
    socket.write(`${lines.join('\r\n')}\r\n\r\n`);
    const answer = await readHead(socket);
    socket.destroy();
    return answer;
  }

  it('makes a link of /gun, with any query', async () => {
    for (const path of ['/gun', '/gun?x=1', '/gun?token=a/b']) {
      expect(await ask(path), path).to.match(/^HTTP\/1\.1 101 /);
    }
    expect(links).to.have.length(3);
    expect(links[0]!.name).to.match(/^127\.0\.0\.1:\d+$/);
  });

  it('answers other paths with 404 instead of leaving them hanging', async () => {
    for (const path of [
      '/',
      '/gun/',
      '/GUN',
      '/gunx',
      '/gun.js',
      '/log',
      '/gun/../gun',
      '//gun',
      '/gun%2f',
    ]) {
      const answer = await ask(path);
      expect(answer, path).to.match(/^HTTP\/1\.1 404 Not Found\r\n/);
      expect(answer, path).to.contain('Connection: close').and.to.contain('/gun');
    }
    expect(links).to.deep.equal([]);
  });

  it('makes a line of /log for who speaks its protocol and may write, if there are logs', async () => {
    const speaks = ['Sec-WebSocket-Protocol: other, gun-log.1'];
    expect(await ask('/log', speaks)).to.match(/^HTTP\/1\.1 404 /);
    onLine = (line) => logLines.push(line);
    expect(await ask('/log')).to.match(/^HTTP\/1\.1 400 [\s\S]*gun-log\.1/);
    const answer = await ask('/log?token=x', speaks);
    expect(answer).to.match(/^HTTP\/1\.1 101 /);
    expect(answer.toLowerCase()).to.contain('sec-websocket-protocol: gun-log.1\r\n');
    let left = 0;
    admit = () => ({ ...OPEN_DOOR, mayWrite: false, leave: () => (left += 1) });
    expect(await ask('/log', speaks)).to.match(/^HTTP\/1\.1 401 /);
    expect([left, logLines.length, links.length]).to.deep.equal([1, 1, 0]);
    expect(upgrade.refused).to.include({ path: 1, protocol: 1, token: 1 });
  });

  it('echoes an offered subprotocol and takes any origin', async () => {
    const answer = await ask('/gun', [
      'Sec-WebSocket-Protocol: gun, other',
      'Origin: https://anywhere.example',
    ]);
    expect(answer).to.match(/^HTTP\/1\.1 101 /);
    expect(answer.toLowerCase()).to.contain('sec-websocket-protocol: gun\r\n');
  });

  it('never compresses, whatever is offered', async () => {
    const answer = await ask('/gun', ['Sec-WebSocket-Extensions: permessage-deflate']);
    expect(answer).to.match(/^HTTP\/1\.1 101 /);
    expect(answer.toLowerCase()).to.not.contain('sec-websocket-extensions');
  });

  it('refuses what is no websocket handshake', async () => {
    expect(await ask('/gun', ['Sec-WebSocket-Protocol: ,,'])).to.match(/^HTTP\/1\.1 400 /);
    const socket = connect(port, '127.0.0.1');
    socket.write('GET /gun HTTP/1.1\r\nHost: relay\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n');
    expect(await readHead(socket)).to.match(/^HTTP\/1\.1 400 /);
    expect(links).to.deep.equal([]);
  });

  it('answers 503 once it is closed', async () => {
    upgrade.close();
    expect(await ask('/gun')).to.match(/^HTTP\/1\.1 503 /);
  });

  it('says shortly why somebody is not let in, and counts it', async () => {
    const answers: [RefusedUpgrade, number, RegExp][] = [
      ['rate', 429, /Retry-After: \d+\r\n[^]*Too many new connections/],
      ['address', 429, /Retry-After: \d+\r\n[^]*Too many connections/],
      ['full', 503, /Retry-After: \d+\r\n[^]*as many connections as it takes/],
      ['origin', 403, /origin/],
      ['token', 401, /WWW-Authenticate: Bearer\r\n[^]*token/],
    ];
    for (const [reason, status, text] of answers) {
      admit = () => reason;
      const answer = await ask('/gun');
      expect(answer, reason)
        .to.match(new RegExp(`^HTTP/1\\.1 ${status} `))
        .and.to.match(text);
      expect(answer.length, reason).to.be.lessThan(400);
    }
    expect(upgrade.refused).to.deep.equal({
      path: 0,
      protocol: 0,
      rate: 1,
      address: 1,
      full: 1,
      origin: 1,
      token: 1,
    });
    expect(links).to.deep.equal([]);
  });

  it('gives the place back when the link is gone or never came to be', async () => {
    let left = 0;
    admit = () => ({ ...OPEN_DOOR, leave: () => (left += 1) });
    expect(await ask('/gun', ['Sec-WebSocket-Protocol: ,,'])).to.match(/^HTTP\/1\.1 400 /);
    expect(left).to.equal(1);
    const client = new WebSocket(`ws://127.0.0.1:${port}/gun`);
    await once(client, 'open');
    expect([left, gone.length]).to.deep.equal([1, 0]);
    const closing = once(client, 'close');
    upgrade.terminate();
    await closing;
    expect([left, gone.length]).to.deep.equal([2, 1]);
  });

  it('knows the links that live and can cut them off', async () => {
    const client = new WebSocket(`ws://127.0.0.1:${port}/gun`);
    await once(client, 'open');
    expect(upgrade.linkCount).to.equal(1);
    const closing = once(client, 'close');
    upgrade.terminate();
    await closing;
    expect(upgrade.linkCount).to.equal(0);
  });

  it('survives a stranger who hangs up on the refusal', async () => {
    const socket = connect(port, '127.0.0.1');
    await once(socket, 'connect');
    socket.write('GET /other HTTP/1.1\r\nHost: relay\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n');
    socket.resetAndDestroy();
    expect(await ask('/gun')).to.match(/^HTTP\/1\.1 101 /);
  });
});
