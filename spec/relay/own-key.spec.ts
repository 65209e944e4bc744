import { chmod, cp, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { MemoryStorage } from '../../adapters/memory.ts';
import { openKeyFile, storedKey, type OwnKeyEvent } from '../../relay/own-key.ts';
import { TELLS_BIRTHS } from '../support/birth-times.ts';
import { temporaryFolders } from '../support/temporary-folder.ts';

/** Opens the key of a folder and gives it back: which one it is, and what was told. */
async function keyOf(data: string, logKey = ''): Promise<{ id: string; told: readonly OwnKeyEvent[] }> {
  const told: OwnKeyEvent[] = [];
  const key = await openKeyFile({ data, logKey, report: (event) => told.push(event) });
  await key.release();
  return { id: key.pair.id, told };
}

describe('relay.own-key', () => {
  const folder = temporaryFolders();

  it('is made once, and that is told', async () => {
    const data = await folder();
    const { id, told } = await keyOf(data);
    expect(told).to.deep.equal([{ kind: 'log-key-made', file: join(data, 'log-key'), key: id }]);
    expect(await keyOf(data)).to.deep.equal({ id, told: [] });
  });

  if (TELLS_BIRTHS) {
    it('is another one in a copied folder, where the old one is kept and can be asked for', async () => {
      const place = await folder();
      const [data, copy] = [join(place, 'data'), join(place, 'copy')];
      await cp(await folder(), data, { recursive: true });
      const { id } = await keyOf(data);
      await cp(data, copy, { recursive: true, preserveTimestamps: true });
      const copied = await keyOf(copy);
      expect(copied.id).to.not.equal(id);
      expect(copied.told.map(({ kind }) => kind)).to.deep.equal(['log-key-copied', 'log-key-made']);
      const kept = (await readdir(copy)).find((name) => /^log-key\.[\da-f]{16}$/.test(name))!;
      expect(copied.told[0])
        .to.have.property('todo')
        .that.contains(`--log-key ${join(copy, kept)}`);
      expect(await keyOf(copy)).to.deep.equal({ id: copied.id, told: [] });
      expect((await keyOf(copy, join(copy, kept))).id).to.equal(id);
      expect(await keyOf(data)).to.deep.equal({ id, told: [] });
    });
  }

  it('is made anew when its file is lost, and taken when it is put back without its lock', async () => {
    const data = await folder();
    const { id } = await keyOf(data);
    await cp(join(data, 'log-key'), join(data, 'backup'));
    await rm(join(data, 'log-key'));
    const other = await keyOf(data);
    const lost = TELLS_BIRTHS ? ['log-key-lost'] : [];
    expect(other.told.map(({ kind }) => kind)).to.deep.equal([...lost, 'log-key-made']);
    expect(other.id).to.not.equal(id);
    await rm(join(data, 'log-key.lock'), { recursive: true });
    await cp(join(data, 'backup'), join(data, 'log-key'));
    expect(await keyOf(data)).to.deep.equal({ id, told: [] });
  });

  if (process.platform !== 'win32') {
    it('is taken from others in the data folder, as some volumes give every file to a group', async () => {
      const data = await folder();
      const { id } = await keyOf(data);
      await chmod(join(data, 'log-key'), 0o660);
      expect(await keyOf(data)).to.deep.equal({
        id,
        told: [{ kind: 'log-key-open', file: join(data, 'log-key') }],
      });
      expect(await keyOf(data)).to.deep.equal({ id, told: [] });
    });

    it('needs no more than to be read where it was asked for', async () => {
      const [data, elsewhere] = [await folder(), await folder()];
      const file = join(elsewhere, 'key');
      const { id } = await keyOf(data, file);
      await chmod(file, 0o400);
      expect(await keyOf(data, file)).to.deep.equal({ id, told: [] });
      expect(await readdir(data)).to.deep.equal([]);
    });
  }

  it('is kept by a storage that has no folder', async () => {
    const storage = new MemoryStorage();
    await storage.open();
    const { id } = await storedKey(storage);
    expect((await storedKey(storage)).id).to.equal(id);
    await storage.commit([['log-key', 'damaged']]);
    const error: unknown = await storedKey(storage).catch((reason: unknown) => reason);
    expect(error).to.have.property('code', 'KEY_INVALID');
  });
});
