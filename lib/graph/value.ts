/** A reference to another node: an object whose only own key is `#`, with a non-empty soul. */
export interface Link {
  readonly '#': string;
}

/** What a property may hold (gun-wire section 7). */
export type Value = null | boolean | number | string | Link;

/** True for a link: one own key `#`, holding non-empty text. */
export function isLink(value: unknown): value is Link {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  const keys = Object.keys(value);
  if (keys.length !== 1 || keys[0] !== '#') return false;
  const soul = (value as Link)['#'];
  return typeof soul === 'string' && soul !== '';
}

/** True for everything a property may hold. */
export function isValue(value: unknown): value is Value {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return true;
    case 'number':
      return Number.isFinite(value);
    case 'object':
      return value === null || isLink(value);
    default:
      return false;
  }
}

/**
 * The JSON text of a value as HAM compares it, or undefined when the value is not one a property may hold.
 *
 * Lone surrogates come out as `\udXXX` escapes, so the text survives UTF-8 (gun-wire section 6).
 */
export function toValueJson(value: unknown): string | undefined {
  switch (typeof value) {
    case 'string':
      return JSON.stringify(value);
    case 'number':
      return Number.isFinite(value) ? JSON.stringify(value) : undefined;
    case 'boolean':
      return value ? 'true' : 'false';
    case 'object':
      if (value === null) return 'null';
      return isLink(value) ? `{"#":${JSON.stringify(value['#'])}}` : undefined;
    default:
      return undefined;
  }
}

/** The value of a JSON text made by {@link toValueJson}. */
export function fromValueJson(json: string): Value {
  return JSON.parse(json) as Value;
}
