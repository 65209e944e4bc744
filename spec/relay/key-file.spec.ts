import { spawnSync } from 'node:child_process';
import { chmod, readdir, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { expect } from 'chai';
import { GraphError } from '../../lib/base/errors.ts';
import { loadKeyFile } from '../../relay/key-file.ts';
import { hasStrace } from '../support/synced-relay.ts';
import { temporaryFolders } from '../support/temporary-folder.ts';

async function codeOf(path: string): Promise<string> {
  const error = await loadKeyFile(path).catch((reason: unknown) => reason);
  return error instanceof GraphError ? `${error.code} ${error.message}` : 'loaded';
}

describe('relay.key-file', () => {
  const folder = temporaryFolders();

  it('makes a key at the first start, for its owner alone, and reads it ever after', async () => {
    const path = join(await folder(), 'key');
    const made = await loadKeyFile(path);
    expect([made.isNew, made.wasOpen]).to.deep.equal([true, false]);
    const read = await loadKeyFile(path);
    expect([read.pair.id, read.isNew]).to.deep.equal([made.pair.id, false]);
    expect(await readdir(dirname(path))).to.deep.equal(['key']);
    if (process.platform !== 'win32') expect((await stat(path)).mode & 0o777).to.equal(0o600);
    expect(await readFile(path, 'utf8')).to.match(/^[\da-f]{64}\n$/);
  });

  it('makes one key when two start at once', async () => {
    const path = join(await folder(), 'key');
    const results = await Promise.allSettled([loadKeyFile(path), loadKeyFile(path)]);
    const ids = results.flatMap((result) => (result.status === 'fulfilled' ? [result.value.pair.id] : []));
    expect(new Set(ids)).to.deep.equal(new Set([(await loadKeyFile(path)).pair.id]));
    expect(results.map(({ status }) => status)).to.deep.equal(['fulfilled', 'fulfilled']);
  });

  if (process.platform !== 'win32') {
    it('leaves nothing behind that is no key when the disk is full', async () => {
      const path = join(await folder(), 'key');
      const module = new URL('../../relay/key-file.js', import.meta.url).href;
      const script = `(await import(${JSON.stringify(module)})).loadKeyFile(${JSON.stringify(path)})`;
      const full = spawnSync('sh', [
        '-c',
        'ulimit -f 0; exec "$@"',
        'sh',
        process.execPath,
        '--input-type=module',
        '-e',
        script,
      ]);
      expect(full.status).to.not.equal(0);
      expect(await readdir(dirname(path))).to.deep.equal([]);
      expect(await codeOf(path)).to.equal('loaded');
      expect(await readdir(dirname(path))).to.deep.equal(['key']);
    });

    if (hasStrace()) {
      it('puts the name of a new key on the disk before anything is signed with it', async () => {
        const [path, calls] = [join(await folder(), 'key'), join(await folder(), 'calls')];
        const module = new URL('../../relay/key-file.js', import.meta.url).href;
        const script = `(await import(${JSON.stringify(module)})).loadKeyFile(${JSON.stringify(path)})`;
        const node = [process.execPath, '--input-type=module', '-e', script];
        spawnSync('strace', [
          '-f',
          '-qq',
          '-y',
          '-e',
          'trace=link,linkat,fsync,fdatasync',
          '-o',
          calls,
          ...node,
        ]);
        const done = (await readFile(calls, 'latin1')).split('\n');
        const linked = done.findLastIndex((line) => line.includes('link') && line.includes(path));
        const synced = done.findLastIndex(
          (line) => line.includes(`fsync(`) && line.includes(`<${dirname(path)}>`),
        );
        expect(linked).to.be.at.least(0);
        expect(synced).to.be.above(linked);
      });
    }

    it('says of a link to nowhere that there is no key', async () => {
      const path = join(await folder(), 'key');
      await symlink(`${path}-elsewhere`, path);
      expect(await codeOf(path)).to.match(/^KEY_INVALID .*ENOENT$/);
    });

    it('refuses a file that others may read, or takes it from them', async () => {
      const path = join(await folder(), 'key');
      const made = await loadKeyFile(path);
      await chmod(path, 0o640);
      expect(await codeOf(path)).to.match(/^KEY_INVALID .*chmod 600/);
      const { pair, wasOpen } = await loadKeyFile(path, { closes: true });
      expect([pair.id, wasOpen]).to.deep.equal([made.pair.id, true]);
      expect((await stat(path)).mode & 0o777).to.equal(0o600);
    });
  }

  it('refuses what is no key, and a place where none can be, and never says what is in the file', async () => {
    const path = join(await folder(), 'key');
    await writeFile(path, 'secretsecret', { mode: 0o600 });
    expect(await codeOf(path)).to.match(/^KEY_INVALID .*64 hex digits$/);
    expect(await codeOf(path)).to.not.include('secretsecret');
    expect(await codeOf(join(path, 'below'))).to.match(/^KEY_INVALID .*ENOTDIR$/);
  });
});
