/** What a relay's data folder holds. */
import { LevelStorage } from '../../adapters/level.ts';
import { SealedStorage } from '../../adapters/sealed-storage.ts';
import { graphLines, logLines } from './log-relays.ts';

/** The logs and the graph of a folder whose relay has ended, in order. */
export async function contentOf(
  data: string,
): Promise<{ readonly logs: string[]; readonly graph: string[] }> {
  const storage = new SealedStorage(new LevelStorage({ location: data, durability: 'os' }));
  await storage.open();
  try {
    return { logs: await logLines(storage), graph: await graphLines(storage) };
  } finally {
    await storage.close();
  }
}
