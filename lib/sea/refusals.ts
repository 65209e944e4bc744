/** Why a write into a protected soul is refused: SEA's own words, which applications compare (gun-wire section 12.3). */
export const REFUSAL = {
  unverified: 'Unverified data.',
  account: 'Account not same!',
  alias: 'Alias not same!',
  aliasMissing: 'Alias must exist!',
  dataMissing: 'Data must exist!',
  hash: 'Data hash not same as hash!',
  expired: 'Certificate expired.',
  certificate: 'Certificate verification fail.',
} as const;

/** The guest is on the owner's list of those who may not write. */
export function blockedRefusal(guest: string): string {
  return `Certificant ${guest} blocked.`;
}

/** The policy wants the guest's key in the names that are written. */
export function nameRefusal(path: string, key: string, guest: string): string {
  return `Path "${path}" or key "${key}" must contain string "${guest}".`;
}
