/**
 * Every way Thicket can fail, by code. The README lists the same codes; a spec compares both lists.
 */
export const ERROR_CODES = {
  CBOR_BAD_VALUE: 'a value has no form in CBOR',
  GRAPH_BAD_VALUE: 'a value is no null, text, boolean, finite number or link',
  KEY_INVALID: 'a key is malformed',
  LIFECYCLE_CLOSED: 'the object is closing or closed',
  LOG_BODY_TOO_LARGE: 'an operation is too large',
  LOG_FULL: 'a log is full',
  OPTION_INVALID: 'an option is unknown, malformed or out of range',
  PUT_REFUSED: 'what was written is refused',
  RELAY_LISTEN_FAILED: 'the relay cannot listen on its port',
  RELAY_UNREACHABLE: 'the relay cannot be reached',
  SEA_BAD_INPUT: 'SEA cannot sign, encrypt or certify this',
  SEA_BAD_KEY: 'a key pair is malformed',
  STORAGE_DAMAGED: 'the store is damaged',
  STORAGE_FAILED: 'the storage cannot read or write',
  STORAGE_FULL: 'the disk is full',
  STORAGE_LOCKED: 'another process holds the data folder',
  STORAGE_NOT_OPEN: 'the storage is not open',
  STORAGE_UNREADABLE: 'the data folder cannot be opened or read',
  USER_REFUSED: 'an account cannot be made, opened or used',
} as const;

/** One of the codes in {@link ERROR_CODES}. */
export type ErrorCode = keyof typeof ERROR_CODES;

/** The one error class of Thicket: branch on `code`, read `message`, find the origin in `cause`. */
export class GraphError extends Error {
  override readonly name = 'GraphError';
  readonly code: ErrorCode;

  /**
   * @param code entry of the closed table
   * @param detail what happened, without secrets or payloads
   */
  constructor(code: ErrorCode, detail?: string, options?: ErrorOptions) {
    super(detail === undefined ? ERROR_CODES[code] : `${ERROR_CODES[code]}: ${detail}`, options);
    this.code = code;
  }
}
