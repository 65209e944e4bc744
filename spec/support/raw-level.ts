/** The records of a folder as LevelDB has them. */
import { RawLevel } from '../../adapters/level-raw.ts';

/** Opens the database of a folder that nobody else has open, and closes it again. */
export async function withRaw<T>(location: string, use: (raw: RawLevel) => Promise<T>): Promise<T> {
  const raw = new RawLevel(location);
  await raw.open();
  try {
    return await use(raw);
  } finally {
    await raw.close();
  }
}
