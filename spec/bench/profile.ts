/**
 * Reads the CPU profiles of relays: which functions took most time by themselves.
 */
import { mkdir, readFile, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { formatTable } from './report/table.ts';

const PERCENT = 100;
const SUFFIX = '.cpuprofile';
const NOT_BUSY = new Set(['(idle)', '(program)', '(root)']);

/** As much of a V8 CPU profile as matters here. */
export interface CpuProfile {
  readonly nodes: readonly {
    readonly id: number;
    readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number };
  }[];
  readonly samples: readonly number[];
  /** Microseconds since the sample before. */
  readonly timeDeltas: readonly number[];
}

/** A function and its own share of the busy time. */
export interface Hotspot {
  readonly name: string;
  /** File and line, or empty for parts of the runtime. */
  readonly place: string;
  readonly milliseconds: number;
  /** 0 to 1. */
  readonly share: number;
}

function placeOf(url: string, line: number): string {
  if (url === '') return '';
  const short = url.replace(/^.*\/(node_modules|dist)\//, (_, folder: string) =>
    folder === 'dist' ? '' : '~/',
  );
  return `${short}:${line + 1}`;
}

/** The functions with the most time of their own, without idle time. */
export function hotspotsOf(profile: CpuProfile, most: number): Hotspot[] {
  const frameById = new Map(profile.nodes.map(({ id, callFrame }) => [id, callFrame]));
  const timeByKey = new Map<string, { name: string; place: string; microseconds: number }>();
  let busy = 0;
  for (const [index, id] of profile.samples.entries()) {
    const frame = frameById.get(id);
    if (frame === undefined || NOT_BUSY.has(frame.functionName)) continue;
    // A sample holds until the next one.
    const microseconds = profile.timeDeltas[index + 1] ?? 0;
    const place = placeOf(frame.url, frame.lineNumber);
    const name = frame.functionName || '(anonymous)';
    const key = `${name} ${place}`;
    const entry = timeByKey.get(key) ?? { name, place, microseconds: 0 };
    entry.microseconds += microseconds;
    timeByKey.set(key, entry);
    busy += microseconds;
  }
  return [...timeByKey.values()]
    .toSorted((left, right) => right.microseconds - left.microseconds)
    .slice(0, most)
    .map(({ name, place, microseconds }) => ({
      name,
      place,
      milliseconds: microseconds / 1000,
      share: microseconds / busy,
    }));
}

async function profilesIn(folder: string): Promise<string[]> {
  return (await readdir(folder)).filter((name) => name.endsWith(SUFFIX)).toSorted();
}

/** Makes a folder for profiles; those of earlier runs leave it. */
export async function clearProfiles(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  await Promise.all((await profilesIn(folder)).map((name) => rm(join(folder, name))));
}

/** A table of the dearest functions of each profile in a folder. */
export async function describeProfiles(folder: string, most: number): Promise<string> {
  const names = await profilesIn(folder);
  const tables = await Promise.all(
    names.map(async (name) => {
      const profile = JSON.parse(await readFile(join(folder, name), 'utf8')) as CpuProfile;
      const lines = hotspotsOf(profile, most).map(({ name: called, place, milliseconds, share }) => [
        called,
        place,
        Math.round(milliseconds).toLocaleString('en-US'),
        (share * PERCENT).toFixed(1),
      ]);
      return `${join(folder, name)}\n${formatTable(['function', 'place', 'own ms', '%'], lines, 2)}`;
    }),
  );
  return tables.join('\n\n');
}
