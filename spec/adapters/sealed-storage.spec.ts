import { expect } from 'chai';
import { describeStorage } from '../../adapters/conformance/index.ts';
import { drain, EVERYTHING, expectCode } from '../../adapters/conformance/storage-kit.ts';
import { LevelStorage } from '../../adapters/level.ts';
import { MemoryStorage } from '../../adapters/memory.ts';
import { sealChanges } from '../../adapters/seal.ts';
import { SealedStorage } from '../../adapters/sealed-storage.ts';
import type { Change, Storage } from '../../lib/store/storage.ts';
import { FaultyStorage } from '../support/faulty-storage.ts';
import { seed } from '../support/seed.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

describeStorage(
  { describe, it },
  'SealedStorage in memory',
  () => ({ storage: new SealedStorage(new MemoryStorage()) }),
  { supports: { persistent: false, snapshots: true }, seed },
);

describeStorage(
  { describe, it },
  'SealedStorage in LevelDB',
  async () => {
    const folder = await temporaryFolder();
    const again = (): Storage =>
      new SealedStorage(new LevelStorage({ location: folder.path, durability: 'os' }));
    return { storage: again(), again, remove: () => folder.remove() };
  },
  { supports: { persistent: true, snapshots: true }, seed },
);

describe('SealedStorage', () => {
  let memory: MemoryStorage;
  let storage: SealedStorage;
  let damages: string[];

  function over(inner: Storage): SealedStorage {
    return new SealedStorage(inner, { onDamage: (reason) => damages.push(reason) });
  }

  beforeEach(async () => {
    damages = [];
    memory = new MemoryStorage();
    storage = over(memory);
    await storage.open();
  });

  /** Changes one byte of what lies in memory. */
  async function damage(key: string): Promise<void> {
    const bytes = (await memory.getBytes(key))!;
    bytes[bytes.length - 1]! ^= 1;
    await memory.commit([[key, bytes]]);
  }

  it('refuses every read that meets a damaged value, at once and later, and tells it once', async () => {
    await storage.commit([
      ['a', '1'],
      ['b', '2'],
    ]);
    await damage('a');
    const late = new FaultyStorage(memory);
    late.late = true;
    for (const each of [storage, over(late)]) {
      await each.open();
      const reads: (() => unknown)[] = [
        () => each.getText('a'),
        () => each.getTexts(['b', 'a']),
        () => each.getBytes('a'),
        () => each.range({ from: 'a', to: 'c' }).next(9),
      ];
      for (const read of reads) await expectCode('STORAGE_DAMAGED', read);
      expect(await each.getText('b')).to.equal('2');
      expect(damages.splice(0)).to.deep.equal(['a record does not fit its checksum']);
    }
  });

  it('does not take a value for that of another key', async () => {
    await storage.commit([['a', '1']]);
    await memory.commit([['b', (await memory.getBytes('a'))!]]);
    await expectCode('STORAGE_DAMAGED', () => storage.getText('b'));
  });

  it('counts commits over restarts, those that went through', async () => {
    expect(storage.commits).to.equal(0);
    await storage.commit([['a', '1']]);
    await storage.commit([]);
    await Promise.all([storage.commit([['a', '2']]), storage.commit([['b', '1']])]);
    expect(storage.commits).to.equal(3);
    await storage.close();
    const faulty = new FaultyStorage(memory);
    const again = over(faulty);
    await again.open();
    expect(again.commits).to.equal(3);
    faulty.fails = (operation) => operation === 'commit';
    await expectCode('STORAGE_FAILED', () => again.commit([['a', '3']]));
    expect(again.commits).to.equal(3);
    faulty.fails = () => false;
    await again.commit([['a', '4']]);
    const third = over(memory);
    await third.open();
    expect(third.commits).to.equal(again.commits).and.to.be.greaterThan(3);
  });

  it('shows its own records in no walk, however small the pages', async () => {
    const changes: Change[] = ['A', 'M', 'M.', 'M0', 'n'].map((key) => [key, key]);
    await storage.commit(changes);
    for (const size of [1, 2, 9]) {
      expect(await drain(storage, EVERYTHING, size)).to.deep.equal(changes);
      expect(await drain(storage, { ...EVERYTHING, reverse: true }, size)).to.deep.equal(
        changes.toReversed(),
      );
      expect(await drain(storage, { from: 'M', to: 'M0' }, size)).to.deep.equal(changes.slice(1, 3));
    }
  });

  it('refuses to open data that was written without it, and frees what it had opened', async () => {
    const plain = new MemoryStorage();
    await plain.open();
    await plain.commit([['a', '1']]);
    await plain.close();
    const sealed = over(plain);
    await expectCode('STORAGE_UNREADABLE', () => sealed.open());
    await expectCode('STORAGE_NOT_OPEN', () => plain.getText('a'));
  });

  it('refuses to open data of a format it does not know', async () => {
    await storage.commit([['a', '1']]);
    for (const format of ['6', '8']) {
      await memory.open();
      await memory.commit(sealChanges([['M/format', format]]));
      await storage.close();
      await expectCode('STORAGE_UNREADABLE', () => storage.open());
    }
  });

  for (const key of ['M/commits', 'M/format']) {
    it(`refuses to open when ${key} is damaged`, async () => {
      await storage.commit([['a', '1']]);
      await damage(key);
      await storage.close();
      await expectCode('STORAGE_DAMAGED', () => storage.open());
      expect(damages).to.have.length(1);
    });
  }

  it('refuses to open when its counter is gone', async () => {
    await storage.commit([['a', '1']]);
    await memory.commit([['M/commits', undefined]]);
    await storage.close();
    await expectCode('STORAGE_DAMAGED', () => storage.open());
  });

  it('opens data whose first commit failed', async () => {
    const faulty = new FaultyStorage(memory);
    const sealed = over(faulty);
    await sealed.open();
    faulty.fails = (operation) => operation === 'commit';
    await expectCode('STORAGE_FAILED', () => sealed.commit([['a', '1']]));
    faulty.fails = () => false;
    await sealed.commit([['b', '1']]);
    await sealed.close();
    await sealed.open();
    expect(await sealed.getText('b')).to.equal('1');
  });
});
