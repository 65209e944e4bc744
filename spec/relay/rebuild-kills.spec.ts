/** Behaviour of `thicket log rebuild` when it is killed: the command as it is installed, at many moments. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { watch } from 'node:fs';
import { cp } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { writeOf } from '../../lib/graph/write.ts';
import { graphTopic, logIdOf } from '../../lib/log/hash.ts';
import { encodeEntry, nodeKey } from '../../lib/store/keys.ts';
import { NodeRecordBuilder } from '../../lib/store/node-record.ts';
import { openFolderLogs } from '../../relay/folder-logs.ts';
import { changeFolder, contentOf } from '../support/folder-content.ts';
import { endProcess } from '../support/end-process.ts';
import { bodyOf, inPieces, sequenceFrom } from '../support/log-bytes.ts';
import { authorOf, logOf } from '../support/log-maker.ts';
import { startRelay } from '../support/relay-process.ts';
import { temporaryFolders } from '../support/temporary-folder.ts';
import { isFull, scaled } from '../torture/scale.ts';

const COMMAND = fileURLToPath(new URL('../../relay/bin.js', import.meta.url));
const OPERATIONS = scaled(60, 1000);
/** Properties of each operation: of nodes of its own, and of a large one. */
const EACH = 20;
/** Commits after which the command is killed: 0 for when it only reads. */
const KILLS = isFull ? [0, 1, 2, 3, 5, 8, 13] : [0, 2];

/** Runs the command and kills it once a file beside the store was changed so often; gives its exit code. */
async function rebuild(data: string, killedAfter = Infinity): Promise<number | null> {
  let commits = 0;
  const watcher = watch(data);
  const child = spawn(process.execPath, [COMMAND, 'log', 'rebuild', '--purge', '--data', data], {
    stdio: 'ignore',
  });
  const ended = once(child, 'exit');
  watcher.on('change', (_kind, name) => {
    if (name === 'commits') commits += 1;
    if (killedAfter === 0 ? name === 'rebuild' : commits > killedAfter) child.kill('SIGKILL');
  });
  try {
    await ended;
    return child.exitCode;
  } finally {
    watcher.close();
    await endProcess(child, 'SIGKILL');
  }
}

function unsignedRecord(at: number): string {
  const builder = new NodeRecordBuilder();
  builder.add('k0', encodeEntry(9, `"unsigned ${at}"`));
  builder.add('k1', encodeEntry(9, '1'));
  return builder.build()!;
}

/** Soul and key of each line. */
function placesIn(lines: readonly string[]): string[] {
  return lines.map((line) => JSON.stringify((JSON.parse(line) as unknown[]).slice(0, 2)));
}

describe('thicket log rebuild that is killed', function () {
  this.timeout(60_000 + OPERATIONS * 100);
  const folder = temporaryFolders();

  it('leaves everything there that was, tells the relay, and does the rest when it runs again', async () => {
    const said = (at: number): Uint8Array =>
      bodyOf(
        Array.from({ length: EACH }, (_, n) => [
          writeOf(`n${at * EACH + n}`, 'k0', 5, n),
          writeOf('large', `k${at * EACH + n}`, 5, n),
        ]).flat(),
      );
    const operations = logOf(authorOf(1), OPERATIONS, said, { logId: logIdOf(graphTopic('gun')) });
    const whole = join(await folder(), 'data');
    const logs = await openFolderLogs({ data: whole, network: 'gun', writes: true });
    await logs.import(inPieces(sequenceFrom(operations), 65_536));
    await logs.close();
    const { graph } = await contentOf(whole);
    // Of every three nodes one is lost, and of another one somebody said something that nobody signed.
    const nodes = Array.from({ length: OPERATIONS * EACH }, (_, at) => at);
    await changeFolder(
      whole,
      (key) => (/^[gI]\/(?:n\d*[0369]$|n\d*[0369]\u0000|large\u0000)/.test(key) ? undefined : 'same'),
      nodes.filter((at) => at % 10 === 1).map((at) => [nodeKey(`n${at}`), unsignedRecord(at)] as const),
    );
    const before = await contentOf(whole);
    const wanted = new Set(placesIn(graph));
    const kept = placesIn(before.graph).filter((place) => wanted.has(place));
    expect(kept.length).to.be.within(1, graph.length - 1);
    let cut = 0;
    for (const kill of KILLS) {
      const data = join(await folder(), 'data');
      await cp(whole, data, { recursive: true });
      const code = await rebuild(data, kill);
      if (code === null) cut += 1;
      const left = await contentOf(data);
      const held = new Set(placesIn(left.graph));
      expect(kept.filter((place) => !held.has(place))).to.deep.equal([]);
      expect(left.logs).to.deep.equal(before.logs);
      if (kill === 0) expect(left.graph).to.deep.equal(before.graph);
      if (kill === KILLS.at(-1)) await expectTold(data, code === null);
      expect(await rebuild(data)).to.equal(0);
      expect(await contentOf(data)).to.deep.equal({ logs: before.logs, graph });
    }
    expect(cut).to.be.at.least(1);
  });
});

/** A relay serves what there is, and says that it is not all. */
async function expectTold(data: string, isCut: boolean): Promise<void> {
  const relay = await startRelay({ data, args: ['--legacy', 'graph'] });
  await relay.output.until(
    () => relay.output.all.find((line) => line.includes('"ready"')),
    'that it is ready',
  );
  const told = relay.output.all.filter((line) => line.includes('"rebuild-unfinished"'));
  expect(told).to.have.lengthOf(isCut ? 1 : 0);
  expect(await relay.stop()).to.equal(0);
}
