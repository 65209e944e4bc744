/** Relays in this process that keep logs, and what is the same in them. */
import { MemoryStorage } from '../../adapters/memory.ts';
import { toHex } from '../../lib/base/byte-texts.ts';
import type { Clock } from '../../lib/base/clock.ts';
import { writeOf } from '../../lib/graph/write.ts';
import { graphTopic, logIdOf } from '../../lib/log/hash.ts';
import { KeyPair } from '../../lib/log/key-pair.ts';
import type { Operation } from '../../lib/log/operation.ts';
import { encodeHead } from '../../lib/store/log-head.ts';
import { headKey } from '../../lib/store/log-keys.ts';
import { LogStore } from '../../lib/store/log-store.ts';
import { pagesOf } from '../../lib/store/replay.ts';
import type { Storage } from '../../lib/store/storage.ts';
import type { LogEvent } from '../../relay/logger.ts';
import { createRelay, type Relay, type RelaySettings } from '../../relay/relay.ts';
import { Inbox } from './inbox.ts';
import { bodyOf } from './log-bytes.ts';
import { authorOf, logOf } from './log-maker.ts';
import { manyAuthors } from './parted-tips.ts';
import { RawPeer } from './raw-peer.ts';
import { storeLines } from './store-lines.ts';

/** The topic of a relay's graph, unless it is told another network. */
export const GRAPH_TOPIC: Uint8Array = graphTopic('gun');

/** A relay, its storage, and what it told its operator. */
export interface LogRelay {
  readonly relay: Relay;
  readonly storage: MemoryStorage;
  readonly events: Inbox<LogEvent>;
  readonly url: string;
}

/** Relays of one spec, ended by `end`. */
export class LogRelays {
  readonly #running: LogRelay[] = [];
  readonly #peers: RawPeer[] = [];

  /** Starts a relay, which witnesses what clients write unless told otherwise. */
  async start(
    settings: RelaySettings = {},
    parts: { storage?: MemoryStorage; key?: KeyPair; clock?: Clock } = {},
  ): Promise<LogRelay> {
    const { storage = new MemoryStorage(), key = KeyPair.random(), ...others } = parts;
    const events = new Inbox<LogEvent>('relay events');
    const relay = createRelay(
      { port: 0, host: '127.0.0.1', logLevel: 'silent', ...settings },
      { storage, key, ...others, logger: { log: (_level, event) => events.push(event) } },
    );
    await relay.listen();
    await relay.ready();
    const started = { relay, storage, events, url: `http://127.0.0.1:${relay.port}/gun` };
    this.#running.push(started);
    return started;
  }

  /** A client of a relay. */
  async client({ url }: LogRelay, headers: Readonly<Record<string, string>> = {}): Promise<RawPeer> {
    const peer = await RawPeer.open(url, 'client', headers);
    this.#peers.push(peer);
    return peer;
  }

  /** Ends everything. */
  async end(): Promise<void> {
    for (const peer of this.#peers.splice(0)) await peer.close();
    await Promise.all(this.#running.splice(0).map(({ relay }) => relay.close()));
  }
}

/** Waits until a relay has what the other side of some line had, since the last time. */
export async function synced({ events }: LogRelay): Promise<LogEvent> {
  return events.next(({ kind }) => kind === 'log-synced', 'a synchronised line');
}

/** A storage that says of many logs where they end, and holds nothing of them: enough to compare them. */
export async function storageOfEnds(count: number): Promise<MemoryStorage> {
  const storage = new MemoryStorage();
  await storage.open();
  const log = toHex(logIdOf(GRAPH_TOPIC));
  const head = encodeHead({ first: 0, height: 0, tip: 'e'.repeat(64), bytes: 1, side: undefined });
  await storage.commit(manyAuthors(count).map((author) => [headKey(author, log), head]));
  await storage.close();
  return storage;
}

/** Everything a store's logs hold, in order. */
export async function logLines(storage: Storage): Promise<string[]> {
  const store = new LogStore(storage);
  const lines: string[] = [];
  for (const name of await store.heads()) {
    for (const branch of ['canonical', 'side'] as const) {
      for await (const page of pagesOf(store, branch, name)) {
        for (const { sequence, id, body } of page)
          lines.push(`${name.author} ${branch} ${sequence} ${id} ${body?.length}`);
      }
    }
  }
  return lines;
}

/** What a store's graph holds, in order. */
export function graphLines(storage: Storage): Promise<string[]> {
  return storeLines(storage);
}

/** The log of an author whose operations each write a property of the soul `by` and his number. */
export function putsBy(author: number, length: number): Operation[] {
  const said = (at: number): Uint8Array =>
    bodyOf([writeOf(`by${author}`, `k${at}`, at + 1, `${author} ${at}`)]);
  return logOf(authorOf(author), length, said, { logId: logIdOf(GRAPH_TOPIC) });
}
