/** Records of small nodes as the store writes them. */
import { encodeEntry } from '../../lib/store/keys.ts';
import { NodeRecordBuilder } from '../../lib/store/node-record.ts';

/** The record of a small node with these properties. */
export function nodeRecord(fields: Record<string, readonly [state: number, json: string]>): string {
  const builder = new NodeRecordBuilder();
  for (const [key, [state, json]] of Object.entries(fields)) builder.add(key, encodeEntry(state, json));
  return builder.build()!;
}
