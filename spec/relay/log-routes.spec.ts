import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import express from 'express';
import { expect } from 'chai';
import { SequenceReader, type OperationBytes } from '../../lib/log/sequence.ts';
import type { BlameReport, HeadReport, LogAccess } from '../../relay/log-access.ts';
import { LOG_ROUTES, SEQUENCE_TYPE } from '../../relay/log-exchange.ts';
import { logRoutes } from '../../relay/log-routes.ts';
import { gathered } from '../support/log-bytes.ts';

const KEY = 'ab'.repeat(32);
const HEAD: HeadReport = {
  author: KEY,
  log: KEY,
  first: 0,
  height: 1,
  tip: KEY,
  side: undefined,
  operations: 2,
};

function operation(at: number): OperationBytes {
  return { header: Uint8Array.of(at), body: at % 2 === 0 ? undefined : new Uint8Array(20_000).fill(at) };
}

/** Logs that are made up; what is asked for is noted. */
class MadeUpLogs implements LogAccess {
  readonly asked: unknown[] = [];
  breaks = false;

  async *heads(author: string | undefined): AsyncGenerator<HeadReport> {
    this.asked.push(author);
    for (let at = 0; at < 500; at += 1) yield await Promise.resolve({ ...HEAD, height: at });
    if (this.breaks) throw new Error('broken');
  }

  async *operations(log: unknown): AsyncGenerator<OperationBytes> {
    this.asked.push(log);
    for (let at = 0; at < 100; at += 1) yield await Promise.resolve(operation(at));
  }

  async *blame(...asked: unknown[]): AsyncGenerator<BlameReport> {
    this.asked.push(...asked);
    yield await Promise.resolve({ soul: 's', key: 'k', value: 1, state: 2 });
  }

  async import(chunks: AsyncIterable<Uint8Array>): ReturnType<LogAccess['import']> {
    if (this.breaks) throw new Error('broken');
    const bytes = (await gathered(chunks)).reduce((sum, { length }) => sum + length, 0);
    return { taken: bytes, known: 0, refused: {} };
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

describe('relay log routes', () => {
  let logs: MadeUpLogs;
  let isOpen: boolean;
  let server: Server;
  let url: string;

  before(async () => {
    const app = express().use(logRoutes(() => (isOpen ? logs : undefined)));
    server = createServer(app).listen(0, '127.0.0.1');
    await once(server, 'listening');
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });

  after(async () => {
    server.close();
    server.closeAllConnections();
    await once(server, 'close');
  });

  beforeEach(() => {
    logs = new MadeUpLogs();
    isOpen = true;
  });

  function post(headers: Record<string, string>): Promise<Response> {
    return fetch(url + LOG_ROUTES.import, { method: 'POST', headers, body: Uint8Array.of(1, 2, 3) });
  }

  it('give heads as lines of JSON, of one author alone if that is wanted', async () => {
    const response = await fetch(`${url}${LOG_ROUTES.heads}?author=${KEY}`);
    expect(response.headers.get('content-type')).to.equal('application/x-ndjson');
    expect(response.headers.get('cache-control')).to.equal('no-store');
    const lines = (await response.text()).trimEnd().split('\n');
    expect(lines).to.have.lengthOf(500);
    expect(JSON.parse(lines[7]!)).to.deep.include({ author: KEY, height: 7 });
    await (await fetch(url + LOG_ROUTES.heads)).text();
    expect(logs.asked).to.deep.equal([KEY, undefined]);
  });

  it('give the operations of a log as a CBOR sequence', async () => {
    const response = await fetch(`${url}${LOG_ROUTES.operations}?author=${KEY}&log=${KEY}`);
    expect(response.headers.get('content-type')).to.equal(SEQUENCE_TYPE);
    const reader = new SequenceReader();
    const items = [...reader.take(new Uint8Array(await response.arrayBuffer()))];
    reader.end();
    expect(reader.fault).to.equal(undefined);
    expect(items).to.deep.equal(items.map((_, at) => operation(at)));
    expect(items).to.have.lengthOf(100);
    expect(logs.asked).to.deep.equal([{ author: KEY, log: KEY }]);
  });

  it('tell who wrote a node, now or at a moment', async () => {
    const response = await fetch(`${url}${LOG_ROUTES.blame}?soul=s&key=k&at=${KEY}`);
    expect(JSON.parse(await response.text())).to.deep.equal({ soul: 's', key: 'k', value: 1, state: 2 });
    await (await fetch(`${url}${LOG_ROUTES.blame}?soul=t`)).text();
    expect(logs.asked).to.deep.equal(['s', 'k', KEY, 't', undefined, undefined]);
    for (const query of ['', '?key=k', '?soul=s&at=yesterday']) {
      expect((await fetch(url + LOG_ROUTES.blame + query)).status, query).to.equal(400);
    }
  });

  it('take operations in, of their own type and from no page', async () => {
    const taken = await post({ 'content-type': SEQUENCE_TYPE });
    expect(await taken.json()).to.deep.equal({ taken: 3, known: 0, refused: {} });
    expect((await post({ 'content-type': 'text/plain' })).status).to.equal(415);
    expect((await post({ 'content-type': SEQUENCE_TYPE, origin: 'https://evil.example' })).status).to.equal(
      403,
    );
  });

  it('refuse names that are none', async () => {
    for (const path of [
      `${LOG_ROUTES.heads}?author=abc`,
      `${LOG_ROUTES.operations}?author=${KEY}`,
      `${LOG_ROUTES.operations}?author=${KEY}&log=${KEY.toUpperCase()}`,
      `${LOG_ROUTES.operations}?author[]=${KEY}&log=${KEY}`,
    ]) {
      const response = await fetch(url + path);
      expect([response.status, await response.text()], path).to.deep.equal([
        400,
        'Authors and logs are 64 hex digits.\n',
      ]);
    }
    expect(logs.asked).to.deep.equal([]);
  });

  it('answer 503 while the store is not open', async () => {
    isOpen = false;
    const paths = [LOG_ROUTES.heads, `${LOG_ROUTES.operations}?author=${KEY}&log=${KEY}`];
    for (const path of paths) expect((await fetch(url + path)).status, path).to.equal(503);
    expect((await post({ 'content-type': SEQUENCE_TYPE })).status).to.equal(503);
  });

  it('cut an answer off that cannot be finished', async () => {
    logs.breaks = true;
    const error = await fetch(url + LOG_ROUTES.heads)
      .then((response) => response.text())
      .catch((reason: unknown) => reason);
    expect(error).to.be.instanceOf(Error);
    const failed = await post({ 'content-type': SEQUENCE_TYPE });
    expect([failed.status, await failed.text()]).to.deep.equal([500, 'The import broke off.\n']);
  });
});
