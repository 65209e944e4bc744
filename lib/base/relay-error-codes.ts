/** How relays, their stores and signed logs can fail, by code; apart from the others because apps load nothing of it. */
export const RELAY_ERROR_CODES = {
  CBOR_BAD_VALUE: 'a value has no form in CBOR',
  KEY_INVALID: 'a key is malformed or cannot be used',
  LOG_BEHIND: 'another node has more of this log',
  LOG_BODY_TOO_LARGE: 'an operation is too large',
  LOG_FORKED: 'a log has two branches',
  LOG_FULL: 'a log is full',
  RELAY_LISTEN_FAILED: 'the relay cannot listen on its port',
  RELAY_UNREACHABLE: 'the relay cannot be reached',
  STORAGE_DAMAGED: 'the store is damaged',
} as const;
