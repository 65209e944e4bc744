import { GraphError } from '../lib/base/errors.ts';

/** Schemes an operator may write, and what is dialled. */
const SCHEMES: ReadonlyMap<string, string> = new Map([
  ['http:', 'ws:'],
  ['https:', 'wss:'],
  ['ws:', 'ws:'],
  ['wss:', 'wss:'],
]);

/** Path of the graph on every relay. */
export const GRAPH_PATH = '/gun';
/** Path of the logs, beside it. */
export const LOG_PATH = '/log';

const RULE = 'must be a http, https, ws or wss URL';

/**
 * The websocket URLs of peers as an operator writes them, with commas in between, see {@link toPeerUrl}.
 *
 * @throws GraphError OPTION_INVALID when one is no such URL
 */
export function toPeerUrls(text: string): string[] {
  const items = text.split(',').map((item) => item.trim());
  return items
    .filter((item) => item !== '')
    .map((item, at) => {
      // It may be the rest of a token or password that has a comma in it.
      if (at > 0 && !SCHEME.test(item))
        throw new GraphError('OPTION_INVALID', `peer …: ${RULE}; a comma within one is written %2C`);
      return toPeerUrl(item);
    });
}

/**
 * The websocket URL of a peer as an operator writes it: http, https, ws or wss; without a path, `/gun` is meant.
 *
 * @throws GraphError OPTION_INVALID when it is no such URL
 */
export function toPeerUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const scheme = SCHEMES.get(url?.protocol ?? '');
  if (url === undefined || scheme === undefined || url.hostname === '') {
    throw new GraphError('OPTION_INVALID', `peer ${shownUrl(text)}: ${RULE}`);
  }
  // Assigning `protocol` refuses to cross between special and other schemes, so the text is replaced.
  const dialled = new URL(scheme + url.href.slice(url.protocol.length));
  if (dialled.pathname === '/') dialled.pathname = GRAPH_PATH;
  dialled.hash = '';
  return dialled.href;
}

const SCHEME = /^[a-z][a-z\d+.-]*:\/\//i;
/** A host with what stands where a port should. */
const NO_PORT = /^([^/:]*):(?!\d*(?:\/|$))[^/]*/;

/** Scheme, host and path of what should be a URL and is none: whatever else stands there may be secret. */
export function shownUrl(text: string): string {
  const [head = ''] = text.split(/[?#]/, 1);
  const [scheme = ''] = SCHEME.exec(head) ?? [];
  const rest = head.slice(scheme.length);
  // What seems to begin a query may be in the middle of a password.
  if (text.includes('@', head.length)) return `${scheme}…`;
  return scheme + rest.slice(rest.lastIndexOf('@') + 1).replace(NO_PORT, '$1:…');
}

/** Where the peer of a websocket URL synchronises logs; undefined when its graph is not at the usual place. */
export function toLogUrl(peerUrl: string): string | undefined {
  const url = new URL(peerUrl);
  if (!url.pathname.endsWith(GRAPH_PATH)) return undefined;
  url.pathname = url.pathname.slice(0, -GRAPH_PATH.length) + LOG_PATH;
  return url.href;
}

/** A peer's URL without what may be secret: credentials and query; links to it are named so. */
export function peerLabel(text: string): string {
  const { protocol, host, pathname } = new URL(toPeerUrl(text));
  return `${protocol}//${host}${pathname}`;
}
