/** True for an object that is no array, of which the `length` would pass for something that somebody sent. */
export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
