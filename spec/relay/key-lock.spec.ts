import { chmod, chown, cp, mkdir, readdir, rename, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { GraphError } from '../../lib/base/errors.ts';
import { createRelay, type RelaySettings } from '../../relay/relay.ts';
import { loadKeyFile } from '../../relay/key-file.ts';
import { lockKey } from '../../relay/key-lock.ts';
import { TELLS_BIRTHS } from '../support/birth-times.ts';
import { temporaryFolders } from '../support/temporary-folder.ts';

async function expectError(code: string, failing: Promise<unknown>): Promise<void> {
  const error = await failing.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).to.be.instanceOf(GraphError).and.have.property('code', code);
}

/** Whether the file in a folder is a copy; notes it then, if that is wanted. */
async function isOfCopy(folder: string, notes: boolean): Promise<boolean> {
  const lock = await lockKey(join(folder, 'log-key'));
  try {
    const answer = await lock.isOfCopy();
    if (notes) await lock.note();
    return answer;
  } finally {
    await lock.release();
  }
}

/** Any user who may not do everything. */
const NOBODY = 65_534;

/** Does something as a user for whom permissions count, to whom some files are given. */
async function asNobody(files: readonly string[], act: () => Promise<void>): Promise<void> {
  if (process.getuid?.() !== 0) return act();
  for (const file of files) await chown(file, NOBODY, NOBODY);
  process.seteuid!(NOBODY);
  try {
    await act();
  } finally {
    process.seteuid!(0);
  }
}

describe('relay.key-lock', () => {
  const folder = temporaryFolders();

  it('is held by one at a time, and by the next one once it is given back', async () => {
    const file = join(await folder(), 'log-key');
    const lock = await lockKey(file);
    await expectError('STORAGE_LOCKED', lockKey(file));
    await lock.release();
    await (await lockKey(file)).release();
  });

  it('knows a copy of its file, as long as it has noted one', async () => {
    const place = join(await folder(), 'place');
    await mkdir(place);
    await writeFile(join(place, 'log-key'), 'x');
    expect(await isOfCopy(place, true)).to.equal(false);
    expect(await isOfCopy(place, false)).to.equal(false);
    const [moved, copied] = [`${place}-moved`, `${place}-copied`];
    await rename(place, moved);
    await cp(moved, copied, { recursive: true, preserveTimestamps: true });
    expect([await isOfCopy(moved, false), await isOfCopy(copied, true)]).to.deep.equal([false, TELLS_BIRTHS]);
    expect(await isOfCopy(copied, false)).to.equal(false);
  });

  it('says when it cannot be taken', async () => {
    await expectError('KEY_INVALID', lockKey(join('/dev/null', 'log-key')));
  });

  if (process.platform !== 'win32') {
    it('says that its folder must be writable, and is had by a link in one that is', async () => {
      const [readOnly, writable] = [await folder(), await folder()];
      const file = join(readOnly, 'key');
      await loadKeyFile(file);
      await asNobody([readOnly, file, writable], async () => {
        await chmod(readOnly, 0o555);
        const error = await lockKey(file).catch((reason: unknown) => reason);
        expect(error).to.have.property('code', 'KEY_INVALID');
        expect(String(error))
          .to.contain(`${readOnly} must be writable for key.lock`)
          .and.contain('a link to it');
        expect(await readdir(readOnly)).to.deep.equal(['key']);
        const linked = join(writable, 'key');
        await symlink(file, linked);
        expect((await loadKeyFile(linked)).isNew).to.equal(false);
        await (await lockKey(linked)).release();
        await chmod(readOnly, 0o755);
      });
    });
  }

  it('keeps two relays with folders of their own from signing with one key', async () => {
    const place = await folder();
    const settings = (data: string): RelaySettings => ({
      port: 0,
      host: '127.0.0.1',
      legacy: 'witness',
      logLevel: 'silent',
      logKey: join(place, 'key'),
      data: join(place, data),
    });
    const first = createRelay(settings('first'));
    await first.listen();
    const second = createRelay(settings('second'));
    await expectError('STORAGE_LOCKED', second.listen());
    await first.close();
    const third = createRelay(settings('second'));
    await third.listen();
    await third.close();
    expect(third.port).to.be.above(0);
  });
});
