import type { FieldWrite } from '../graph/write.ts';

/** One text for each entry: property, state and value. */
export function entryName({ soul, key, state, json }: FieldWrite): string {
  return `${soul.length} ${key.length} ${state} ${soul}${key}${json}`;
}
