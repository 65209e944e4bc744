import { once } from 'node:events';
import { utimes, writeFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { createServer, type Server } from 'node:https';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { expect } from 'chai';
import { GraphError } from '../../lib/base/errors.ts';
import { readTlsPair, TlsReload, watchByName } from '../../relay/tls-files.ts';
import { temporaryFolders } from '../support/temporary-folder.ts';
import { FakeTimers } from './fake-timers.ts';
import { OTHER_TLS_CERT, OTHER_TLS_KEY, TLS_CERT, TLS_KEY } from './tls-pair.ts';

describe('relay TLS files', () => {
  const folder = temporaryFolders();
  let options: { httpsKey: string; httpsCert: string };

  beforeEach(async () => {
    const path = await folder();
    options = { httpsKey: join(path, 'key.pem'), httpsCert: join(path, 'cert.pem') };
    await write(TLS_KEY, TLS_CERT);
  });

  async function write(key: string, cert: string): Promise<void> {
    await Promise.all([writeFile(options.httpsKey, key), writeFile(options.httpsCert, cert)]);
  }

  it('are read as a pair', () => {
    const { key, cert } = readTlsPair(options);
    expect([key.toString(), cert.toString()]).to.deep.equal([TLS_KEY, TLS_CERT]);
  });

  it('are refused when they are no pair or cannot be read', async () => {
    await write(OTHER_TLS_KEY, TLS_CERT);
    expect(() => readTlsPair(options)).to.throw(GraphError, 'no usable PEM pair');
    await write('junk', 'junk');
    expect(() => readTlsPair(options)).to.throw(GraphError, 'no usable PEM pair');
    const missing = { ...options, httpsCert: `${options.httpsCert}.missing` };
    expect(() => readTlsPair(missing)).to.throw(
      GraphError,
      /--https-cert ".*missing": cannot be read \(ENOENT\)/,
    );
  });

  describe('when they change', () => {
    let server: Server;
    let timers: FakeTimers;
    let changed: Map<string, () => void>;
    let reports: (string | undefined)[];
    let reload: TlsReload;

    beforeEach(async () => {
      timers = new FakeTimers();
      changed = new Map();
      reports = [];
      server = createServer(readTlsPair(options)).listen(0, '127.0.0.1');
      await once(server, 'listening');
      reload = new TlsReload({
        options,
        server,
        watch: (file, onChange) => {
          changed.set(file, onChange);
          return () => changed.delete(file);
        },
        startTimer: timers.startTimer,
        report: (fault) => reports.push(fault),
      });
    });

    afterEach(async () => {
      reload.close();
      server.close();
      await once(server, 'close');
    });

    /** True when a new connection is shown the certificate. */
    async function shows(cert: string): Promise<boolean> {
      const { port } = server.address() as AddressInfo;
      const socket = connect({ port, host: '127.0.0.1', ca: cert, servername: 'localhost' });
      const isTrusted = await new Promise<boolean>((resolve) => {
        socket.once('secureConnect', () => resolve(true)).once('error', () => resolve(false));
      });
      socket.destroy();
      return isTrusted;
    }

    it('are given to new connections, both at once', async () => {
      await write(OTHER_TLS_KEY, OTHER_TLS_CERT);
      changed.get(options.httpsKey)!();
      timers.pass(999);
      changed.get(options.httpsCert)!();
      timers.pass(999);
      expect(reports).to.deep.equal([]);
      expect(await shows(TLS_CERT)).to.equal(true);
      timers.pass(1);
      expect(reports).to.deep.equal([undefined]);
      expect([await shows(TLS_CERT), await shows(OTHER_TLS_CERT)]).to.deep.equal([false, true]);
    });

    it('are left alone when they are broken, until they are whole again', async () => {
      await write(OTHER_TLS_KEY, 'junk');
      changed.get(options.httpsCert)!();
      timers.pass(1000);
      expect(reports).to.have.lengthOf(1);
      expect(reports[0]).to.contain('no usable PEM pair');
      expect(await shows(TLS_CERT)).to.equal(true);
      await write(OTHER_TLS_KEY, OTHER_TLS_CERT);
      changed.get(options.httpsCert)!();
      timers.pass(1000);
      expect(reports[1]).to.equal(undefined);
      expect(await shows(OTHER_TLS_CERT)).to.equal(true);
    });

    it('are looked at no more after the end', () => {
      changed.get(options.httpsCert)!();
      reload.close();
      expect([changed.size, timers.size]).to.deep.equal([0, 0]);
    });
  });

  it('are watched by name on the file system', async () => {
    let stop: (() => void) | undefined;
    const change = new Promise<void>((resolve) => {
      stop = watchByName(options.httpsCert, resolve);
    });
    // The watch has looked at the file once before it can see a change.
    await utimes(options.httpsCert, new Date(0), new Date(0));
    const timer = setInterval(() => void utimes(options.httpsCert, new Date(), new Date()), 100);
    await change;
    clearInterval(timer);
    stop?.();
  });
});
