import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { get as getHttps } from 'node:https';
import type { IncomingMessage, RequestListener } from 'node:http';
import { text } from 'node:stream/consumers';
import { expect } from 'chai';
import { GraphError } from '../../lib/base/errors.ts';
import { Listener, type ListenerOptions } from '../../relay/listener.ts';
import { temporaryFolders } from '../support/temporary-folder.ts';
import { TLS_CERT, TLS_KEY } from './tls-pair.ts';

const PLAIN: ListenerOptions = { port: 0, host: '127.0.0.1', httpsKey: '', httpsCert: '', requestMs: 8000 };
const greet: RequestListener = (_request, response) => {
  response.end('hello');
};

function codeOf(error: unknown): string {
  return error instanceof GraphError ? error.code : String(error);
}

describe('relay listener', () => {
  const folder = temporaryFolders();

  it('binds a free port and answers there', async () => {
    const listener = new Listener(PLAIN, greet);
    const port = await listener.listen();
    expect(port).to.be.greaterThan(0);
    const response = await fetch(`http://127.0.0.1:${port}/`);
    expect(await response.text()).to.equal('hello');
    await listener.close();
  });

  it('says which port is in use', async () => {
    const first = new Listener(PLAIN, greet);
    const port = await first.listen();
    const second = new Listener({ ...PLAIN, port }, greet);
    const error = await second.listen().catch((reason: unknown) => reason);
    expect(codeOf(error)).to.equal('RELAY_LISTEN_FAILED');
    expect((error as Error).message).to.contain(`port ${port} is in use`);
    await second.close();
    await first.close();
  });

  it('says what is wrong with an address it cannot have', async () => {
    const listener = new Listener({ ...PLAIN, host: '203.0.113.1' }, greet);
    const error = await listener.listen().catch((reason: unknown) => reason);
    expect(codeOf(error)).to.equal('RELAY_LISTEN_FAILED');
    expect((error as Error).message).to.contain('203.0.113.1');
    await listener.close();
  });

  it('survives a failing accept', async () => {
    const listener = new Listener(PLAIN, greet);
    const port = await listener.listen();
    listener.server.emit('error', new Error('no descriptors left'));
    listener.server.emit('error', new Error('still none'));
    expect(await (await fetch(`http://127.0.0.1:${port}/`)).text()).to.equal('hello');
    await listener.close();
  });

  it('drops strangers that stay silent or drip their headers', async () => {
    const listener = new Listener({ ...PLAIN, requestMs: 200 }, greet);
    const port = await listener.listen();
    const silent = connect(port, '127.0.0.1');
    const dripping = connect(port, '127.0.0.1');
    await once(dripping, 'connect');
    dripping.write('GET / HTTP/1.1\r\nHost: relay\r\nX-Slow: ');
    const [silence, drips] = await Promise.all([text(silent), text(dripping)]);
    expect(silence === '' || silence.startsWith('HTTP/1.1 408')).to.equal(true);
    expect(drips).to.match(/^HTTP\/1\.1 408 /);
    await listener.close();
  });

  it('drops them within ten seconds unless told otherwise', () => {
    const { server } = new Listener(PLAIN, greet);
    expect(server.headersTimeout).to.be.within(1, 9000);
    expect(server.requestTimeout).to.be.within(1, 9000);
  });

  it('refuses headers beyond 16 KiB', async () => {
    const listener = new Listener(PLAIN, greet);
    const port = await listener.listen();
    const response = await fetch(`http://127.0.0.1:${port}/`, {
      headers: { 'x-large': 'x'.repeat(17 * 1024) },
    });
    expect(response.status).to.equal(431);
    await response.text();
    await listener.close();
  });

  it('stops accepting when it closes, and cuts off what is left when told', async () => {
    const listener = new Listener(PLAIN, () => undefined);
    const port = await listener.listen();
    const hanging = connect(port, '127.0.0.1');
    hanging.write('GET / HTTP/1.1\r\nHost: relay\r\n\r\n');
    await once(listener.server, 'request');
    const closed = listener.close();
    const late = connect(port, '127.0.0.1');
    const [error] = (await once(late, 'error')) as [NodeJS.ErrnoException];
    expect(error.code).to.equal('ECONNREFUSED');
    listener.terminate();
    await Promise.all([closed, text(hanging).catch(() => undefined)]);
  });

  it('serves TLS from the files of a key and a certificate', async () => {
    const path = await folder();
    const [httpsKey, httpsCert] = [join(path, 'key.pem'), join(path, 'cert.pem')];
    await Promise.all([writeFile(httpsKey, TLS_KEY), writeFile(httpsCert, TLS_CERT)]);
    const listener = new Listener({ ...PLAIN, httpsKey, httpsCert }, greet);
    const port = await listener.listen();
    const request = getHttps({
      port,
      host: '127.0.0.1',
      ca: TLS_CERT,
      servername: 'localhost',
      agent: false,
    });
    const [response] = (await once(request, 'response')) as [IncomingMessage];
    expect(await text(response)).to.equal('hello');
    await listener.close();
  });

  it('names a TLS file that cannot be read or used', async () => {
    const missing = join(await folder(), 'missing.pem');
    const options = { ...PLAIN, httpsKey: missing, httpsCert: missing };
    expect(() => new Listener(options, greet)).to.throw(
      GraphError,
      /--https-key ".*missing\.pem": cannot be read \(ENOENT\)/,
    );
    const junk = join(await folder(), 'junk.pem');
    await writeFile(junk, 'junk');
    expect(() => new Listener({ ...PLAIN, httpsKey: junk, httpsCert: junk }, greet)).to.throw(
      GraphError,
      /no usable PEM pair/,
    );
  });
});
