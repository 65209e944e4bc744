import type { Entry } from '../graph/write.ts';

/** What HAM says about one incoming property. */
export type Verdict = 'defer' | 'historical' | 'same' | 'accept';

/**
 * Decides one property (gun-wire section 6, rules 1 to 4).
 *
 * States are finite numbers; JSON texts are compared by UTF-16 units.
 *
 * @param now the receiver's clock in milliseconds
 * @param current what is stored, undefined when the property is unknown
 */
export function resolve(incoming: Entry, current: Entry | undefined, now: number): Verdict {
  if (incoming.state > now) return 'defer';
  return resolveDue(incoming, current);
}

/** {@link resolve} for a write whose time has come: any state counts as reached. */
export function resolveDue(incoming: Entry, current: Entry | undefined): Exclude<Verdict, 'defer'> {
  if (current === undefined || incoming.state > current.state) return 'accept';
  if (incoming.state < current.state || incoming.json < current.json) return 'historical';
  return incoming.json === current.json ? 'same' : 'accept';
}
