/** Requests as a server gets them, without a server. */
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';

/** A request from an address; only what admission looks at. */
export function requestOf(
  remoteAddress: string | undefined,
  headers: IncomingHttpHeaders = {},
  url = '/gun',
): IncomingMessage {
  return { socket: { remoteAddress }, headers, url } as IncomingMessage;
}
