import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { expect } from 'chai';
import { expectCode } from '../../adapters/conformance/storage-kit.ts';
import { sealChanges } from '../../adapters/seal.ts';
import { encodeEntry, fieldKey, nodeKey } from '../../lib/store/keys.ts';
import { LARGE_RECORD } from '../../lib/store/node-record.ts';
import type { Change } from '../../lib/store/storage.ts';
import { readCommitCount } from '../../relay/commit-counter.ts';
import { checkStore } from '../../relay/store-check.ts';
import { repairStore } from '../../relay/store-repair.ts';
import {
  cut,
  fileOf,
  fillStore,
  flip,
  openStoreAt,
  sizeOf,
  SOULS,
  tamper,
  type OpenStore,
} from '../support/broken-store.ts';
import { nodeRecord } from '../support/node-records.ts';
import { temporaryFolders } from '../support/temporary-folder.ts';

/** Properties the store has, by both ways to read them; every value is as it was written. */
async function propertiesOf({ graph }: OpenStore): Promise<number> {
  let byNode = 0;
  for (const soul of SOULS) {
    const node = await graph.readNode(soul);
    for (const [key, { json }] of node!.fields)
      expect(json).to.equal(JSON.stringify(`${key} ${'x'.repeat(50)}`));
    byNode += node!.fields.size;
  }
  let byWalk = 0;
  for await (const { nodes } of graph.parts({ soul: {}, reverse: false, byteLimit: 1_000_000 })) {
    for (const { entries } of nodes) byWalk += entries.length;
  }
  expect(byNode).to.equal(byWalk);
  return byNode;
}

