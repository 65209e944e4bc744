/** Souls that belong to a key begin with `@`, its 64 hex digits and a slash (log-mapping section 4). */
const KEY_SOUL = /^@([\da-f]{64})\//;
const AT = 0x40;

/** What those are told who write to a soul of another's key. */
export const OWNED = 'put: a soul that belongs to a key takes only what that key has signed';

/**
 * The key, as hex, that alone may write a soul; undefined for souls of everybody.
 *
 * HAM knows no authority, so without this an unsigned write with a later state would win over a signed one.
 */
export function keyOfSoul(soul: string): string | undefined {
  return soul.charCodeAt(0) === AT ? KEY_SOUL.exec(soul)?.[1] : undefined;
}

/** True when writes of an author, or unsigned ones, may go to a soul. */
export function mayWrite(soul: string, author: string | undefined): boolean {
  const key = keyOfSoul(soul);
  return key === undefined || key === author;
}
