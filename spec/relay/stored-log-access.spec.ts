import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect } from 'chai';
import { namesOf, type Operation } from '../../lib/log/operation.ts';
import { writeOf } from '../../lib/graph/write.ts';
import type { SyncStore } from '../../lib/sync/sync-store.ts';
import { StoredLogAccess } from '../../relay/stored-log-access.ts';
import { bodyOf, gathered, inPieces, sequenceFrom } from '../support/log-bytes.ts';
import { authorOf, logOf, operationAfter, TOPIC } from '../support/log-maker.ts';
import { openLogged, type LoggedStore } from '../support/logged-store.ts';

function logBy(author: number, length: number): Operation[] {
  return logOf(authorOf(author), length, (at) => bodyOf([writeOf(`s${author}`, `k${at % 7}`, at + 1, at)]));
}

describe('relay stored log access', () => {
  const stores: LoggedStore[] = [];

  async function open(): Promise<{ readonly store: LoggedStore; readonly access: StoredLogAccess }> {
    const store = await openLogged({ witnesses: false });
    stores.push(store);
    return {
      store,
      access: new StoredLogAccess({ store: store.logs, intake: store.sync, topic: TOPIC, past: store.past }),
    };
  }

  afterEach(async () => {
    for (const store of stores.splice(0)) await store.close();
  });

  it('takes in what it gave out, forks and all, and comes to the same logs and graph', async () => {
    const [one, other] = [await open(), await open()];
    const log = logBy(1, 600);
    const fork = operationAfter(authorOf(1), log[597]!.header, bodyOf([writeOf('s1', 'fork', 1, true)]));
    const point = operationAfter(authorOf(2), logBy(2, 3)[2]!.header, undefined, { prune: true });
    const all = [...log, fork, point];
    const first = await one.access.import(inPieces(sequenceFrom(all), 1000));
    expect(first).to.deep.equal({ taken: 602, known: 0, refused: {} });
    const heads = await gathered(one.access.heads(undefined));
    expect(heads.map(({ operations }) => operations)).to.have.members([1, 601]);
    const operations: Operation[] = [];
    for (const head of heads)
      for await (const { header, body } of one.access.operations(head)) {
        operations.push({ header: { bytes: header }, body } as Operation);
      }
    const second = await other.access.import(inPieces(sequenceFrom(operations), 65_536));
    expect(second).to.deep.equal(first);
    expect(await other.store.lines()).to.deep.equal(await one.store.lines());
    expect(await other.store.small.lines()).to.deep.equal(await one.store.small.lines());
    const again = await other.access.import(inPieces(sequenceFrom(all), 100_000));
    expect(again).to.deep.equal({ taken: 0, known: 602, refused: {} });
  });

  it('shows the logs of one author alone', async () => {
    const { access } = await open();
    await access.import(inPieces(sequenceFrom([...logBy(1, 3), ...logBy(2, 2)]), 999));
    const { author } = namesOf(logBy(2, 1)[0]!);
    const heads = await gathered(access.heads(author));
    expect(heads.map((head) => [head.author, head.height])).to.deep.equal([[author, 1]]);
    await access.close();
  });

  it('tells who wrote what', async () => {
    const { access, store } = await open();
    const [operation] = logBy(1, 1);
    await access.import(inPieces(sequenceFrom([operation!]), 999));
    await store.small.put([writeOf('s1', 'loose', 1, true)]);
    const names = namesOf(operation!);
    const said = { ...names, sequence: 0, time: '1970-01-01T00:00:00.000Z', kind: 'gun/put' };
    expect(await gathered(access.blame('s1', undefined, undefined))).to.deep.equal([
      { soul: 's1', key: 'k0', value: 0, state: 1, said },
      { soul: 's1', key: 'loose', value: true, state: 1 },
    ]);
    expect(await gathered(access.blame('s1', 'k0', names.id))).to.deep.equal([
      { soul: 's1', key: 'k0', value: 0, state: 1, said },
    ]);
  });

  it('counts what it refuses by reason, and stops at what is no operation', async () => {
    const { access } = await open();
    const log = logBy(1, 4);
    const forged = { ...log[1]!, body: bodyOf([writeOf('x', 'y', 1, 1)]) };
    const sequence = sequenceFrom([log[0]!, forged, log[2]!, log[3]!]);
    const bytes = Uint8Array.from([...sequence, 0x83, ...sequenceFrom(logBy(3, 1))]);
    expect(await access.import(inPieces(bytes, 64))).to.deep.equal({
      taken: 1,
      known: 0,
      refused: { 'the body does not fit its hash and size': 1, 'operations before it are missing': 2 },
      fault: `byte ${sequence.length}: not [header, body]`,
    });
  });

  it('breaks off when it cannot be decided what becomes of an operation, also while more is to come', async () => {
    const { store } = await open();
    const intake: Pick<SyncStore, 'take'> = {
      take: (_topic, _header, _body, taker) => queueMicrotask(() => taker.fail(new Error('no disk'))),
    };
    const access = new StoredLogAccess({ store: store.logs, intake, topic: TOPIC, past: store.past });
    const bytes = sequenceFrom(logBy(1, 3));
    const slowly = async function* (): AsyncGenerator<Uint8Array> {
      for await (const piece of inPieces(bytes, 200)) {
        yield piece;
        await nextTurn();
      }
    };
    const failed: unknown = await access.import(slowly()).catch((error: unknown) => error);
    expect(String(failed)).to.equal('Error: no disk');
  });

  it('counts what the store does not take', async () => {
    const { access, store } = await open();
    store.small.storage.fails = (operation) => operation === 'commit';
    // Neither follows the other, so it does not matter whether they come to one commit.
    const operations = [...logBy(1, 1), ...logBy(2, 1)];
    expect(await access.import(inPieces(sequenceFrom(operations), 999))).to.deep.equal({
      taken: 0,
      known: 0,
      refused: { 'the store does not take anything': 2 },
    });
  });
});
