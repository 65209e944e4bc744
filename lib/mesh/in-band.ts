import { toBase64Url } from '../base/byte-texts.ts';
import { randomId } from '../base/random.ts';
import { runWithPauses, type Steps } from '../base/slices.ts';
import type { History, SaidEntry } from '../store/history.ts';
import { keyOfSoul } from '../store/key-soul.ts';
import type { LogRefusals } from '../store/log-refusals.ts';
import type { LogStore } from '../store/log-store.ts';
import { readSignedPutInSteps, signedPutField } from '../store/signed-put.ts';
import type { PutRequest } from '../store/put-request.ts';
import { encodeAnswer, encodePush } from '../wire/codec.ts';
import { encodeLogAnswer, type LogQuestion, type ShownOperation } from '../wire/log-question.ts';
import type { GetMessage, PutMessage } from '../wire/message.ts';
import { putJsonOf } from '../wire/put-json.ts';
import { putJsonSteps } from '../wire/put-json-steps.ts';
import type { Context, SignedPuts } from './context.ts';
import type { Peer } from './peer.ts';

/** Operations of a node that are looked at for one answer, and that are in it. */
const LOOKED_AT = 1000;
const MOST_TOLD = 100;
/** Bytes of their bodies, likewise; a question of a few bytes must not cost more than a large read does. */
const LOOKED_AT_BYTES = 2 * 1024 * 1024;
const MOST_TOLD_BYTES = 1024 * 1024;
/** Writes of an operation that are not written at once. */
const MANY_WRITES = 500;
/** Operations that are given from a place down in one answer, and bytes of them; one alone may have more. */
const MOST_DOWN = 64;
const MOST_DOWN_BYTES = 262_144;

type LogName = Parameters<LogStore['idAt']>[0];

/** What signed puts need. */
export interface InBandParts {
  readonly history: History;
  readonly store: LogStore;
  /** Checks signatures; that of the library when absent. */
  readonly verify?: Parameters<typeof readSignedPutInSteps>[2];
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

  read(
    message: PutMessage,
    request: { operation?: PutRequest['operation'] },
  ): Steps<string | undefined> | undefined {
    return message.op === undefined ? undefined : this.#read(message, request);
  }

  *#read(
    message: PutMessage,
    request: { operation?: PutRequest['operation'] },
  ): Generator<void, string | undefined> {
    const read = yield* readSignedPutInSteps(message.op, message.writes, this.#parts.verify);
    if (!read.ok) {
      this.#parts.refusals?.addPut(read.reason);
      return read.reason;
    }
    request.operation = read.value;
    message.opJson = signedPutField(read.value);
    return undefined;
  }

  /** The last header of the log that a get asks about, and what it wants beside: headers, operations, proof of a fork. */
  async tellLog(
    context: Context,
    peer: Peer,
    { selector, idJson }: GetMessage,
    question: LogQuestion,
  ): Promise<void> {
    const { soul } = selector;
    const author = typeof soul === 'string' ? keyOfSoul(soul) : undefined;
    const { store } = this.#parts;
    const name = author === undefined ? undefined : { author, log: question.log };
    const head = name === undefined ? undefined : await store.head(name);
    const answer =
      name === undefined || head === undefined
        ? undefined
        : {
            tip: await headerOf(store, head.tip),
            at: await Promise.all(question.at.map((place) => headerAt(store, name, place))),
            fork: question.fork === true ? await forkOf(store, name) : undefined,
            down: question.down === undefined ? undefined : await operationsDown(store, name, question.down),
          };
    context.send(peer, encodeAnswer(`"${randomId()}"`, idJson, encodeLogAnswer(answer)));
  }

  /** Each operation is a put of its own, in answer to the get and before what the graph says. */
  async tell(context: Context, peer: Peer, { selector, idJson }: GetMessage): Promise<void> {
    const { soul, key } = selector;
    if (typeof soul !== 'string' || (key !== undefined && typeof key !== 'string')) return;
    const wanted = { key, until: this.#parts.now(), most: LOOKED_AT, mostBytes: LOOKED_AT_BYTES };
    const told = new Told();
    for (const entry of (await this.#parts.history.winners(soul, wanted)).values()) {
      if (!told.hasRoom(entry) || !(await holds(context, entry))) continue;
      told.add(entry);
      const field = signedPutField(entry.operation);
      const writes = await this.#parts.history.writesOf(entry);
      if (field === undefined || writes === undefined) continue;
      const putJson =
        writes.length > MANY_WRITES ? await runWithPauses(putJsonSteps(writes)) : putJsonOf(writes);
      // More follows: at least what the graph says.
      context.send(peer, encodePush(randomId(), putJson, `,"@":${idJson},"%":1${field}`));
      if (!(await context.drained(peer))) return;
    }
  }
}

/** Operations that are in one answer. */
class Told {
  readonly #ids = new Set<string>();
  #bytes = 0;

  hasRoom({ id }: SaidEntry): boolean {
    return this.#ids.size < MOST_TOLD && this.#bytes < MOST_TOLD_BYTES && !this.#ids.has(id);
  }

  add({ id, operation }: SaidEntry): void {
    this.#ids.add(id);
    this.#bytes += operation.body?.length ?? 0;
  }
}

async function headerOf(store: LogStore, id: string): Promise<string> {
  return toBase64Url((await store.bytesOf(id)).header);
}

async function forkOf(store: LogStore, name: LogName): Promise<readonly [string, string] | undefined> {
  const [first, second] = (await store.evidence(name)) ?? [];
  return first === undefined || second === undefined ? undefined : [toBase64Url(first), toBase64Url(second)];
}

/** Operations from a place down, as many as fit into an answer, one in any case. */
async function operationsDown(store: LogStore, name: LogName, from: number): Promise<ShownOperation[]> {
  const found: ShownOperation[] = [];
  for (let [place, length] = [from, 0]; place >= 0 && found.length < MOST_DOWN; place -= 1) {
    const id = await store.idAt(name, place);
    if (id === undefined) break;
    const { header, body } = await store.bytesOf(id);
    // It was given up meanwhile.
    if (header.length === 0) break;
    length += header.length + (body?.length ?? 0);
    if (length > MOST_DOWN_BYTES && found.length > 0) break;
    found.push(body === undefined ? [toBase64Url(header)] : [toBase64Url(header), toBase64Url(body)]);
  }
  return found;
}

async function headerAt(store: LogStore, name: LogName, place: number): Promise<string | undefined> {
  const id = await store.idAt(name, place);
  return id === undefined ? undefined : headerOf(store, id);
}

/** True when the graph shows what an operation says. */
async function holds({ graph }: Context, { soul, key, state, json }: SaidEntry): Promise<boolean> {
  const entry = await graph.readField(soul, key);
  return entry?.state === state && entry.json === json;
}
