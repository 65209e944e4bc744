import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { expect } from 'chai';
import { expectCode } from '../../adapters/conformance/storage-kit.ts';
import { writeOf, type FieldWrite } from '../../lib/graph/write.ts';
import { certify, parseCertificate } from '../../lib/sea/certificate.ts';
import { signWrite } from '../../lib/sea/signed-value.ts';
import { deferredKey, fieldKey, nodeKey } from '../../lib/store/keys.ts';
import { graphTopic, logIdOf } from '../../lib/log/hash.ts';
import type { Operation } from '../../lib/log/operation.ts';
import { markKey } from '../../lib/store/log-keys.ts';
import { DataFolder } from '../../relay/data-folder.ts';
import { openFolderGraph, type FolderGraph } from '../../relay/folder-graph.ts';
import { openFolderLogs } from '../../relay/folder-logs.ts';
import type { GraphReport } from '../../relay/rebuild-lines.ts';
import { createRelay } from '../../relay/relay.ts';
import { checkStore } from '../../relay/store-check.ts';
import { repairStore } from '../../relay/store-repair.ts';
import { tamper } from '../support/broken-store.ts';
import { changeFolder, contentOf, isOfGraph } from '../support/folder-content.ts';
import { bodyOf, gathered, inPieces, sequenceFrom } from '../support/log-bytes.ts';
import { authorOf, logOf } from '../support/log-maker.ts';
import { RawPeer } from '../support/raw-peer.ts';
import { SEA_VECTORS } from '../support/sea-vectors.ts';
import { temporaryFolders } from '../support/temporary-folder.ts';

const NOTHING: GraphReport = {
  operations: 1,
  refused: 0,
  lost: 0,
  older: 0,
  unsigned: 0,
  histories: 0,
  waiting: 0,
};
const FORGED = writeOf('~abc.def/inbox', 'name', 5, 'forged');
const LONG_NAME = writeOf('mark', 'n'.repeat(101), 5, 1);

function open(
  data: string,
  options: Partial<Parameters<typeof openFolderGraph>[0]> = {},
): Promise<FolderGraph> {
  const terminal = new PassThrough();
  return openFolderGraph({
    data,
    sea: 'on',
    nameLength: 100,
    purges: false,
    writes: true,
    terminal,
    ...options,
  });
}

async function rebuilt(...args: Parameters<typeof open>): Promise<GraphReport> {
  const graph = await open(...args);
  try {
    return await graph.rebuild();
  } finally {
    await graph.close();
  }
}

function saying(...writes: FieldWrite[]): Operation[] {
  return sayingAs(1, ...writes);
}

function sayingAs(author: number, ...writes: FieldWrite[]): Operation[] {
  return logOf(authorOf(author), 1, () => bodyOf(writes), { logId: logIdOf(graphTopic('gun')) });
}

