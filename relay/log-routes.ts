/** The routes by which operators look at the logs of a running relay, and add to them. */
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { Router, type Request, type RequestHandler, type Response } from 'express';
import type { LogName } from '../lib/log/heights.ts';
import { parseMoment } from './moment.ts';
import type { LogAccess } from './log-access.ts';
import { CHUNK_BYTES, LOG_ROUTES, SEQUENCE_TYPE, sequenceOf } from './log-exchange.ts';

const LINES_TYPE = 'application/x-ndjson';
const HEX = /^[\da-f]{64}$/;
const BAD_QUERY = 'Authors and logs are 64 hex digits.\n';
const BAD_BLAME = 'Give a soul, and a moment as milliseconds or as the id of an operation.\n';
const BAD_TYPE = `The body must be of type ${SEQUENCE_TYPE}.\n`;
const NO_PAGES = 'Pages must not do this.\n';
const FAILED = 'The import broke off.\n';
const NOT_OPEN = 'The store is not open.\n';

/** Answers a request about open logs. */
type Handle = (logs: LogAccess, request: Request, response: Response) => Promise<void>;

/** The routes, each behind `check`; `access` gives undefined while the store is not open. */
export function logRoutes(access: () => LogAccess | undefined, ...check: readonly RequestHandler[]): Router {
  const routes = Router({ caseSensitive: true, strict: true });
  const on = (method: 'get' | 'post', path: string, handle: Handle): void => {
    routes[method](path, ...check, (request, response) => {
      const logs = access();
      if (logs === undefined) refuse(response, 503, NOT_OPEN);
      else handle(logs, request, response).catch(() => response.destroy());
    });
  };
  on('get', LOG_ROUTES.heads, async (logs, request, response) => {
    const author = textOf(request, 'author');
    if (author !== undefined && !HEX.test(author)) return refuse(response, 400, BAD_QUERY);
    await send(response, LINES_TYPE, linesOf(logs.heads(author)));
  });
  on('get', LOG_ROUTES.operations, async (logs, request, response) => {
    const name = nameIn(request);
    if (name === undefined) return refuse(response, 400, BAD_QUERY);
    await send(response, SEQUENCE_TYPE, sequenceOf(logs.operations(name)));
  });
  on('get', LOG_ROUTES.blame, async (logs, request, response) => {
    const [soul, at] = [textOf(request, 'soul'), textOf(request, 'at')];
    const moment = at === undefined ? undefined : parseMoment(at);
    if (soul === undefined || (at !== undefined && moment === undefined))
      return refuse(response, 400, BAD_BLAME);
    await send(response, LINES_TYPE, linesOf(logs.blame(soul, textOf(request, 'key'), moment)));
  });
  on('post', LOG_ROUTES.import, async (logs, request, response) => {
    // Only pages name an origin, and those of strangers could reach a relay on the same machine.
    if (request.headers.origin !== undefined) return refuse(response, 403, NO_PAGES);
    if (request.headers['content-type'] !== SEQUENCE_TYPE) return refuse(response, 415, BAD_TYPE);
    response.set('Cache-Control', 'no-store');
    try {
      response.json(await logs.import(request));
    } catch {
      refuse(response, 500, FAILED);
    }
  });
  return routes;
}

function refuse(response: Response, status: number, text: string): void {
  response.status(status).type('text/plain').send(text);
}

function textOf({ query }: Request, name: string): string | undefined {
  const text = query[name];
  return typeof text === 'string' ? text : undefined;
}

function nameIn(request: Request): LogName | undefined {
  const [author = '', log = ''] = [textOf(request, 'author'), textOf(request, 'log')];
  return HEX.test(author) && HEX.test(log) ? { author, log } : undefined;
}

/** Sends what is made while it is read; what fails on the way cuts the answer off, so that nobody takes it for whole. */
async function send(
  response: Response,
  type: string,
  chunks: AsyncIterable<Uint8Array | string>,
): Promise<void> {
  response.set({ 'Content-Type': type, 'Cache-Control': 'no-store' });
  await pipeline(Readable.from(chunks, { objectMode: false }), response).catch(() => response.destroy());
}

async function* linesOf(reports: AsyncIterable<unknown>): AsyncGenerator<string> {
  let lines = '';
  for await (const report of reports) {
    lines += `${JSON.stringify(report)}\n`;
    if (lines.length < CHUNK_BYTES) continue;
    yield lines;
    lines = '';
  }
  if (lines !== '') yield lines;
}
