import { join } from 'node:path';
import { readdir } from 'node:fs/promises';
import { expect } from 'chai';
import { expectCode } from '../../adapters/conformance/storage-kit.ts';
import { writeOf } from '../../lib/graph/write.ts';
import { graphTopic, logIdOf } from '../../lib/log/hash.ts';
import { openFolderLogs } from '../../relay/folder-logs.ts';
import { createRelay } from '../../relay/relay.ts';
import { checkStore } from '../../relay/store-check.ts';
import { DataFolder } from '../../relay/data-folder.ts';
import { deferredKey } from '../../lib/store/keys.ts';
import { changeFolder } from '../support/folder-content.ts';
import { bodyOf, gathered, inPieces, sequenceFrom } from '../support/log-bytes.ts';
import { authorOf, operationAfter } from '../support/log-maker.ts';
import { RawPeer } from '../support/raw-peer.ts';
import { temporaryFolders } from '../support/temporary-folder.ts';

const LOG_ID = logIdOf(graphTopic('gun'));
const OPERATION = operationAfter(authorOf(1), undefined, bodyOf([writeOf('mark', 'name', 5, 'Mark')]), {
  logId: LOG_ID,
});

describe('relay folder logs', () => {
  const folder = temporaryFolders();

  it('make a store that a relay serves, and find its logs again', async () => {
    const data = join(await folder(), 'data');
    const writing = await openFolderLogs({ data, network: 'gun', writes: true });
    const report = await writing.import(inPieces(sequenceFrom([OPERATION]), 50));
    expect(report).to.deep.equal({ taken: 1, known: 0, refused: {} });
    await writing.close();
    expect((await checkStore(data)).isSound).to.equal(true);
    const reading = await openFolderLogs({ data, network: 'gun', writes: false });
    const [head] = await gathered(reading.heads(undefined));
    expect(head).to.include({ height: 0, operations: 1 });
    expect(await gathered(reading.operations(head!))).to.have.lengthOf(1);
    await reading.close();
    const relay = createRelay({ port: 0, host: '127.0.0.1', data, logLevel: 'silent' });
    await relay.listen();
    const peer = await RawPeer.open(`ws://127.0.0.1:${relay.port}/gun`);
    expect(await peer.value('mark', 'name')).to.equal('Mark');
    const held = (): Promise<unknown> => openFolderLogs({ data, network: 'gun', writes: false });
    await expectCode('STORAGE_LOCKED', held);
    const error: unknown = await held().catch((reason: unknown) => reason);
    expect(String(error)).to.contain(data).and.to.contain('--relay');
    await peer.close();
    await relay.close();
  });

  it('leave what comes due meanwhile to be signed by the next relay', async () => {
    const data = join(await folder(), 'data');
    await (await openFolderLogs({ data, network: 'gun', writes: true })).close();
    await changeFolder(data, () => 'same', [[deferredKey(1000, 'mark', 'name'), '"Mark"']]);
    const blamed = async (): Promise<unknown[]> => {
      const logs = await openFolderLogs({ data, network: 'gun', writes: false });
      const blames = await gathered(logs.blame('mark', undefined, undefined));
      await logs.close();
      return blames.map(({ value, said }) => [value, said?.kind]);
    };
    await blamed();
    expect(await blamed()).to.deep.equal([['Mark', undefined]]);
    const relay = createRelay({ port: 0, host: '127.0.0.1', data, logLevel: 'silent' });
    await relay.listen();
    await relay.ready();
    await relay.close();
    expect(await blamed()).to.deep.equal([['Mark', 'gun/seen']]);
  });

  it('take nothing of another network', async () => {
    const logs = await openFolderLogs({ data: await folder(), network: 'other', writes: true });
    expect(await logs.import(inPieces(sequenceFrom([OPERATION]), 500))).to.deep.equal({
      taken: 0,
      known: 0,
      refused: { 'the operation is of another log or topic': 1 },
    });
    await logs.close();
  });

  it('need a store to read, and a sound one to write', async () => {
    const data = join(await folder(), 'data');
    await expectCode('OPTION_INVALID', () => openFolderLogs({ data, network: 'gun', writes: false }));
    await (await openFolderLogs({ data, network: 'gun', writes: true })).close();
    new DataFolder(data).setMark('found damaged');
    await expectCode('STORAGE_DAMAGED', () => openFolderLogs({ data, network: 'gun', writes: true }));
    await (await openFolderLogs({ data, network: 'gun', writes: false })).close();
    expect(await readdir(data)).to.include('DAMAGED');
  });
});
