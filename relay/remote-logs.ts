/** The logs of a running relay, over its routes for operators. */
import { GraphError, relayError } from '../lib/base/errors.ts';
import type { LogName } from '../lib/log/heights.ts';
import { SequenceReader, type OperationBytes } from '../lib/log/sequence.ts';
import type { Moment } from '../lib/store/past.ts';
import type { BlameReport, HeadReport, ImportReport, LogAccess } from './log-access.ts';
import { LOG_ROUTES, SEQUENCE_TYPE } from './log-exchange.ts';
import { shownUrl } from './peer-url.ts';
import { reasonOf } from './store-check.ts';

/** What a refusal says at most. */
const REASON_LENGTH = 200;

/** Where a relay is, and what it takes to be let in. */
export interface RemoteLogsOptions {
  /** Its address, or that of its port for operators; http or https. */
  readonly relay: string;
  /** Its token for operators; empty for none. */
  readonly token: string;
}

/** Logs of a relay; whatever goes wrong on the way is a GraphError RELAY_UNREACHABLE. */
export class RemoteLogs implements LogAccess {
  readonly #origin: string;
  readonly #headers: Readonly<Record<string, string>>;

  /** @throws GraphError OPTION_INVALID for an address that is none */
  constructor({ relay, token }: RemoteLogsOptions) {
    this.#origin = originOf(relay);
    this.#headers = token === '' ? {} : { authorization: `Bearer ${token}` };
  }

  heads(author: string | undefined): AsyncIterable<HeadReport> {
    return this.#lines<HeadReport>(LOG_ROUTES.heads, author === undefined ? {} : { author });
  }

  async *operations({ author, log }: LogName): AsyncGenerator<OperationBytes> {
    const reader = new SequenceReader();
    for await (const chunk of this.#chunks(LOG_ROUTES.operations, { author, log })) yield* reader.take(chunk);
    reader.end();
    if (reader.fault !== undefined) throw this.#broken(reader.fault);
  }

  blame(soul: string, key: string | undefined, at: Moment | undefined): AsyncIterable<BlameReport> {
    const query = {
      soul,
      ...(key === undefined ? {} : { key }),
      ...(at === undefined ? {} : { at: String(at) }),
    };
    return this.#lines<BlameReport>(LOG_ROUTES.blame, query);
  }

  async import(chunks: AsyncIterable<Uint8Array>): Promise<ImportReport> {
    const headers = { ...this.#headers, 'content-type': SEQUENCE_TYPE };
    const response = await this.#ask(LOG_ROUTES.import, {
      method: 'POST',
      headers,
      body: chunks,
      duplex: 'half',
    });
    return (await response.json().catch((error: unknown) => {
      throw this.#broken(reasonOf(error));
    })) as ImportReport;
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  async *#lines<T>(path: string, query: Record<string, string>): AsyncGenerator<T> {
    const decoder = new TextDecoder();
    let rest = '';
    for await (const chunk of this.#chunks(path, query)) {
      const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n');
      rest = lines.pop()!;
      for (const line of lines) yield this.#parsed(line) as T;
    }
    if (rest !== '') throw this.#broken('the answer is no list of JSON');
  }

  #parsed(line: string): unknown {
    try {
      return JSON.parse(line);
    } catch (error) {
      throw this.#broken(reasonOf(error));
    }
  }

  async *#chunks(path: string, query: Record<string, string>): AsyncGenerator<Uint8Array> {
    const search = new URLSearchParams(query).toString();
    const response = await this.#ask(search === '' ? path : `${path}?${search}`, { headers: this.#headers });
    try {
      for await (const chunk of response.body ?? []) yield chunk as Uint8Array;
    } catch (error) {
      throw this.#broken(reasonOf(error));
    }
  }

  async #ask(
    path: string,
    init: Parameters<typeof fetch>[1] & { readonly duplex?: 'half' },
  ): Promise<Response> {
    let response: Response;
    try {
      response = await fetch(this.#origin + path, init);
    } catch (error) {
      throw this.#broken(reasonOf(error));
    }
    if (response.ok) return response;
    const text = (await response.text().catch(() => '')).trim().slice(0, REASON_LENGTH);
    throw this.#broken(`${response.status} ${text.split('\n')[0]}`);
  }

  #broken(reason: string): GraphError {
    return relayError('RELAY_UNREACHABLE', `${this.#origin}: ${reason}`);
  }
}

function originOf(relay: string): string {
  const url = URL.canParse(relay) ? new URL(relay) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol)) {
    throw new GraphError(
      'OPTION_INVALID',
      `--relay ${shownUrl(relay)}: must be an address such as http://localhost:8765`,
    );
  }
  return url.origin;
}
