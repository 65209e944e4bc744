import { RELAY_ERROR_CODES } from './relay-error-codes.ts';

/** How a graph can fail, by code; see `relay-error-codes.ts` for the others. */
export const GRAPH_ERROR_CODES = {
  GRAPH_BAD_VALUE: 'a value is no null, text, boolean, finite number or link',
  LIFECYCLE_CLOSED: 'the object is closing or closed',
  OPTION_INVALID: 'an option is unknown, malformed or out of range',
  PUT_REFUSED: 'what was written is refused',
  SEA_BAD_INPUT: 'SEA cannot sign, encrypt or certify this',
  SEA_BAD_KEY: 'a key pair is malformed',
  STORAGE_FAILED: 'the storage cannot read or write',
  STORAGE_FULL: 'the disk is full',
  STORAGE_LOCKED: 'another process holds the data folder',
  STORAGE_NOT_OPEN: 'the storage is not open',
  STORAGE_UNREADABLE: 'the data folder cannot be opened or read',
  USER_REFUSED: 'an account cannot be made, opened or used',
} as const;

/** A code of a graph. */
export type GraphErrorCode = keyof typeof GRAPH_ERROR_CODES;
type RelayErrorCode = keyof typeof RELAY_ERROR_CODES;
/** One of the codes in `ERROR_CODES`. */
export type ErrorCode = GraphErrorCode | RelayErrorCode;

/** The one error class of Thicket: branch on `code`, read `message`, find the origin in `cause`. */
export class GraphError extends Error {
  override readonly name = 'GraphError';
  readonly code: ErrorCode;

  /**
   * @param code entry of the closed table; for those of relays see {@link relayError}
   * @param detail what happened, without secrets or payloads
   */
  constructor(code: GraphErrorCode, detail?: string, options?: ErrorOptions);
  constructor(
    code: ErrorCode,
    detail: string | undefined,
    options: ErrorOptions | undefined,
    meanings: typeof RELAY_ERROR_CODES,
  );
  constructor(
    code: ErrorCode,
    detail?: string,
    options?: ErrorOptions,
    meanings: Partial<Record<ErrorCode, string>> = GRAPH_ERROR_CODES,
  ) {
    super(detail === undefined ? meanings[code] : `${meanings[code]}: ${detail}`, options);
    this.code = code;
  }
}

/**
 * An error of a relay, of its store or of signed logs.
 *
 * @param detail what happened, without secrets or payloads
 */
export function relayError(code: RelayErrorCode, detail?: string, options?: ErrorOptions): GraphError {
  return new GraphError(code, detail, options, RELAY_ERROR_CODES);
}
