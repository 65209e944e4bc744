/** What only operators may see, and who counts as one. */
import express, { Router, type Express, type Request, type RequestHandler } from 'express';
import { AccessToken, gives } from './access-token.ts';
import type { Client } from './client-address.ts';
import type { LogAccess } from './log-access.ts';
import { logRoutes } from './log-routes.ts';
import type { RelayOptions } from './option-table.ts';

/** What the routes show. */
export interface AdminParts {
  /** The metrics as text, and its type. */
  readonly metrics: () => Promise<{ readonly contentType: string; readonly text: string }>;
  /** The logs, undefined while the store is not open. */
  readonly logs: () => LogAccess | undefined;
}

/** Why somebody is no operator, as it is answered. */
interface NoOperator {
  readonly status: number;
  readonly text: string;
}

const ELSEWHERE: NoOperator = { status: 404, text: 'Not found.\n' };
const NO_TOKEN: NoOperator = { status: 401, text: 'This needs the token for operators.\n' };
const NOT_LOCAL: NoOperator = { status: 403, text: 'This is for programs on the same machine.\n' };

/**
 * Tells operators by their token. Without one they are those on the same machine, or, with a port of their own,
 * nobody who comes by another.
 */
export class OperatorCheck {
  readonly #token: AccessToken | undefined;
  readonly #hasPort: boolean;
  readonly #clientOf: (request: Request) => Client;

  constructor(
    { adminToken, adminPort }: Pick<RelayOptions, 'adminToken' | 'adminPort'>,
    clientOf: (request: Request) => Client,
  ) {
    this.#token = adminToken === '' ? undefined : new AccessToken(adminToken);
    this.#hasPort = adminPort !== undefined;
    this.#clientOf = clientOf;
  }

  /** Lets operators pass, and answers all others. */
  readonly handle: RequestHandler = (request, response, next) => {
    const refusal = this.#refusal(request);
    if (refusal === undefined) return next();
    if (refusal === NO_TOKEN) response.set('WWW-Authenticate', 'Bearer');
    response.status(refusal.status).type('text/plain').send(refusal.text);
  };

  #refusal(request: Request): NoOperator | undefined {
    if (this.#token !== undefined) return gives(request, this.#token) ? undefined : NO_TOKEN;
    if (this.#hasPort) return ELSEWHERE;
    return this.#clientOf(request).isLocal ? undefined : NOT_LOCAL;
  }
}

/** The routes, each behind `check`; pages of other origins are not told what is there. */
export function adminRoutes({ metrics, logs }: AdminParts, ...check: readonly RequestHandler[]): Router {
  const routes = Router({ caseSensitive: true, strict: true });
  routes.get('/metrics', ...check, async (_request, response) => {
    const { contentType, text } = await metrics();
    response.set({ 'Content-Type': contentType, 'Cache-Control': 'no-store' }).send(text);
  });
  routes.use(logRoutes(logs, ...check));
  return routes;
}

/** The application of the operators' own port. */
export function createAdminHttp(parts: AdminParts): Express {
  const app = express();
  app.disable('x-powered-by');
  app.use(adminRoutes(parts));
  app.use((_request, response) => {
    response.status(ELSEWHERE.status).type('text/plain').send(ELSEWHERE.text);
  });
  return app;
}
