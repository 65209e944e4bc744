/** The door `thicket/log`: keys, signed operations, their integrity, state vectors, and canonical CBOR. */
export { readCbor } from './cbor-reader.ts';
export { CBOR_DEPTH, CborScanner, scanCbor, type CborRules, type NextItem } from './cbor-scanner.ts';
export { CborWriter, encodeCbor, type CborMap, type CborValue } from './cbor-writer.ts';
export {
  decodeHeader,
  encodeUnsigned,
  unsignedBytesOf,
  withSignature,
  type Header,
  type UnsignedHeader,
} from './codec.ts';
export { advance, decodeCursor, encodeCursor, type Cursor } from './cursor.ts';
export { BODY_KIND, BODY_VERSION, decodeEnvelope, encodeEnvelope, type Envelope } from './envelope.ts';
export { decodeExtensions, encodeExtensions, type Extensions } from './extensions.ts';
export {
  checkEvidence,
  checkSide,
  isCanonical,
  type ForkEvidence,
  type ForkPolicy,
  type SideBranch,
} from './fork.ts';
export { graphTopic, hashBytes, hashHex, logIdOf } from './hash.ts';
export {
  compareTips,
  decodeHeights,
  encodeHeights,
  missingRanges,
  type ByLog,
  type Heights,
  type LogName,
  type LogRange,
  type Tip,
  type TipComparison,
  type Tips,
} from './heights.ts';
export {
  checkBody,
  checkPlace,
  checkSignature,
  readOperation,
  type HeldLog,
  type PlaceVerdict,
} from './integrity.ts';
export { KeyPair, type LaterSigner, type Signer } from './key-pair.ts';
export {
  createOperation,
  createOperationLater,
  FIRST_PLACE,
  MOST_BODY_BYTES,
  placeAfter,
  signHeader,
  timestampOf,
  type Operation,
  type OperationFields,
  type Place,
} from './operation.ts';
export { OrderBuffer, type OrderOutcome } from './order.ts';
export {
  compareRank,
  entriesToKeep,
  isBodyPrunable,
  isSuperseded,
  prunePointOf,
  type HeldWinner,
  type LogEntry,
  type PruneRules,
} from './prune.ts';
export { LOG_REASONS, type LogReason, type ReasonEntry } from './reasons.ts';
export { mayBeKey, strictly, verifyStrict, type VerifySignature } from './strict-ed25519.ts';
