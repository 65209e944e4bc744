/** Secrets that open the relay to those who have them. */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

const BEARER = /^Bearer +(\S+) *$/i;
const COOKIE = /(?:^|;)\s*token=([^;]*)/;

/** One token of the operator; kept as a hash alone. */
export class AccessToken {
  readonly #hash: Buffer;

  constructor(secret: string) {
    this.#hash = hashOf(secret);
  }

  /** True for the secret itself; takes the same time for all others. */
  is(text: string): boolean {
    return timingSafeEqual(hashOf(text), this.#hash);
  }
}

/** What a request gives for tokens: one each by `Authorization: Bearer`, `?token=` and the cookie `token`. */
export function tokensIn({ headers, url = '' }: IncomingMessage): string[] {
  const query = new URLSearchParams(url.split('?', 2)[1]).get('token');
  const cookie = COOKIE.exec(headers.cookie ?? '')?.[1];
  const bearer = BEARER.exec(headers.authorization ?? '')?.[1];
  return [bearer, query ?? undefined, cookie && unquoted(cookie)].filter((text) => text !== undefined);
}

/** True when a request gives that token. */
export function gives(request: IncomingMessage, token: AccessToken): boolean {
  return tokensIn(request).some((text) => token.is(text));
}

/** Browsers send cookies as pages wrote them, which have to escape some characters. */
function unquoted(cookie: string): string {
  try {
    return decodeURIComponent(cookie.trim());
  } catch {
    return cookie.trim();
  }
}

function hashOf(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
