import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { MemoryStorage } from '../../adapters/memory.ts';
import { SealedStorage } from '../../adapters/sealed-storage.ts';
import { LevelStorage } from '../../adapters/level.ts';
import { KeyPair } from '../../lib/log/key-pair.ts';
import { decodeDelta } from '../../lib/store/delta-codec.ts';
import { REBUILD_KEY } from '../../lib/store/log-keys.ts';
import { LogStore } from '../../lib/store/log-store.ts';
import { pagesOf } from '../../lib/store/replay.ts';
import type { Storage } from '../../lib/store/storage.ts';
import type { LogEvent } from '../../relay/logger.ts';
import { createRelay, type RelaySettings } from '../../relay/relay.ts';
import { temporaryFolders } from '../support/temporary-folder.ts';
import { RawPeer } from '../support/raw-peer.ts';

const QUIET: RelaySettings = { port: 0, host: '127.0.0.1', logLevel: 'silent' };

/** What a client is answered that puts one property. */
async function put(port: number, id: string, soul = 'mark'): Promise<string> {
  const peer = await RawPeer.open(`http://127.0.0.1:${port}/gun`);
  const node = { _: { '#': soul, '>': { name: 5 } }, name: 'Mark' };
  const answer = await peer.put({ [soul]: node }, id);
  await peer.close();
  return answer.err ?? 'ok';
}

/** Kinds and properties of what a store's logs say, by author. */
async function said(storage: Storage): Promise<Record<string, string[]>> {
  const store = new LogStore(storage);
  const found: Record<string, string[]> = {};
  for (const name of await store.heads()) {
    const lines: string[] = [];
    for await (const page of pagesOf(store, 'canonical', name)) {
      for (const { body } of page) {
        const delta = decodeDelta(body!);
        if (!delta.ok || delta.value === undefined) continue;
        lines.push(
          ...delta.value.writes.map(({ soul, key, json }) => `${delta.value!.kind} ${soul} ${key} ${json}`),
        );
      }
    }
    found[name.author] = lines;
  }
  return found;
}

describe('relay.relay-logs', () => {
  const folder = temporaryFolders();

  it('tells at the start that a rebuild of the graph was cut off, and what to do', async () => {
    for (const note of ['begun', undefined]) {
      const storage = new MemoryStorage();
      await storage.open();
      await storage.commit([[REBUILD_KEY, note]]);
      const events: LogEvent[] = [];
      const logger = { log: (level: string, event: LogEvent) => events.push({ level, ...event }) };
      const relay = createRelay({ ...QUIET, data: './here' }, { storage, logger });
      await relay.listen();
      await relay.ready();
      const todo = 'stop the relay and run: thicket log rebuild --data "./here"';
      const told = note === undefined ? [] : [{ level: 'warn', kind: 'rebuild-unfinished', todo }];
      expect(events.filter(({ kind }) => kind === 'rebuild-unfinished')).to.deep.equal(told);
      await relay.close();
    }
  });

  it('signs what clients wrote unless told otherwise, with its key, before it ends', async () => {
    const storage = new MemoryStorage();
    const key = KeyPair.random();
    const relay = createRelay(QUIET, { storage, key });
    await relay.listen();
    expect(await put(relay.port, 'p1')).to.equal('ok');
    await relay.close();
    await storage.open();
    expect(await said(storage)).to.deep.equal({ [key.id]: ['gun/seen mark name "Mark"'] });
  });

  it('keeps its key in the data folder, or where it is told, and goes on with its log', async () => {
    const data = await folder();
    const logKey = join(await folder(), 'elsewhere');
    const authors = new Set<string>();
    for (const [id, settings] of [
      ['p1', {}],
      ['p2', {}],
      ['p3', { logKey }],
    ] as const) {
      const relay = createRelay({ ...QUIET, ...settings, data, durability: 'os' });
      await relay.listen();
      expect(await put(relay.port, id, id)).to.equal('ok');
      await relay.close();
    }
    expect((await stat(join(data, 'log-key'))).isFile()).to.equal(true);
    expect((await stat(logKey)).isFile()).to.equal(true);
    const storage = new SealedStorage(new LevelStorage({ location: data, durability: 'os' }));
    await storage.open();
    const logs = await said(storage);
    for (const author of Object.keys(logs)) authors.add(author);
    expect(Object.values(logs).map((lines) => lines.length)).to.have.members([2, 1]);
    await storage.close();
  });

  it('goes on with the key that a storage of its own keeps', async () => {
    const storage = new MemoryStorage();
    for (const soul of ['a', 'b']) {
      const relay = createRelay(QUIET, { storage });
      await relay.listen();
      expect(await put(relay.port, soul, soul)).to.equal('ok');
      await relay.close();
    }
    await storage.open();
    expect(Object.values(await said(storage))).to.deep.equal([
      ['gun/seen a name "Mark"', 'gun/seen b name "Mark"'],
    ]);
  });

  it('signs nothing when that is not wanted', async () => {
    const storage = new MemoryStorage();
    const relay = createRelay({ ...QUIET, legacy: 'graph' }, { storage });
    await relay.listen();
    expect(await put(relay.port, 'p1')).to.equal('ok');
    await relay.close();
    await storage.open();
    expect(await said(storage)).to.deep.equal({});
  });

  it('signs what is written from its first start with the default on, and nothing that was there or is written without', async () => {
    const data = await folder();
    const blamed: string[] = [];
    for (const [legacy, soul] of [
      ['graph', 'before'],
      ['witness', 'signed'],
      ['graph', 'between'],
      ['witness', 'again'],
    ] as const) {
      const relay = createRelay({
        ...QUIET,
        data,
        durability: 'os',
        ...(legacy === 'graph' ? { legacy } : {}),
      });
      await relay.listen();
      expect(await put(relay.port, soul, soul)).to.equal('ok');
      await relay.witnessed();
      blamed.length = 0;
      for (const name of ['before', 'signed', 'between', 'again']) {
        const [found] = await relay.past.blame(name, 'name');
        blamed.push(found === undefined ? 'nothing' : (found.said?.kind ?? 'unsigned'));
      }
      await relay.close();
    }
    expect(blamed).to.deep.equal(['unsigned', 'gun/seen', 'unsigned', 'gun/seen']);
  });

  it('refuses what nobody signed when that is wanted', async () => {
    const relay = createRelay({ ...QUIET, legacy: 'reject' }, { storage: new MemoryStorage() });
    await relay.listen();
    expect(await put(relay.port, 'p1')).to.equal('put: only what is signed is taken here');
    await relay.close();
  });
});
