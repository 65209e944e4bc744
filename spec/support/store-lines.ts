/** Everything a storage holds, read past every cache. */
import { limitsWith } from '../../lib/base/limits.ts';
import { GraphStore } from '../../lib/store/graph-store.ts';
import type { Storage } from '../../lib/store/storage.ts';
import { lineOfField } from './naive-graph.ts';

/** All properties of an open storage, as lines for comparing. */
export async function storeLines(storage: Storage): Promise<string[]> {
  const lines: string[] = [];
  const graph = new GraphStore({ storage, limits: limitsWith({ lexMaxBytes: Infinity }) });
  for await (const { nodes } of graph.parts({ soul: {}, reverse: false, byteLimit: Infinity })) {
    for (const { soul, entries } of nodes) {
      for (const [key, { state, json }] of entries) lines.push(lineOfField(soul, key, state, json));
    }
  }
  return lines.toSorted();
}
