import { GraphError } from '../base/errors.ts';
import type { GraphKeeper } from '../api/keeper.ts';
import type { PeerAddress } from '../mesh/link.ts';

/** What Gun keeps of a peer under `opt.peers`. */
export interface GunPeer {
  readonly id: string;
  readonly url: string;
  /** Present while there is a link to it. */
  wire?: { readonly readyState: number };
}

/** What is given to `Gun()` and to `opt()`. Unknown options are kept, for extensions. */
export interface GunOptions {
  /** URLs of peers, or an object with them as keys. */
  readonly peers?: string | readonly string[] | Readonly<Record<string, unknown>>;
  /** Name of the database. Default `radata`. */
  readonly file?: string | false;
  /** False for a graph in memory of its own. */
  readonly localStorage?: boolean;
  /** False for a graph in memory of its own. */
  readonly radisk?: boolean;
  /** Where the graph is kept, as `stored(storage)`, in the place of what is usual. */
  readonly storage?: GraphKeeper;
  /** Makes the souls of new nodes. */
  readonly uuid?: (length?: number) => string;
  /** How long to wait for an answer or acknowledgement, in milliseconds. Default 9000. */
  readonly lack?: number;
  readonly [option: string]: unknown;
}

/** The options of a graph as they are kept at `_.opt`. */
export interface KeptOptions extends Record<string, unknown> {
  readonly peers: Record<string, GunPeer>;
  file?: string | false;
  localStorage?: boolean;
  radisk?: boolean;
  storage?: GraphKeeper;
  uuid: (length?: number) => string;
  lack?: number;
}

/** What a host gives to graphs: where they are kept and how peers are reached. */
export interface Host {
  /** Where a graph with these options is kept. */
  keep(options: KeptOptions): GraphKeeper;
  /**
   * How a peer is reached.
   *
   * @throws GraphError OPTION_INVALID
   */
  peer(url: string, options: KeptOptions): PeerAddress;
}

/**
 * Takes options over into those that are kept.
 *
 * @returns the URLs of peers that are new
 * @throws GraphError OPTION_INVALID
 */
export function takeOptions(kept: KeptOptions, given: unknown): string[] {
  const options = asOptions(given);
  if (options['web'] !== undefined)
    throw new GraphError('OPTION_INVALID', 'web: use createRelay of thicket/relay to serve peers');
  const added: string[] = [];
  for (const url of urlsOf(options.peers)) {
    if (kept.peers[url] !== undefined) continue;
    kept.peers[url] = { id: url, url };
    added.push(url);
  }
  for (const [name, value] of Object.entries(options)) if (name !== 'peers') kept[name] = value;
  return added;
}

function asOptions(given: unknown): GunOptions {
  if (given === undefined || given === null) return {};
  if (typeof given === 'string') return { peers: [given] };
  if (Array.isArray(given)) return { peers: given as string[] };
  if (typeof given === 'object') return given as GunOptions;
  throw new GraphError('OPTION_INVALID', 'options are a URL, a list of URLs, or an object');
}

function urlsOf(peers: unknown): string[] {
  if (peers === undefined || peers === null) return [];
  if (typeof peers === 'string') return [peers];
  if (typeof peers !== 'object') throw new GraphError('OPTION_INVALID', 'peers: URLs, or an object of them');
  const urls: unknown[] = Array.isArray(peers) ? peers : Object.keys(peers);
  for (const url of urls)
    if (typeof url !== 'string') throw new GraphError('OPTION_INVALID', 'peers: a URL is no text');
  return urls as string[];
}