describe('relay folder graph', () => {
  const folder = temporaryFolders();

  /** A folder that has taken operations in. */
  async function folderOf(operations: readonly Operation[]): Promise<string> {
    const data = join(await folder(), 'data');
    const logs = await openFolderLogs({ data, network: 'gun', writes: true });
    await logs.import(inPieces(sequenceFrom(operations), 4096));
    await logs.close();
    return data;
  }

  it('comes back out of the logs when it is lost, and the store is sound and served', async () => {
    const data = await folderOf(saying(writeOf('mark', 'name', 5, 'Mark'), writeOf('ann', 'name', 5, 'Ann')));
    const whole = await contentOf(data);
    expect(await rebuilt(data)).to.deep.equal(NOTHING);
    await changeFolder(data, (key) => (isOfGraph(key) ? undefined : 'same'));
    expect((await contentOf(data)).graph).to.deep.equal([]);
    expect(await rebuilt(data)).to.deep.equal({ ...NOTHING, lost: 2 });
    expect(await contentOf(data)).to.deep.equal(whole);
    expect((await checkStore(data)).isSound).to.equal(true);
    const relay = createRelay({ port: 0, host: '127.0.0.1', data, logLevel: 'silent' });
    await relay.listen();
    const peer = await RawPeer.open(`ws://127.0.0.1:${relay.port}/gun`);
    expect(await peer.value('mark', 'name')).to.equal('Mark');
    await peer.close();
    await relay.close();
  });

  it('gets nothing that the relay would not take, unless it takes that now', async () => {
    const data = await folderOf(saying(writeOf('mark', 'name', 5, 'Mark'), FORGED, LONG_NAME));
    // Taken in with names as long as the relay's.
    expect(await rebuilt(data)).to.deep.equal({ ...NOTHING, refused: 2, unsigned: 1 });
    expect(await rebuilt(data, { purges: true })).to.deep.equal({ ...NOTHING, refused: 2, unsigned: 1 });
    expect((await contentOf(data)).graph).to.have.lengthOf(1);
    expect(await rebuilt(data, { sea: 'off', nameLength: 200 })).to.deep.include({ lost: 2, refused: 0 });
    const forged = { ...NOTHING, refused: 1, unsigned: 1 };
    expect(await rebuilt(data, { nameLength: 200 })).to.deep.equal(forged);
    expect((await contentOf(data)).graph).to.have.lengthOf(3);
    expect(await rebuilt(data, { nameLength: 200, purges: true })).to.deep.equal(forged);
    expect((await contentOf(data)).graph).to.have.lengthOf(2);
  });

  it('leaves what was right when it came, though its certificate has expired since', async () => {
    const { alice, bob } = SEA_VECTORS.pairs;
    const terms = { guests: bob.pub, write: { '*': 'inbox' }, expires: 2000 };
    const certificate = parseCertificate(await certify(terms, alice))!;
    const place = { soul: `~${alice.pub}/inbox`, key: 'k', state: 1000 };
    const data = await folderOf(saying(await signWrite(place, 'v', bob, { certificate })));
    expect(await rebuilt(data)).to.deep.equal({ ...NOTHING, refused: 1 });
    // As a relay had it that took it in time.
    expect(await rebuilt(data, { sea: 'off' })).to.deep.include({ lost: 1 });
    expect(await rebuilt(data, { purges: true })).to.deep.equal(NOTHING);
    expect((await contentOf(data)).graph).to.have.lengthOf(1);
  });

  it('gets nothing of guests who are blocked, in whatever order the logs of both are read', async () => {
    const { alice, bob } = SEA_VECTORS.pairs;
    const terms = { guests: bob.pub, write: { '*': 'inbox' }, writeBlock: 'blocked' };
    const certificate = parseCertificate(await certify(terms, alice))!;
    const inbox = { soul: `~${alice.pub}/inbox`, key: 'k', state: 1000 };
    const byGuest = await signWrite(inbox, 'v', bob, { certificate });
    const block = await signWrite({ soul: `~${alice.pub}/blocked`, key: bob.pub, state: 1000 }, true, alice);
    for (const [guest, owner] of [
      [1, 2],
      [2, 1],
    ] as const) {
      const data = await folderOf([
        ...sayingAs(owner, block),
        ...sayingAs(guest, byGuest, writeOf('open', 'a', 1, 1)),
      ]);
      await changeFolder(data, (key) => (isOfGraph(key) ? undefined : 'same'));
      const report = { ...NOTHING, operations: 2, refused: 1, lost: 2 };
      expect(await rebuilt(data)).to.deep.equal(report);
    }
  });

  it('brings back what a repair has dropped', async () => {
    const names = Array.from({ length: 50 }, (_, at) => writeOf(`n${at}`, 'name', 5, at));
    const wide = Array.from({ length: 50 }, (_, at) => writeOf('wide', `k${at}`, 5, 'x'.repeat(at * 100)));
    const data = await folderOf(saying(...names, ...wide));
    const whole = await contentOf(data);
    await tamper(data, [
      [nodeKey('n7'), 'x'],
      [fieldKey('wide', 'k3'), 'x'],
      [fieldKey('wide', 'k49'), 'x'],
      [nodeKey('n9'), undefined],
    ]);
    new DataFolder(data).setMark('found damaged');
    const error: unknown = await open(data).catch((reason: unknown) => reason);
    expect(error).to.have.property('code', 'STORAGE_DAMAGED');
    expect(String(error)).to.include(`thicket repair --data ${JSON.stringify(data)}`);
    await repairStore({ data, backup: false });
    expect((await contentOf(data)).graph).to.have.lengthOf(96);
    expect(await rebuilt(data)).to.deep.equal({ ...NOTHING, lost: 4, histories: 0 });
    expect(await contentOf(data)).to.deep.equal(whole);
    expect(await rebuilt(data)).to.deep.equal(NOTHING);
    expect((await checkStore(data)).isSound).to.equal(true);
  });

  it('tells what a rebuild would change, and who says so, and changes nothing', async () => {
    const operations = saying(writeOf('mark', 'name', 5, 'Mark'), writeOf('mark', 'city', 7, 'Austin'));
    const id = Buffer.from(operations[0]!.header.id).toString('hex');
    const data = await folderOf(operations);
    await changeFolder(data, (key) => (isOfGraph(key) ? undefined : 'same'), [
      ['g/mark', 'age\u00009 5\u0000city\u00006 "Boston"'],
    ]);
    const before = await contentOf(data);
    const differences = [
      {
        kind: 'older',
        soul: 'mark',
        key: 'city',
        graph: { value: 'Boston', state: 6 },
        logs: { value: 'Austin', state: 7, id },
      },
      { kind: 'lost', soul: 'mark', key: 'name', logs: { value: 'Mark', state: 5, id } },
      { kind: 'history', soul: 'mark', operation: id.slice(0, 32) },
    ];
    const unsigned = { kind: 'unsigned', soul: 'mark', key: 'age', graph: { value: 5, state: 9 } };
    for (const purges of [false, true]) {
      const graph = await open(data, { purges, writes: false });
      const found = await gathered(graph.differences());
      expect(found).to.deep.equal(purges ? [unsigned, ...differences] : differences);
      expect(graph.found).to.deep.equal({ ...NOTHING, lost: 1, older: 1, unsigned: 1, histories: 1 });
      await graph.close();
    }
    expect(await contentOf(data)).to.deep.equal(before);
    expect(await readdir(data)).to.not.include('rebuild');
  });

  it('takes a value that its owner signed twice for the same, as relays do', async () => {
    const { alice } = SEA_VECTORS.pairs;
    const place = { soul: `~${alice.pub}/profile`, key: 'name', state: 5 };
    const writes = [await signWrite(place, 'Alice', alice), await signWrite(place, 'Alice', alice)];
    const [smaller, larger] = writes.toSorted((a, b) => (a.json < b.json ? -1 : 1));
    const data = await folderOf(saying(smaller!));
    await changeFolder(data, (key) => (key.startsWith('g/') ? undefined : 'same'), [
      [nodeKey(place.soul), `name\u00005 ${larger!.json}`],
    ]);
    expect(await rebuilt(data, { purges: true })).to.deep.include({ older: 0, unsigned: 0 });
    const graph = await open(data, { writes: false });
    expect(await gathered(graph.differences())).to.deep.equal([]);
    await graph.close();
    expect(await rebuilt(data, { sea: 'off' })).to.deep.include({ older: 0, unsigned: 1 });
  });

  it('takes nothing out that a relay has yet to sign', async () => {
    const data = await folderOf(saying(writeOf('mark', 'name', 5, 'Mark')));
    await changeFolder(data, () => 'same', [[markKey(1), '["mark"]']]);
    await expectCode('OPTION_INVALID', () => open(data, { purges: true }));
    expect(await rebuilt(data)).to.deep.equal(NOTHING);
    // What comes due while the folder is opened is marked then.
    const due = await folderOf(saying(writeOf('mark', 'name', 5, 'Mark')));
    await changeFolder(due, () => 'same', [[deferredKey(1000, 'mark', 'name'), '"due"']]);
    await expectCode('OPTION_INVALID', () => open(due, { purges: true }));
    expect(await rebuilt(due)).to.deep.equal({ ...NOTHING, unsigned: 1 });
  });

  it('needs a store that no relay runs on, and leaves nothing of earlier attempts', async () => {
    const data = join(await folder(), 'data');
    await expectCode('OPTION_INVALID', () => open(data));
    const relay = createRelay({ port: 0, host: '127.0.0.1', data, logLevel: 'silent' });
    await relay.listen();
    await relay.ready();
    const error: unknown = await open(data).catch((reason: unknown) => reason);
    expect(error).to.have.property('code', 'STORAGE_LOCKED');
    expect(String(error)).to.include('stop the relay');
    await relay.close();
    await mkdir(join(data, 'rebuild'));
    await writeFile(join(data, 'rebuild', 'CURRENT'), 'garbage');
    expect(await rebuilt(data)).to.deep.equal({ ...NOTHING, operations: 0 });
    expect(await readdir(data)).to.not.include('rebuild');
  });
});
