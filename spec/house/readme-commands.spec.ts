import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { once } from 'node:events';
import { expect } from 'chai';
import { runLog } from '../../relay/log-command.ts';
import { readOptions } from '../../relay/options.ts';
import { createRelay, type RelaySettings } from '../../relay/relay.ts';
import { graphOf, RawPeer } from '../support/raw-peer.ts';
import { temporaryFolders } from '../support/temporary-folder.ts';
import { readmeBlocks } from './readme.ts';

/** Commands on logs that the README shows, as their arguments. */
function logCommands(): string[][] {
  return readmeBlocks()
    .filter(({ language }) => language === 'sh')
    .flatMap(({ code }) => code.split('\n'))
    .filter((line) => line.startsWith('thicket log '))
    .map((line) => line.split(' ').slice(1));
}

describe('README commands on logs', () => {
  const folder = temporaryFolders();

  it('work as they stand there, on a folder and on a relay', async () => {
    const [data, other, files] = [
      join(await folder(), 'data'),
      join(await folder(), 'other'),
      await folder(),
    ];
    const settings: RelaySettings = {
      port: 0,
      host: '127.0.0.1',
      logLevel: 'silent',
      legacy: 'witness',
      data,
    };
    const commands = logCommands();
    expect(commands.map(([, name]) => name)).to.have.members([
      'heads',
      'verify',
      'blame',
      'show',
      'export',
      'import',
      'rebuild',
      'rebuild',
    ]);
    for (const args of commands) {
      const relay = args.includes('--relay') ? createRelay(settings) : undefined;
      if (relay === undefined) await prepare(createRelay(settings));
      else await serve(relay);
      const given = args.map((argument) =>
        argument
          .replace('http://localhost:8765', `http://127.0.0.1:${relay?.port}`)
          .replace('/var/lib/thicket', data)
          .replace('/var/lib/other', other)
          .replace('2026-01-31T12:00Z', new Date(Date.now() + 1000).toISOString())
          .replace(/^logs\.cbor$/, join(files, 'logs.cbor')),
      );
      const asked = readOptions(given, {});
      if (asked.kind !== 'log') throw new Error(asked.kind);
      const output = new PassThrough().resume();
      const streams = { input: new PassThrough(), output, terminal: new PassThrough() };
      expect(await runLog(asked.request, streams), args.join(' ')).to.equal(0);
      output.end();
      await once(output, 'end');
      await relay?.close();
    }
  });
});

/** Runs a relay until it has signed something. */
async function prepare(relay: ReturnType<typeof createRelay>): Promise<void> {
  await serve(relay);
  await relay.close();
}

async function serve(relay: ReturnType<typeof createRelay>): Promise<void> {
  await relay.listen();
  const peer = await RawPeer.open(`ws://127.0.0.1:${relay.port}/gun`);
  await peer.put(graphOf('mark', { city: 'Austin' }));
  await peer.close();
  await relay.witnessed();
}
