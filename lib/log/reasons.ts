/** Why an operation is refused. */
export type LogReason =
  | 'malformed'
  | 'version'
  | 'signature'
  | 'extensions'
  | 'payload'
  | 'author'
  | 'log'
  | 'gap'
  | 'backlink'
  | 'fork'
  | 'pruned'
  | 'frozen'
  | 'full'
  | 'size'
  | 'body'
  | 'authors'
  | 'newcomers';

/** A reason for people, and as the code that frame 27 carries (log-mapping section 5). */
export interface ReasonEntry {
  /** Stays as it is for ever; new reasons get new codes. */
  readonly code: number;
  readonly text: string;
}

/** Every reason. */
export const LOG_REASONS: Readonly<Record<LogReason, ReasonEntry>> = {
  malformed: { code: 1, text: 'the header is not canonical' },
  version: { code: 2, text: 'the version of the header is not supported' },
  signature: { code: 3, text: 'the signature does not fit the author' },
  extensions: { code: 4, text: 'the extensions are missing or malformed' },
  payload: { code: 5, text: 'the body does not fit its hash and size' },
  author: { code: 6, text: 'a log has one author only' },
  log: { code: 7, text: 'the operation is of another log or topic' },
  gap: { code: 8, text: 'operations before it are missing' },
  backlink: { code: 9, text: 'the backlink is not the operation before' },
  fork: { code: 10, text: 'the log has another operation at this place' },
  pruned: { code: 11, text: 'the log was pruned beyond this place' },
  frozen: { code: 12, text: 'the log is forked and takes no more operations' },
  full: { code: 13, text: 'the side branch of the fork is full' },
  size: { code: 14, text: 'the operation is too large' },
  body: { code: 15, text: 'the body is not what its kind says' },
  authors: { code: 16, text: 'no more authors are kept here' },
  newcomers: { code: 17, text: 'too many new authors from one address, try later' },
};
