/** Web pages of which origins may connect; programs that are no browsers send none or any they like. */
import { GraphError } from '../lib/base/errors.ts';
import type { RelayOptions } from './option-table.ts';

const ANY = '*';

/**
 * An origin as browsers write it: scheme, host and a port that is not the usual one; `*` stands for all, and within a
 * host for nothing.
 */
function parseOrigin(text: string): string {
  if (text === ANY || text === 'null') return text;
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || url.host === '' || url.host.includes(ANY) || hasMore(url)) {
    throw new GraphError(
      'OPTION_INVALID',
      `--origins ${JSON.stringify(text)}: must be * or like https://app.example`,
    );
  }
  return `${url.protocol}//${url.host}`;
}

function hasMore({ username, password, pathname, search, hash }: URL): boolean {
  return !['', '/'].includes(username + password + pathname + search + hash);
}

/** The list of allowed origins. */
export class Origins {
  readonly #allowed: ReadonlySet<string>;
  readonly #allowsMissing: boolean;

  /** @throws GraphError OPTION_INVALID */
  constructor({ origins, missingOrigin }: Pick<RelayOptions, 'origins' | 'missingOrigin'>) {
    this.#allowed = new Set(origins.map(parseOrigin));
    this.#allowsMissing = missingOrigin === 'allow';
  }

  /** @param origin the header `Origin` as sent, undefined without one */
  allow(origin: string | undefined): boolean {
    if (origin === undefined) return this.#allowsMissing;
    return this.#allowed.has(ANY) || this.#allowed.has(origin.toLowerCase());
  }
}
