import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import { createServer, request, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { expect } from 'chai';
import type { RequestHandler } from 'express';
import { aboutRelay } from '../../relay/about.ts';
import { createHttp } from '../../relay/http.ts';
import { DEFAULT_OPTIONS } from '../../relay/option-table.ts';
import { VERSION } from '../../relay/version.ts';
import { temporaryFolders } from '../support/temporary-folder.ts';

/** Stands for the routes of operators. */
const admin: RequestHandler = ({ path }, response, next) => {
  if (path === '/operators') response.send('secret');
  else next();
};

const ABOUT = aboutRelay(DEFAULT_OPTIONS);

/** What a request brought back. */
interface Answer {
  readonly status: number | undefined;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

describe('relay http', () => {
  const folder = temporaryFolders();
  let server: Server;
  let unreadyReason: string | undefined;
  let deadReason: string | undefined;
  let gunFolder: string | undefined;

  beforeEach(async () => {
    unreadyReason = undefined;
    deadReason = undefined;
    gunFolder = undefined;
    const findGun = (): string | undefined => gunFolder;
    server = createServer(
      createHttp({
        about: ABOUT,
        deadReason: () => deadReason,
        unreadyReason: () => Promise.resolve(unreadyReason),
        admin,
        findGun,
      }),
    );
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
  });

  afterEach(async () => {
    server.close();
    await once(server, 'close');
  });

  /** A request whose path is sent as it is; `fetch` would tidy it up. */
  async function ask(path: string, headers: Record<string, string> = {}, method = 'GET'): Promise<Answer> {
    const { port } = server.address() as AddressInfo;
    const asking = request({ host: '127.0.0.1', port, path, method, headers, agent: false }).end();
    const [response] = (await once(asking, 'response')) as [IncomingMessage];
    return { status: response.statusCode, headers: response.headers, body: await text(response) };
  }

  /** A stand-in for the gun package, with secrets around what is served. */
  async function installGun(): Promise<void> {
    const outside = await folder();
    gunFolder = join(outside, 'gun');
    await mkdir(join(gunFolder, 'lib', 'folder.js'), { recursive: true });
    const files: [string, string][] = [
      ['gun.js', 'gun'],
      ['sea.js', 'sea'],
      ['package.json', 'secret'],
      ['secret.js', 'secret'],
      [join('lib', 'radix.js'), 'radix'],
      [join('lib', 'then.d.ts'), 'secret'],
      [join('lib', '.hidden.js'), 'secret'],
      [join('..', 'secret.js'), 'secret'],
    ];
    await Promise.all(files.map(([name, content]) => writeFile(join(gunFolder!, name), content)));
  }

  it('says at / and /gun what it is, with version and address', async () => {
    for (const path of ['/', '/gun', '/gun?x=1']) {
      const { status, headers, body } = await ask(path, { accept: 'text/html,*/*;q=0.8' });
      expect(status, path).to.equal(200);
      expect(headers['content-type'], path).to.equal('text/html; charset=utf-8');
      expect(body, path).to.contain(VERSION).and.to.contain('/gun').and.to.contain('GunDB');
    }
    expect((await ask('/gun')).headers['content-type']).to.match(/^text\/html/);
  });

  it('says the same as JSON, with its limits, to whom asks for that', async () => {
    const { status, headers, body } = await ask('/gun', { accept: 'application/json' });
    expect(status).to.equal(200);
    expect(headers['content-type']).to.match(/^application\/json/);
    expect(JSON.parse(body)).to.deep.equal(ABOUT);
  });

  it('is live and ready, or says why not', async () => {
    expect(await ask('/ready')).to.include({ status: 200, body: '{"status":"ready"}' });
    unreadyReason = 'starting';
    const unready = { status: 503, body: '{"status":"not ready","reason":"starting"}' };
    expect(await ask('/ready')).to.include(unready);
    deadReason = 'no store';
    expect(await ask('/health')).to.include({
      status: 503,
      body: '{"status":"not live","reason":"no store"}',
    });
    deadReason = undefined;
    const health = await ask('/health');
    expect(health).to.include({ status: 200, body: '{"status":"live"}' });
    expect(health.headers['cache-control']).to.equal('no-store');
  });

  it('has the routes for operators, and opens them to no page of another origin', async () => {
    const answer = await ask('/operators', { origin: 'https://evil.example' });
    expect(answer).to.include({ status: 200, body: 'secret' });
    expect(answer.headers).to.not.have.property('access-control-allow-origin');
  });

  it("serves gun's client files to any origin", async () => {
    await installGun();
    const files: [string, string][] = [
      ['/gun.js', 'gun'],
      ['/gun/gun.js', 'gun'],
      ['/gun/sea.js', 'sea'],
      ['/gun/lib/radix.js', 'radix'],
    ];
    for (const [path, content] of files) {
      const { status, headers, body } = await ask(path);
      expect([status, body], path).to.deep.equal([200, content]);
      expect(headers['content-type'], path).to.match(/^text\/javascript/);
      expect(headers['access-control-allow-origin'], path).to.equal('*');
    }
    expect(await ask('/gun.js', {}, 'HEAD')).to.include({ status: 200, body: '' });
  });

  it('says how to install gun when it is not there', async () => {
    for (const path of ['/gun.js', '/gun/gun.js', '/gun/sea.js', '/gun/lib/radix.js']) {
      const { status, headers, body } = await ask(path);
      expect(status, path).to.equal(404);
      expect(headers['content-type'], path).to.match(/^text\/plain/);
      expect(body, path).to.contain('npm install gun');
    }
  });

  it('serves nothing else of the package, its folders or the disk', async () => {
    await installGun();
    const paths = [
      '/gun/package.json',
      '/gun/secret.js',
      '/gun/lib',
      '/gun/lib/',
      '/gun/lib/missing.js',
      '/gun/lib/folder.js',
      '/gun/lib/then.d.ts',
      '/gun/lib/.hidden.js',
      '/gun/lib/..',
      '/gun/lib/../secret.js',
      '/gun/lib/../../secret.js',
      '/gun/lib/%2e%2e/secret.js',
      '/gun/lib/..%2fsecret.js',
      '/gun/lib/..%2f..%2fsecret.js',
      '/gun/lib/..%5csecret.js',
      '/gun/lib/%2e%2e%2fsecret.js',
      '/gun/lib//secret.js',
      '/gun/../secret.js',
      '/secret.js',
      '/lib/radix.js',
      '/js/gun.js',
    ];
    for (const path of paths) {
      const { status, body } = await ask(path);
      expect(status, path).to.equal(404);
      expect(body, path).to.not.contain('secret');
    }
  });

  it('answers everything else with a short 404', async () => {
    for (const path of ['/other', '/gun/', '/GUN', '/Health', '/health/', '/index.html', '/favicon.ico']) {
      expect(await ask(path), path).to.include({ status: 404, body: 'Not found.\n' });
    }
    for (const method of ['POST', 'PUT', 'DELETE', 'PATCH']) {
      expect(await ask('/gun', {}, method), method).to.include({ status: 404 });
    }
  });

  it('tells strangers nothing about itself in headers or faults', async () => {
    const { headers } = await ask('/other');
    expect(headers).to.not.have.property('x-powered-by');
    const fault = await ask('/gun/lib/%zz.js');
    expect(fault).to.include({ status: 400, body: 'Bad request.\n' });
  });
});
