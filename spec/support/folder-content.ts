/** Data folders of relays that do not run: what they hold, and how specs change that. */
import { LevelStorage } from '../../adapters/level.ts';
import { SealedStorage } from '../../adapters/sealed-storage.ts';
import { recordsIn } from '../../lib/store/graph-walk.ts';
import type { Change, TextEntry } from '../../lib/store/storage.ts';
import { gathered } from './log-bytes.ts';
import { graphLines, logLines } from './log-relays.ts';

/** True for records of the graph, of what waits for its time, and of the histories of nodes. */
export function isOfGraph(key: string): boolean {
  return /^[gdvI]\//.test(key);
}

async function opened<T>(data: string, use: (storage: SealedStorage) => Promise<T>): Promise<T> {
  const storage = new SealedStorage(new LevelStorage({ location: data, durability: 'os' }));
  await storage.open();
  try {
    return await use(storage);
  } finally {
    await storage.close();
  }
}

/** The logs and the graph of a folder, as lines. */
export function contentOf(data: string): Promise<{ readonly logs: string[]; readonly graph: string[] }> {
  return opened(data, async (storage) => ({
    logs: await logLines(storage),
    graph: await graphLines(storage),
  }));
}

/** All records of a folder. */
export function recordsOf(data: string): Promise<TextEntry[]> {
  return opened(data, (storage) => gathered(recordsIn(storage, { from: '', to: '\u{10ffff}' })));
}

/** Deletes records of a folder, and adds others. */
export function changeFolder(
  data: string,
  changed: (key: string) => undefined | 'same',
  added: readonly Change[] = [],
): Promise<void> {
  return opened(data, async (storage) => {
    const changes: Change[] = [];
    for await (const [key] of recordsIn(storage, { from: '', to: '\u{10ffff}' }))
      if (changed(key) === undefined) changes.push([key, undefined]);
    await storage.commit([...changes, ...added]);
  });
}
