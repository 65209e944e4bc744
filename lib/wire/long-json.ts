/** Characters around a name: quotes, colon and comma. */
const NAME_SIGNS = 4;

/**
 * True when the JSON of a value is certainly longer than some characters; false when it may be. Looks at no more
 * members than it takes to know, whatever the depth, while JSON.stringify writes to the end.
 */
export function isLongJson(value: unknown, length: number): boolean {
  const waiting = [value];
  let left = length;
  while (left >= 0 && waiting.length > 0) {
    const next = waiting.pop();
    left -= typeof next === 'string' ? next.length + 2 : 1;
    if (typeof next !== 'object' || next === null) continue;
    if (Array.isArray(next)) {
      left -= next.length;
      if (left < 0) break;
      for (const item of next) waiting.push(item);
      continue;
    }
    for (const name in next) {
      left -= name.length + NAME_SIGNS;
      if (left < 0) break;
      waiting.push((next as Record<string, unknown>)[name]);
    }
  }
  return left < 0;
}
