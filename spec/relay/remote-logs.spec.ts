import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect } from 'chai';
import { MemoryStorage } from '../../adapters/memory.ts';
import { writeOf } from '../../lib/graph/write.ts';
import { graphTopic, logIdOf } from '../../lib/log/hash.ts';
import { createRelay, type Relay } from '../../relay/relay.ts';
import { RemoteLogs } from '../../relay/remote-logs.ts';
import { bodyOf, gathered, inPieces, sequenceFrom } from '../support/log-bytes.ts';
import { authorOf, logOf, operationAfter } from '../support/log-maker.ts';
import { RawPeer } from '../support/raw-peer.ts';

const LOG_ID = logIdOf(graphTopic('gun'));
const TOKEN = 'open-sesame';

/** Why work fails that must. */
async function reasonFor(work: Promise<unknown>): Promise<string> {
  const error = await work.then(
    () => new Error('it worked'),
    (reason: unknown) => reason,
  );
  expect(error).to.have.property('code', 'RELAY_UNREACHABLE');
  return (error as Error).message;
}

describe('relay remote logs', () => {
  let relay: Relay;
  let logs: RemoteLogs;
  let server: Server | undefined;

  before(async () => {
    const settings = { port: 0, host: '127.0.0.1', logLevel: 'silent', adminToken: TOKEN } as const;
    relay = createRelay(settings, { storage: new MemoryStorage() });
    await relay.listen();
    await relay.ready();
    logs = new RemoteLogs({ relay: `http://127.0.0.1:${relay.port}/gun`, token: TOKEN });
  });

  after(() => relay.close());

  afterEach(async () => {
    server?.closeAllConnections();
    server?.close();
    if (server !== undefined) await once(server, 'close');
    server = undefined;
  });

  async function served(listener: RequestListener): Promise<RemoteLogs> {
    server = createServer(listener).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    return new RemoteLogs({ relay: `http://127.0.0.1:${port}`, token: '' });
  }

  it('are read from a running relay and added to, and clients are told', async () => {
    const peer = await RawPeer.open(`ws://127.0.0.1:${relay.port}/gun`);
    await peer.get({ '#': 'mark' });
    const first = operationAfter(authorOf(1), undefined, bodyOf([writeOf('mark', 'name', 5, 'Mark')]), {
      logId: LOG_ID,
    });
    const more = logOf(authorOf(2), 1, () => bodyOf([writeOf('a', 'b', 1, 1)]));
    const report = await logs.import(inPieces(sequenceFrom([first, ...more]), 40));
    expect(report).to.deep.equal({
      taken: 1,
      known: 0,
      refused: { 'the operation is of another log or topic': 1 },
    });
    expect((await peer.pushed('mark')).put?.['mark']).to.include({ name: 'Mark' });
    const [head] = await gathered(logs.heads(undefined));
    expect(head).to.include({ height: 0, operations: 1 });
    expect(await gathered(logs.heads('00'.repeat(32)))).to.deep.equal([]);
    const [operation] = await gathered(logs.operations(head!));
    expect(operation).to.deep.equal({ header: first.header.bytes, body: first.body });
    await peer.close();
    await logs.close();
  });

  it('need the token', async () => {
    const without = new RemoteLogs({ relay: `http://127.0.0.1:${relay.port}`, token: '' });
    const reason = await reasonFor(gathered(without.heads(undefined)));
    expect(reason).to.include('401 This needs the token for operators.');
    expect(await reasonFor(without.import(inPieces(Uint8Array.of(), 1)))).to.include('401');
  });

  it('say when nobody is there, or somebody else', async () => {
    const gone = await served((_request, response) => response.end());
    server!.close();
    await once(server!, 'close');
    server = undefined;
    expect(await reasonFor(gathered(gone.heads(undefined)))).to.include('ECONNREFUSED');
    const other = await served((_request, response) => response.writeHead(404).end('Nothing\nhere'));
    expect(await reasonFor(gathered(other.heads(undefined)))).to.match(/: 404 Nothing$/);
  });

  it('say when an answer breaks off, or is none', async () => {
    const cut = await served((_request, response) => {
      response.writeHead(200, { 'content-length': '100' }).write('{}\n');
      setImmediate(() => response.destroy());
    });
    await reasonFor(gathered(cut.heads(undefined)));
    server!.close();
    const strange = await served((_request, response) => response.end(Uint8Array.of(0x82, 0x41)));
    const name = { author: '', log: '' };
    expect(await reasonFor(gathered(strange.operations(name)))).to.include('the bytes end too early');
    await reasonFor(strange.import(inPieces(Uint8Array.of(1), 1)));
    await reasonFor(gathered(strange.heads(undefined)));
  });

  it('say nothing of what may be secret in an address that is none', () => {
    for (const address of [
      'htps://relay.example/?token=s3cret',
      'user:s3cret@relay.example',
      'http://relay.example:s3cret',
    ]) {
      expect(() => new RemoteLogs({ relay: address, token: '' }), address)
        .to.throw(/^an option .*: --relay .*relay\.example/)
        .with.property('message')
        .that.does.not.contain('s3cret');
    }
  });

  it('need an address', () => {
    for (const address of ['', 'localhost:8765', 'ftp://a', 'data']) {
      expect(() => new RemoteLogs({ relay: address, token: '' }))
        .to.throw(/--relay/)
        .with.property('code', 'OPTION_INVALID');
    }
  });
});
