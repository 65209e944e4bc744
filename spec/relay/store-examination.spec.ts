import { expect } from 'chai';
import { RawLevel } from '../../adapters/level-raw.ts';
import { sealChanges } from '../../adapters/seal.ts';
import { fromUtf8 } from '../../lib/base/bytes.ts';
import { fieldKey, indexKey } from '../../lib/store/keys.ts';
import { MANY } from '../../lib/store/node-index.ts';
import { examineRecords, indexFaults, type IndexFault } from '../../relay/store-examination.ts';
import { fillStore, sizeOf, SOULS, tamper } from '../support/broken-store.ts';
import { temporaryFolders } from '../support/temporary-folder.ts';

function soulOfSize(size: number): string {
  return SOULS.find((soul) => sizeOf(soul) === size && soul.startsWith('soul'))!;
}

describe('store examination', () => {
  const folder = temporaryFolders();
  let location: string;

  beforeEach(async () => {
    location = await folder();
    await fillStore(location);
  });

  async function withRaw<T>(use: (raw: RawLevel) => Promise<T>): Promise<T> {
    const raw = new RawLevel(location);
    await raw.open();
    try {
      return await use(raw);
    } finally {
      await raw.close();
    }
  }

  function faults(): Promise<IndexFault[]> {
    return withRaw(async (raw) => {
      const found: IndexFault[] = [];
      for await (const fault of indexFaults(raw)) found.push(fault);
      return found;
    });
  }

  it('counts the records of a sound store by kind, and finds no fault', async () => {
    const { tallies, isForeign, commits } = await withRaw((raw) => examineRecords(raw));
    const properties = SOULS.reduce((sum, soul) => sum + sizeOf(soul), 0);
    expect(Object.fromEntries(tallies)).to.deep.equal({
      properties: { records: properties, damaged: 0 },
      'pieces of values': { records: 0, damaged: 0 },
      'node indexes': { records: SOULS.length, damaged: 0 },
      'future writes': { records: 0, damaged: 0 },
      'notes of the store': { records: 2, damaged: 0 },
      others: { records: 0, damaged: 0 },
    });
    expect([isForeign, commits]).to.deep.equal([false, SOULS.length]);
    expect(await faults()).to.deep.equal([]);
  });

  it('finds every record that does not fit its checksum, keys that are no text included', async () => {
    await tamper(location, [
      [fieldKey('a', 'k0'), 'anything'],
      [indexKey('ab'), ''],
      [Uint8Array.from([103, 47, 255]), 'anything'],
      ['m/commits', 'anything'],
      ['zzz', 'anything'],
    ]);
    const damaged: string[] = [];
    const findings = await withRaw((raw) => examineRecords(raw, (key) => void damaged.push(fromUtf8(key))));
    expect(damaged).to.have.members([fieldKey('a', 'k0'), indexKey('ab'), 'g/\ufffd', 'm/commits', 'zzz']);
    expect(findings.tallies.get('properties')?.damaged).to.equal(2);
    expect(findings.tallies.get('others')).to.deep.equal({ records: 1, damaged: 1 });
    expect(findings.commits).to.equal(undefined);
  });

  it('tells a store that was never sealed', async () => {
    location = await folder();
    const raw = new RawLevel(location, true);
    await raw.open();
    await raw.close();
    expect((await withRaw((each) => examineRecords(each))).isForeign).to.equal(false);
    await tamper(location, [['g/a', '1']]);
    expect((await withRaw((each) => examineRecords(each))).isForeign).to.equal(true);
  });

  it('finds indexes that name lost properties, lack present ones, are missing or left over', async () => {
    const [one, three, many] = [soulOfSize(1), soulOfSize(3), soulOfSize(40)];
    await tamper(location, [
      [fieldKey(three, 'k1'), undefined],
      [fieldKey(one, 'k0'), undefined],
      [indexKey(many), undefined],
      [indexKey('b/c'), 'damaged'],
      ...sealChanges([
        [fieldKey('a', 'new'), '5 "new"'],
        [indexKey('0 before all others'), 'k0'],
        [indexKey('~ after all others'), 'k0'],
      ]),
    ]);
    expect(await faults()).to.have.deep.members([
      { soul: '0 before all others', wanted: undefined },
      { soul: 'a', wanted: ['k0', 'new'] },
      { soul: 'b/c', wanted: ['k0'] },
      { soul: one, wanted: undefined },
      { soul: three, wanted: ['k0', 'k2'] },
      { soul: many, wanted: MANY },
      { soul: '~ after all others', wanted: undefined },
    ]);
  });
});
