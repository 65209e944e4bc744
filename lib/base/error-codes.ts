import { GRAPH_ERROR_CODES } from './errors.ts';
import { RELAY_ERROR_CODES } from './relay-error-codes.ts';

/** Every way Thicket can fail, by code. The README lists the same codes; a spec compares both lists. */
export const ERROR_CODES: typeof GRAPH_ERROR_CODES & typeof RELAY_ERROR_CODES = {
  ...GRAPH_ERROR_CODES,
  ...RELAY_ERROR_CODES,
};
