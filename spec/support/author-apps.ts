/** Apps that sign, for specs: with what they were told, and what their logs are worth. */
import { authorOf, type Author, type AuthorOptions } from '../../lib/api/author.ts';
import { createGraph, type Graph, type GraphOptions } from '../../lib/api/graph.ts';
import { stored, type SharedStorage } from '../../lib/api/stored-keeper.ts';
import { toHex } from '../../lib/base/byte-texts.ts';
import { KeyPair } from '../../lib/log/key-pair.ts';
import { LogVerifier } from '../../lib/log/log-verifier.ts';
import { hashHex } from '../../lib/log/hash.ts';
import { decodeDelta } from '../../lib/store/delta-codec.ts';
import { verifyFast } from './log-maker.ts';
import { GUN_LOG } from './signed-messages.ts';

/** An app, and who signs in it. */
export interface SigningApp {
  readonly graph: Graph;
  readonly author: Author;
  /** What the graph told of as an error. */
  readonly errors: unknown[];
  /** What peers refused. */
  readonly refused: string[];
}

/** How an app is made. */
export interface SigningAppOptions extends Partial<AuthorOptions>, GraphOptions {
  /** What it keeps its graph in; in memory when absent. */
  readonly kept?: SharedStorage;
}

/** The key of an author, always the same for a number from 1 to 255. */
export function keyOf(number: number): KeyPair {
  return new KeyPair(new Uint8Array(32).fill(number));
}

/** Opens an app; unless told otherwise it signs with the key of author 1, each turn by itself. */
export async function signingApp(options: SigningAppOptions = {}): Promise<SigningApp> {
  const { kept, key = keyOf(1), batch = 0, signs, network, topic, ...rest } = options;
  const graph = createGraph({ ...rest, ...(kept === undefined ? {} : { storage: stored(kept) }) });
  const errors: unknown[] = [];
  const refused: string[] = [];
  graph.on('error', (error) => void errors.push(error));
  graph.on('refused', ({ reason }) => void refused.push(reason));
  const author = await authorOf(graph, {
    key,
    batch,
    ...(rest.clock === undefined ? {} : { clock: rest.clock }),
    ...(signs === undefined ? {} : { signs }),
    ...(network === undefined ? {} : { network }),
    ...(topic === undefined ? {} : { topic }),
  });
  return { graph, author, errors, refused };
}

/** Registers the hook of a describe that closes the apps it opened. */
export function useSigningApps(): (options?: SigningAppOptions) => Promise<SigningApp> {
  let open: Graph[] = [];
  afterEach(async () => {
    const graphs = open;
    open = [];
    await Promise.all(graphs.map((graph) => graph.close()));
  });
  return async (options) => {
    const app = await signingApp(options);
    open.push(app.graph);
    return app;
  };
}

/** All that an app has of its log, once every signature, hash and link of it was found to be right. */
export async function soundLog(author: Author): Promise<LogContent> {
  const operations = await author.operations();
  const last = operations.at(-1);
  const tip = last === undefined ? '' : hashHex(last.header);
  const log = {
    author: author.id,
    log: toHex(GUN_LOG),
    first: 0,
    height: operations.length - 1,
    tip,
    side: undefined,
  };
  const verifier = new LogVerifier(log, verifyFast);
  const faults = operations
    .map((operation) => verifier.take(operation))
    .filter((fault) => fault !== undefined);
  if (last !== undefined) faults.push(...verifier.end());
  if (faults.length > 0) throw new Error(`the log is not sound: ${JSON.stringify(faults)}`);
  return {
    ids: operations.map(({ header }) => hashHex(header)),
    said: operations.map(({ body }) => saidIn(body)),
  };
}

/** A log that is sound. */
export interface LogContent {
  /** Ids of the operations, as hex. */
  readonly ids: readonly string[];
  /** What each says, as `soul.key=value`. */
  readonly said: readonly (readonly string[])[];
}

function saidIn(body: Uint8Array | undefined): string[] {
  const delta = body === undefined ? undefined : decodeDelta(body);
  if (delta?.ok !== true || delta.value === undefined) throw new Error('no body of a put');
  return delta.value.writes.map(({ soul, key, json }) => `${soul}.${key}=${json}`);
}
