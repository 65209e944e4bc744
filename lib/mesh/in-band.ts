import { randomId } from '../base/random.ts';
import type { History, SaidEntry } from '../store/history.ts';
import type { LogRefusals } from '../store/log-refusals.ts';
import { readSignedPut, signedPutField } from '../store/signed-put.ts';
import type { PutRequest } from '../store/writer.ts';
import { encodePush } from '../wire/codec.ts';
import type { GetMessage, PutMessage } from '../wire/message.ts';
import { putJsonOf } from '../wire/put-json.ts';
import type { Context, SignedPuts } from './context.ts';
import type { Peer } from './peer.ts';

/** Operations of a node that are looked at for one answer, and that are in it. */
const LOOKED_AT = 1000;
const MOST_TOLD = 100;

/** What signed puts need. */
export interface InBandParts {
  readonly history: History;
  /** Checks signatures; that of the library when absent. */
  readonly verify?: Parameters<typeof readSignedPut>[2];
  readonly refusals?: LogRefusals | undefined;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

/** Operations within plain Gun messages (log-mapping section 2): peers that know none of it see an ordinary put. */
export class InBand implements SignedPuts {
  readonly #parts: InBandParts;

  constructor(parts: InBandParts) {
    this.#parts = parts;
  }

  read(message: PutMessage, request: { operation?: PutRequest['operation'] }): string | undefined {
    if (message.op === undefined) return undefined;
    const read = readSignedPut(message.op, message.writes, this.#parts.verify);
    if (!read.ok) {
      this.#parts.refusals?.addPut(read.reason);
      return read.reason;
    }
    request.operation = read.value;
    message.opJson = signedPutField(read.value);
    return undefined;
  }

  /** Each operation is a put of its own, in answer to the get and before what the graph says. */
  async tell(context: Context, peer: Peer, { selector, idJson }: GetMessage): Promise<void> {
    const { soul, key } = selector;
    if (typeof soul !== 'string' || (key !== undefined && typeof key !== 'string')) return;
    const wanted = { key, until: this.#parts.now(), most: LOOKED_AT };
    const told = new Set<string>();
    for (const entry of (await this.#parts.history.winners(soul, wanted)).values()) {
      if (told.size === MOST_TOLD || told.has(entry.id) || !(await holds(context, entry))) continue;
      told.add(entry.id);
      const field = signedPutField(entry.operation);
      const writes = this.#parts.history.writesOf(entry);
      if (field === undefined || writes === undefined) continue;
      context.send(peer, encodePush(randomId(), putJsonOf(writes), `,"@":${idJson}${field}`));
      if (!(await context.drained(peer))) return;
    }
  }
}

/** True when the graph shows what an operation says. */
async function holds({ graph }: Context, { soul, key, state, json }: SaidEntry): Promise<boolean> {
  const entry = await graph.readField(soul, key);
  return entry?.state === state && entry.json === json;
}
