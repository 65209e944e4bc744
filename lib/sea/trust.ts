/** Certificates that stand in their owner's space, where the guests find them: `~owner/trust/guest`. */
import { failure, success, type Result } from '../base/result.ts';
import { certify, parseCertificate, type Terms } from './certificate.ts';
import { isPublicKey } from './keys.ts';
import { nameOf, readEntries, storeEntry } from './person-table.ts';
import type { AccountGraph, User } from './user.ts';

/** Until when somebody is trusted, and who not in spite of it. */
export type TrustTerms = Pick<Terms, 'expires' | 'writeBlock'>;

const OWNER = 'the owner needs no certificate';
const NO_KEY = 'not a public key';

/**
 * Lets somebody write at a path of a user's space, and below.
 *
 * The `trust` of gun 0.2020.1241 fails for want of a variable and writes nothing, so this follows what its comments
 * want, and puts the certificate beside the keys that gun's `secret` keeps in the same table.
 */
export async function trust(
  graph: AccountGraph,
  { pair }: User,
  path: string,
  guest: string,
  terms: TrustTerms = {},
): Promise<Result<string>> {
  // In the own row gun keeps the keys of its user's secrets.
  if (guest === pair.pub) return failure(OWNER);
  if (!isPublicKey(guest)) return failure(NO_KEY);
  const write = [path, { '*': `${path}/` }];
  const certificate = await certify({ ...terms, guests: guest, write }, pair);
  const stored = await storeEntry(graph, pair, { table: 'trust', person: guest }, path, certificate);
  return stored.ok ? success(certificate) : stored;
}

/** The certificate by which an owner trusts somebody with a path; undefined when there is none. */
export async function trustedWith(
  graph: AccountGraph,
  path: string,
  owner: string,
  guest: string,
): Promise<string | undefined> {
  const names = new Set([nameOf(owner, path)]);
  const [certificate] = await readEntries(graph, { owner, table: 'trust', person: guest }, names);
  return typeof certificate === 'string' && parseCertificate(certificate) !== undefined
    ? certificate
    : undefined;
}