describe('thicket repair', () => {
  const folder = temporaryFolders();
  let data: string;

  beforeEach(async () => {
    data = join(await folder(), 'data');
    await fillStore(data);
  });

  const LARGE = SOULS.find((soul) => sizeOf(soul) === 40)!;

  function seal(...changes: Change[]): Promise<void> {
    return tamper(data, sealChanges(changes));
  }

  const ALL = SOULS.reduce((sum, soul) => sum + sizeOf(soul), 0);

  const DAMAGES: [what: string, damage: () => Promise<unknown>, kept: readonly [number, number]][] = [
    ['nothing is wrong', async () => undefined, [ALL, ALL]],
    ['the log is cut off', async () => cut(await fileOf(data, /\.log$/), 0.5), [400, ALL - 1]],
    ['the log is gone', async () => rm(await fileOf(data, /\.log$/)), [400, ALL - 1]],
    ['a bit of the log has changed', async () => flip(await fileOf(data, /\.log$/), 0.3), [400, ALL - 1]],
    ['a bit of a table has changed', async () => flip(await fileOf(data, /\.ldb$/), 0.2), [300, ALL - 1]],
    ['a table is cut off', async () => cut(await fileOf(data, /\.ldb$/), 0.5), [300, ALL - 1]],
    ['a table is gone', async () => rm(await fileOf(data, /\.ldb$/)), [300, ALL - 1]],
    ['the manifest is garbled', async () => flip(await fileOf(data, /^MANIFEST/), 0.5), [ALL, ALL]],
    ['the manifest is gone', async () => rm(await fileOf(data, /^MANIFEST/)), [ALL, ALL]],
    ['CURRENT is gone', () => rm(join(data, 'CURRENT')), [ALL, ALL]],
    ['CURRENT is empty', () => writeFile(join(data, 'CURRENT'), ''), [ALL, ALL]],
    ['CURRENT is garbage', () => writeFile(join(data, 'CURRENT'), 'garbage\n'), [ALL, ALL]],
    [
      'the record of a small node is damaged',
      () => tamper(data, [[nodeKey('a\u0000'), 'x']]),
      [ALL - 3, ALL - 3],
    ],
    ['a property is damaged', () => tamper(data, [[fieldKey(LARGE, 'k0'), 'x']]), [ALL - 1, ALL - 1]],
    ['the mark of a large node is damaged', () => tamper(data, [[nodeKey(LARGE), 'x']]), [ALL, ALL]],
    ['the mark of a large node is gone', () => tamper(data, [[nodeKey(LARGE), undefined]]), [ALL, ALL]],
    [
      'the mark of a node without properties is left',
      () => seal([nodeKey('nobody'), LARGE_RECORD]),
      [ALL, ALL],
    ],
    [
      'its notes are damaged',
      () =>
        tamper(data, [
          ['M/commits', 'x'],
          ['M/format', 'x'],
        ]),
      [ALL, ALL],
    ],
    [
      'there is a record with a key that is no text',
      () => tamper(data, [[Uint8Array.from([103, 47, 255]), 'x']]),
      [ALL, ALL],
    ],
    [
      'a node is both small and large',
      () =>
        seal(
          [nodeKey(LARGE), nodeRecord({ k1: [4, '"older"'], k2: [5, `"k2 ${'x'.repeat(50)}"`] })],
          [fieldKey(LARGE, 'k2'), undefined],
          [fieldKey(LARGE, 'k3'), encodeEntry(5, `"k3 ${'x'.repeat(50)}"`)],
        ),
      [ALL, ALL],
    ],
  ];
  for (const [what, damage, [least, most]] of DAMAGES) {
    it(`gives a sound store that takes writes when ${what}`, async () => {
      await damage();
      const lines = await repairStore({ data, backup: true });
      expect(lines.at(-1)).to.equal('repaired');
      expect((await checkStore(data)).lines.at(-1)).to.equal('sound');
      const store = await openStoreAt(data);
      expect(store.guard.damage).to.equal(undefined);
      expect(await propertiesOf(store)).to.be.within(least, most);
      for (const soul of SOULS) expect(await store.put(soul, ['new'], 'x'.repeat(50))).to.equal(true);
      const kept = await propertiesOf(store);
      await store.close();
      const again = await openStoreAt(data);
      expect(again.guard.damage).to.equal(undefined);
      expect(await propertiesOf(again)).to.equal(kept);
      await again.close();
    });
  }

  it('counts on from the greatest number it can find', async () => {
    await cut(await fileOf(data, /\.log$/), 0.5);
    await repairStore({ data, backup: false });
    expect(readCommitCount(join(data, 'commits'))).to.deep.equal({
      commits: SOULS.length + 1,
      durability: 'fsync',
    });
  });

  it('copies the folder first, as it was, unless told not to', async () => {
    await flip(await fileOf(data, /\.log$/), 0.3);
    const before = await readdir(data);
    const lines = await repairStore({ data, backup: true, now: new Date(0) });
    const copy = `${data}.before-repair-1970-01-01T00-00-00.000Z`;
    expect(lines).to.include(`  copied to ${copy}`);
    expect((await readdir(copy)).toSorted()).to.deep.equal(before.toSorted());
    await repairStore({ data, backup: false });
    expect(await readdir(dirname(data))).to.have.length(2);
  });

  it('changes nothing when the copy cannot be made', async () => {
    await mkdir(`${data}.before-repair-1970-01-01T00-00-00.000Z`);
    await writeFile(`${data}.before-repair-1970-01-01T00-00-00.000Z/CURRENT`, '');
    const before = (await readdir(data)).toSorted();
    await expectCode('STORAGE_FAILED', () => repairStore({ data, backup: true, now: new Date(0) }));
    expect((await readdir(data)).toSorted()).to.deep.equal(before);
  });

  it('needs a store that no relay runs on, of the relay’s own kind', async () => {
    await expectCode('OPTION_INVALID', () => repairStore({ data: join(data, 'missing'), backup: true }));
    const store = await openStoreAt(data);
    await expectCode('STORAGE_LOCKED', () => repairStore({ data, backup: true }));
    expect(await store.put('a', ['still'])).to.equal(true);
    await store.close();
    const other = join(await folder(), 'data');
    await (await openStoreAt(other)).close();
    await tamper(other, [['g/a', '1']]);
    await expectCode('STORAGE_UNREADABLE', () => repairStore({ data: other, backup: false }));
    expect((await checkStore(other)).lines).to.include('  nodes: 1 records, 1 damaged, 0 wrong');
  });
});
