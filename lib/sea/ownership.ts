/** Which souls are protected, and by what (gun-wire section 12.2); the tests come in SEA's order. */

/** What protects a soul. */
export type Protection =
  | { readonly kind: 'open' }
  /** `~@`: the list of aliases; each key is linked to `~@` and itself. */
  | { readonly kind: 'aliases' }
  /** `~@alice`: the accounts of an alias; each key is linked to itself. */
  | { readonly kind: 'accounts' }
  /** `~pub` and whatever holds it: signed by the owner, or by a guest with the owner's certificate. */
  | { readonly kind: 'owned'; readonly owner: string }
  /** A soul with `#`: each key names the hash of its value. */
  | { readonly kind: 'hashed' };

/** The list of aliases. */
export const ALIASES_SOUL = '~@';
const OWNER_MARK = '~';
const HASH_MARK = '#';
const FORGET_MARK = '<?';
const NOT_OF_KEY = /[^A-Za-z0-9_-]/;
const OPEN: Protection = { kind: 'open' };
const ALIASES: Protection = { kind: 'aliases' };
const ACCOUNTS: Protection = { kind: 'accounts' };
const HASHED: Protection = { kind: 'hashed' };

/** False for souls that nothing protects and that are never forgotten, which are most; costs next to nothing. */
export function isSpecialSoul(soul: string): boolean {
  return soul.includes(OWNER_MARK) || soul.includes(HASH_MARK) || soul.includes(FORGET_MARK);
}

/** {@link isSpecialSoul} for any of some writes; those to one node stand together, so most souls are looked at once. */
export function hasSpecialSoul(writes: readonly { readonly soul: string }[]): boolean {
  let last = '';
  for (let at = 0; at < writes.length; at += 1) {
    const { soul } = writes[at]!;
    if (soul === last) continue;
    if (isSpecialSoul(soul)) return true;
    last = soul;
  }
  return false;
}

/** What protects a soul. */
export function protectionOf(soul: string): Protection {
  if (soul === ALIASES_SOUL) return ALIASES;
  if (soul.startsWith(ALIASES_SOUL)) return ACCOUNTS;
  const owner = ownerOf(soul);
  if (owner !== undefined) return { kind: 'owned', owner };
  return soul.includes(HASH_MARK) ? HASHED : OPEN;
}

/**
 * The public key that a soul holds: the text between its first `~` and the next, cut at characters that no key has, the
 * first two parts joined by a dot. It need not be a key; then nobody can write there.
 */
export function ownerOf(soul: string): string | undefined {
  const start = soul.indexOf(OWNER_MARK);
  if (start < 0) return undefined;
  const end = soul.indexOf(OWNER_MARK, start + 1);
  const [x, y] = soul.slice(start + 1, end < 0 ? undefined : end).split(NOT_OF_KEY, 2);
  return y === undefined ? undefined : `${x}.${y}`;
}

/** The soul of an account. */
export function accountSoul(pub: string): string {
  return OWNER_MARK + pub;
}

/** The soul that lists the accounts of an alias. */
export function aliasSoul(alias: string): string {
  return ALIASES_SOUL + alias;
}

/** True for a write to a soul with `<?` and seconds that is older than these: it is not kept any more. */
export function isForgotten(soul: string, state: number, now: number): boolean {
  const start = soul.indexOf(FORGET_MARK);
  if (start < 0) return false;
  const end = soul.indexOf(FORGET_MARK, start + FORGET_MARK.length);
  const seconds = Number.parseFloat(soul.slice(start + FORGET_MARK.length, end < 0 ? undefined : end));
  return seconds !== 0 && state < now - 1000 * seconds;
}
