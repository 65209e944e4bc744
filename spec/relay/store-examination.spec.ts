import { expect } from 'chai';
import { RawLevel } from '../../adapters/level-raw.ts';
import { sealChanges } from '../../adapters/seal.ts';
import { fromUtf8 } from '../../lib/base/bytes.ts';
import { encodeEntry, encodeStored, fieldKey, nodeKey } from '../../lib/store/keys.ts';
import { encodeStates, historyKey } from '../../lib/store/history-record.ts';
import { witnessedChange, witnessedKey } from '../../lib/store/log-keys.ts';
import { LARGE_RECORD } from '../../lib/store/node-record.ts';
import { markSource } from '../../lib/store/node-source.ts';
import type { Change } from '../../lib/store/storage.ts';
import { examineRecords, nodeFaults, type NodeFault } from '../../relay/store-examination.ts';
import { nodeRecord } from '../support/node-records.ts';
import { fillStore, sizeOf, SOULS, tamper } from '../support/broken-store.ts';
import { withRaw } from '../support/raw-level.ts';
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

  function faults(): Promise<NodeFault[]> {
    return withRaw(location, async (raw) => {
      const found: NodeFault[] = [];
      for await (const fault of nodeFaults(raw)) found.push(fault);
      return found;
    });
  }

  it('counts the records of a sound store by kind, and finds no fault', async () => {
    const { tallies, isForeign, commits } = await withRaw(location, (raw) => examineRecords(raw));
    const large = SOULS.filter((soul) => sizeOf(soul) === 40);
    expect(Object.fromEntries(tallies)).to.deep.equal({
      nodes: { records: SOULS.length, damaged: 0 },
      properties: { records: 40 * large.length, damaged: 0 },
      'pieces of values': { records: 0, damaged: 0 },
      logs: { records: 0, damaged: 0 },
      'future writes': { records: 0, damaged: 0 },
      'notes of the store': { records: 2, damaged: 0 },
      others: { records: 0, damaged: 0 },
    });
    expect([isForeign, commits]).to.deep.equal([false, SOULS.length]);
    expect(await faults()).to.deep.equal([]);
  });

  it('finds every record that does not fit its checksum, keys that are no text included', async () => {
    await tamper(location, [
      [fieldKey(soulOfSize(40), 'k0'), 'anything'],
      [nodeKey('ab'), ''],
      [Uint8Array.from([103, 47, 255]), 'anything'],
      ['M/commits', 'anything'],
      ['zzz', 'anything'],
    ]);
    const damaged: string[] = [];
    const findings = await withRaw(location, (raw) =>
      examineRecords(raw, (key) => void damaged.push(fromUtf8(key))),
    );
    expect(damaged).to.have.members([
      fieldKey(soulOfSize(40), 'k0'),
      nodeKey('ab'),
      'g/\ufffd',
      'M/commits',
      'zzz',
    ]);
    expect(findings.tallies.get('properties')?.damaged).to.equal(1);
    expect(findings.tallies.get('nodes')?.damaged).to.equal(2);
    expect(findings.tallies.get('others')).to.deep.equal({ records: 1, damaged: 1 });
    expect(findings.commits).to.equal(undefined);
  });

  it('tells a store that was never sealed', async () => {
    location = await folder();
    const raw = new RawLevel(location, true);
    await raw.open();
    await raw.close();
    expect((await withRaw(location, (each) => examineRecords(each))).isForeign).to.equal(false);
    await tamper(location, [['g/a', '1']]);
    expect((await withRaw(location, (each) => examineRecords(each))).isForeign).to.equal(true);
  });

  it('finds marks that are gone, or left over', async () => {
    const [first, second] = SOULS.filter((soul) => sizeOf(soul) === 40);
    await tamper(location, [
      [nodeKey(first!), undefined],
      [nodeKey(second!), 'damaged'],
      ...sealChanges([
        [nodeKey('0 before all others'), LARGE_RECORD],
        [nodeKey('~ after all others'), LARGE_RECORD],
      ]),
    ]);
    expect(await faults()).to.have.deep.members([
      { soul: '0 before all others', changes: [[nodeKey('0 before all others'), undefined]] },
      { soul: first, changes: [[nodeKey(first!), LARGE_RECORD]] },
      { soul: second, changes: [[nodeKey(second!), LARGE_RECORD]] },
      { soul: '~ after all others', changes: [[nodeKey('~ after all others'), undefined]] },
    ]);
  });

  it('finds nodes that are small and large, and moves what is greater or alone', async () => {
    const long = { state: 4, json: undefined, long: { id: 'id', pieces: 1, length: 5000, lexBytes: 4998 } };
    await tamper(
      location,
      sealChanges([
        [
          nodeKey('both'),
          `${nodeRecord({ old: [1, '1'], same: [2, '2'], tie: [3, '"b"'], new: [9, '9'], alone: [1, 'null'] })}\u0000long\u0000${encodeStored(long)}`,
        ],
        [fieldKey('both', 'old'), encodeEntry(2, '1')],
        [fieldKey('both', 'same'), encodeEntry(2, '2')],
        [fieldKey('both', 'tie'), encodeEntry(3, '"a"')],
        [fieldKey('both', 'new'), encodeEntry(8, '9')],
        [fieldKey('both', 'long'), encodeEntry(4, '1')],
      ]),
    );
    expect(await faults()).to.deep.equal([
      {
        soul: 'both',
        changes: [
          [nodeKey('both'), LARGE_RECORD],
          [fieldKey('both', 'tie'), encodeEntry(3, '"b"')],
          [fieldKey('both', 'new'), encodeEntry(9, '9')],
          [fieldKey('both', 'alone'), encodeEntry(1, 'null')],
        ],
      },
    ]);
  });

  it('notes in the history what a number in the record stood for, unless nothing tells that', async () => {
    const fields = nodeRecord({ a: [1, '1'], b: [2, '2'] });
    const id = 'ab'.repeat(32);
    const others = ['told', 'waiting', 'given up', 'damaged'];
    await tamper(location, [
      ...sealChanges([
        ...others.map((soul, at): Change => [nodeKey(soul), `\u0001=${markSource(at + 17)}\u0000${fields}`]),
        ...others.map((soul): Change => [fieldKey(soul, 'a'), encodeEntry(3, '1')]),
        witnessedChange(17, id),
        witnessedChange(19, ''),
        witnessedChange(20, id),
      ]),
      [witnessedKey(20), 'damaged'],
    ]);
    const found = await faults();
    expect(found.map(({ soul }) => soul).toSorted()).to.deep.equal(others.toSorted());
    for (const { soul, changes } of found)
      expect(changes.slice(2), soul).to.deep.equal(
        soul === 'told'
          ? [
              [
                historyKey(soul, 2, id),
                encodeStates(
                  [
                    ['a', 1, 1],
                    ['b', 2, 1],
                  ],
                  2,
                ),
              ],
            ]
          : [],
      );
  });
});
