import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { RawLevel, repairLevel, type RawEntry } from '../../adapters/level-raw.ts';
import { LevelStorage } from '../../adapters/level.ts';
import { fromUtf8, utf8 } from '../../lib/base/bytes.ts';
import { temporaryFolders } from '../support/temporary-folder.ts';

async function all(entries: AsyncGenerator<RawEntry>): Promise<[string, string][]> {
  const found: [string, string][] = [];
  for await (const [key, value] of entries) found.push([fromUtf8(key), fromUtf8(value)]);
  return found;
}

describe('RawLevel', () => {
  const folder = temporaryFolders();

  it('sees what a storage wrote, byte by byte, and changes it', async () => {
    const location = await folder();
    const storage = new LevelStorage({ location, durability: 'os' });
    await storage.open();
    await storage.commit(Array.from({ length: 1200 }, (_, at) => [`k${at}`, `${at}`]));
    await storage.commit([['é', Uint8Array.from([255])]]);
    await storage.close();
    const raw = new RawLevel(location);
    await raw.open();
    expect(await all(raw.walk())).to.have.length(1201);
    expect(await all(raw.walk({ from: utf8('k10'), to: utf8('k101') }))).to.deep.equal([
      ['k10', '10'],
      ['k100', '100'],
      ['k1000', '1000'],
      ['k1001', '1001'],
      ...Array.from({ length: 8 }, (_, at) => [`k100${at + 2}`, `100${at + 2}`]),
    ]);
    expect([...(await raw.get(utf8('é')))!]).to.deep.equal([255]);
    await raw.write([
      [utf8('é'), undefined],
      [Uint8Array.from([255, 0]), utf8('no text')],
    ]);
    expect(await raw.get(utf8('é'))).to.equal(undefined);
    expect(await raw.get(Uint8Array.from([255, 0]))).to.deep.equal(Buffer.from('no text'));
    await raw.close();
  });

  it('does not make a store unless it is told to', async () => {
    const location = join(await folder(), 'new');
    const raw = new RawLevel(location);
    expect(await raw.open().catch((error: unknown) => error)).to.be.instanceOf(Error);
    await raw.close();
    const made = new RawLevel(location, true);
    await made.open();
    await made.close();
  });

  it('repairs a folder that LevelDB cannot open', async () => {
    const location = await folder();
    const storage = new LevelStorage({ location, durability: 'os' });
    await storage.open();
    await storage.commit([['a', '1']]);
    await storage.close();
    await rm(join(location, 'CURRENT'));
    await repairLevel(location);
    await storage.open();
    expect(await storage.getText('a')).to.equal('1');
    await storage.close();
  });
});
