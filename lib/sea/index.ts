/** Gun's SEA as applications use it: keys, signatures, encryption, accounts, certificates and the guard of user spaces. */
export { createPair, isPublicKey, readPair, type KeyPair } from './keys.ts';
export { sign, verify } from './signature.ts';
export { decrypt, encrypt, seal, secret, type Sealed, type SealKey } from './encryption.ts';
export { grant, grantedKey, openShared, sharedKey, type PublicPair } from './grant.ts';
export { trust, trustedWith, type TrustTerms } from './trust.ts';
export { hashOf, work, type WorkEncoding, type WorkOptions } from './work.ts';
export {
  certify,
  parseCertificate,
  type Certificate,
  type Lex,
  type Policy,
  type Terms,
} from './certificate.ts';
export { plainValue, saysTheSame, signWrite, type GuestOptions } from './signed-value.ts';
export { accountSoul, aliasSoul, ownerOf, protectionOf, type Protection } from './ownership.ts';
export { SeaChecker } from './checker.ts';
export type { ReadStored } from './verifier.ts';
export {
  authenticate,
  changePassword,
  createUser,
  recallUser,
  type AccountGraph,
  type NewUser,
  type User,
} from './user.ts';
