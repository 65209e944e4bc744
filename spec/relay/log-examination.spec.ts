import { join } from 'node:path';
import { expect } from 'chai';
import { RawLevel } from '../../adapters/level-raw.ts';
import { writeOf } from '../../lib/graph/write.ts';
import { graphTopic, logIdOf } from '../../lib/log/hash.ts';
import type { Operation } from '../../lib/log/operation.ts';
import { openFolderLogs } from '../../relay/folder-logs.ts';
import { logFaults, type LogFault } from '../../relay/log-examination.ts';
import { checkStore } from '../../relay/store-check.ts';
import { repairStore } from '../../relay/store-repair.ts';
import { changeFolder, contentOf, recordsOf } from '../support/folder-content.ts';
import { bodyOf, gathered, inPieces, sequenceFrom } from '../support/log-bytes.ts';
import { authorOf, logOf, operationAfter } from '../support/log-maker.ts';
import { temporaryFolders } from '../support/temporary-folder.ts';

const logId = logIdOf(graphTopic('gun'));

/** A log whose operations write to a node of its own; every third one has a large body. */
function logBy(author: number, length: number): Operation[] {
  const said = (at: number): Uint8Array =>
    bodyOf([writeOf(`by${author}`, `k${at}`, 5, 'x'.repeat(at % 3 === 0 ? 6000 : 5))]);
  return logOf(authorOf(author), length, said, { logId });
}

/** The same, given up before its last but one operation. */
function prunedLog(author: number, length: number): Operation[] {
  const log = logBy(author, length);
  const point = operationAfter(authorOf(author), log.at(-1)!.header, bodyOf([]), { logId, prune: true });
  return [...log, point, operationAfter(authorOf(author), point.header, bodyOf([]), { logId })];
}

/** The same with two branches. */
function forkedLog(author: number): Operation[] {
  const log = logBy(author, 5);
  const side = operationAfter(authorOf(author), log[1]!.header, bodyOf([writeOf('side', 'k', 5, 1)]), {
    logId,
  });
  return [...log, side, operationAfter(authorOf(author), side.header, undefined, { logId })];
}

describe('operations of a store', () => {
  const folder = temporaryFolders();
  let data: string;

  beforeEach(async () => {
    data = join(await folder(), 'data');
    const logs = await openFolderLogs({ data, network: 'gun', writes: true });
    const operations = [...logBy(1, 5), ...prunedLog(2, 4), ...forkedLog(3), ...forkedLog(4), ...logBy(5, 1)];
    await logs.import(inPieces(sequenceFrom(operations), 65_536));
    await logs.close();
  });

  async function faults(): Promise<LogFault[]> {
    const raw = new RawLevel(data);
    await raw.open();
    try {
      return await gathered(logFaults(raw));
    } finally {
      await raw.close();
    }
  }

  it('are found to be whole where they are', async () => {
    expect(await faults()).to.deep.equal([]);
    expect((await checkStore(data)).isSound).to.equal(true);
  });

  it('tell where logs begin and end, and where they stand, when nothing else does any more', async () => {
    const before = [await recordsOf(data), await contentOf(data)];
    await changeFolder(data, (key) => (/^[HO]\//.test(key) ? undefined : 'same'));
    expect((await contentOf(data)).logs).to.deep.equal([]);
    const { isSound, lines } = await checkStore(data);
    expect(isSound).to.equal(false);
    expect(lines).to.include.members([
      '  5 logs do not tell where they end',
      '  22 operations are not found by their ids',
    ]);
    const repaired = await repairStore({ data, backup: false });
    expect(repaired).to.include('  logs put right: 5, and places of 22 operations');
    expect([await recordsOf(data), await contentOf(data)]).to.deep.equal(before);
    expect((await checkStore(data)).isSound).to.equal(true);
  });

  it('tell that of the logs alone of which that is gone', async () => {
    const before = await recordsOf(data);
    const lost = before.map(([key]) => key).filter((key) => key.startsWith('H/'))[1];
    await changeFolder(data, (key) => (key === lost ? undefined : 'same'));
    expect((await faults()).map(({ kind, changes }) => [kind, changes[0]![0]])).to.deep.equal([
      ['end', lost],
    ]);
    await repairStore({ data, backup: false });
    expect(await recordsOf(data)).to.deep.equal(before);
  });

  it('lack the bodies that are gone, and take them when they come', async () => {
    const [before, content] = [await recordsOf(data), await contentOf(data)];
    await changeFolder(data, (key) => (key.startsWith('B/') ? undefined : 'same'));
    const ofBodies = /^[BU]\//;
    const bodies = before.filter(([key]) => ofBodies.test(key));
    const lost = bodies.length;
    expect(lost).to.be.above(3);
    expect((await checkStore(data)).lines).to.include(`  ${lost} operations have lost their bodies`);
    expect(await repairStore({ data, backup: false })).to.include(
      `  bodies of operations that are gone, to be asked for: ${lost}`,
    );
    expect((await checkStore(data)).isSound).to.equal(true);
    const logs = await openFolderLogs({ data, network: 'gun', writes: true });
    await logs.import(
      inPieces(sequenceFrom([...logBy(1, 5), ...forkedLog(3), ...forkedLog(4), ...logBy(5, 1)]), 65_536),
    );
    await logs.close();
    // The histories note that the graph had it by then.
    expect(await contentOf(data)).to.deep.equal(content);
    expect((await recordsOf(data)).filter(([key]) => ofBodies.test(key))).to.deep.equal(bodies);
  });
});
