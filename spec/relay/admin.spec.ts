import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import express from 'express';
import { expect } from 'chai';
import { adminRoutes, createAdminHttp, OperatorCheck, type AdminParts } from '../../relay/admin.ts';
import { ClientAddresses } from '../../relay/client-address.ts';
import { DEFAULT_OPTIONS, type RelayOptions } from '../../relay/option-table.ts';

const PARTS: AdminParts = {
  metrics: () => Promise.resolve({ contentType: 'text/plain; version=0.0.4', text: 'up 1\n' }),
  logs: () => undefined,
};

describe('relay admin', () => {
  let server: Server | undefined;

  afterEach(async () => {
    server?.close();
    if (server !== undefined) await once(server, 'close');
    server = undefined;
  });

  async function serve(listener: RequestListener): Promise<string> {
    server = createServer(listener).listen(0, '127.0.0.1');
    await once(server, 'listening');
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  /** The status of `/metrics` on the relay's port with some options and headers. */
  async function statusWith(
    changes: Partial<RelayOptions>,
    headers: Record<string, string> = {},
    query = '',
  ): Promise<number> {
    const options = { ...DEFAULT_OPTIONS, ...changes };
    const addresses = new ClientAddresses(options);
    const check = new OperatorCheck(options, (request) => addresses.of(request));
    const url = await serve(express().use(adminRoutes(PARTS, check.handle)));
    const response = await fetch(`${url}/metrics${query}`, { headers: { connection: 'close', ...headers } });
    await response.text();
    server!.close();
    await once(server!, 'close');
    server = undefined;
    return response.status;
  }

  it('shows metrics to programs on the same machine, and to nobody behind a proxy', async () => {
    expect(await statusWith({})).to.equal(200);
    expect(await statusWith({}, { 'x-forwarded-for': '192.0.2.7' })).to.equal(403);
    expect(await statusWith({}, { forwarded: 'for=192.0.2.7' })).to.equal(403);
    expect(await statusWith({ trustProxy: ['127.0.0.1'] }, { 'x-forwarded-for': '127.0.0.1' })).to.equal(403);
  });

  it('shows them to those who have the token, wherever they are, and to no others', async () => {
    const adminToken = 'open-sesame';
    expect(await statusWith({ adminToken })).to.equal(401);
    expect(await statusWith({ adminToken }, { authorization: 'Bearer wrong' })).to.equal(401);
    expect(await statusWith({ adminToken }, { authorization: `Bearer ${adminToken}` })).to.equal(200);
    const far = { 'x-forwarded-for': '192.0.2.7' };
    expect(await statusWith({ adminToken }, far, `?token=${adminToken}`)).to.equal(200);
  });

  it('knows nothing of them on the relay’s port when operators have their own', async () => {
    expect(await statusWith({ adminPort: 0 })).to.equal(404);
    expect(await statusWith({ adminPort: 0, adminToken: 'open-sesame' })).to.equal(401);
  });

  it('serves them and nothing else on that port', async () => {
    const url = await serve(createAdminHttp(PARTS));
    const response = await fetch(`${url}/metrics`);
    expect([response.status, await response.text()]).to.deep.equal([200, 'up 1\n']);
    expect(response.headers.get('content-type')).to.contain('version=0.0.4');
    expect(response.headers.get('access-control-allow-origin')).to.equal(null);
    for (const path of ['/', '/gun', '/METRICS', '/metrics/']) {
      const other = await fetch(`${url}${path}`);
      expect([other.status, await other.text()], path).to.deep.equal([404, 'Not found.\n']);
    }
  });
});
