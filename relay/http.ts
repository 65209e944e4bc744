/** The relay's HTTP side: what it is, whether it lives, and gun's client files. */
import express, {
  type Express,
  type NextFunction,
  type Request,
  type RequestHandler,
  type Response,
} from 'express';
import type { About } from './about.ts';
import { serveExamples } from './examples.ts';
import { findGun, gunLibFile, type FindGun } from './gun-files.ts';
import { GRAPH_PATH } from './peer-url.ts';
import { VERSION } from './version.ts';

const NOT_FOUND = 'Not found.\n';
const NO_GUN = 'This relay has no copy of gun to serve. Install it beside the relay: npm install gun\n';
const UNAVAILABLE = 503;

/** What the routes need to know. */
export interface HttpParts {
  readonly about: About;
  /** Why this process will not come to life any more; undefined while it lives. */
  readonly deadReason: () => string | undefined;
  /** Why nobody should be sent here now; undefined when the store is open and takes writes. */
  readonly unreadyReason: () => Promise<string | undefined>;
  /** The routes for operators. */
  readonly admin: RequestHandler;
  /** True to serve the example pages. */
  readonly examples?: boolean;
  /** Replaceable for specs. */
  readonly findGun?: FindGun;
}

/** The routes as an express application; the websocket upgrade is not among them. */
export function createHttp(parts: HttpParts): Express {
  const app = express();
  app.disable('x-powered-by');
  app.enable('strict routing');
  app.enable('case sensitive routing');
  app.use(parts.admin);
  app.use(openToAllOrigins);
  app.get(['/', GRAPH_PATH], (request, response) => {
    sendAbout(request, response, parts.about);
  });
  app.get('/health', (_request, response) => {
    sendStatus(response, 'live', parts.deadReason());
  });
  app.get('/ready', async (_request, response) => {
    sendStatus(response, 'ready', await parts.unreadyReason());
  });
  serveGun(app, parts.findGun ?? findGun);
  if (parts.examples === true) serveExamples(app);
  app.use((_request: Request, response: Response) => {
    sendText(response, 404, NOT_FOUND);
  });
  app.use(onError);
  return app;
}

/** Apps live on other origins than their relay. */
function openToAllOrigins(_request: Request, response: Response, next: NextFunction): void {
  response.set('Access-Control-Allow-Origin', '*');
  response.set('X-Content-Type-Options', 'nosniff');
  next();
}

function sendAbout(request: Request, response: Response, about: About): void {
  response.vary('Accept');
  if (request.accepts(['html', 'json']) === 'json') {
    response.json(about);
    return;
  }
  response.set('Content-Security-Policy', "default-src 'none'; style-src 'unsafe-inline'");
  response.type('html').send(PAGE);
}

const PAGE = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Thicket relay</title>
<style>body{font:1rem/1.5 system-ui,sans-serif;max-width:40rem;margin:3rem auto;padding:0 1rem}</style>
<h1>Thicket relay</h1>
<p>This is a relay for GunDB apps, Thicket ${VERSION}. Give your app this address with the path
<code>${GRAPH_PATH}</code> as a peer; the websocket answers there.</p>
</html>
`;

function sendStatus(response: Response, word: string, reason: string | undefined): void {
  response.status(reason === undefined ? 200 : UNAVAILABLE).set('Cache-Control', 'no-store');
  response.json(reason === undefined ? { status: word } : { status: `not ${word}`, reason });
}

function serveGun(app: Express, findOnce: FindGun): void {
  let found: string | undefined;
  const find: FindGun = () => (found ??= findOnce());
  app.get(['/gun.js', '/gun/gun.js'], (_request, response) => {
    sendGunFile(response, find(), 'gun.js');
  });
  app.get('/gun/sea.js', (_request, response) => {
    sendGunFile(response, find(), 'sea.js');
  });
  app.get('/gun/lib/:name', (request, response, next) => {
    const file = gunLibFile(request.params.name);
    if (file === undefined) next();
    else sendGunFile(response, find(), file);
  });
}

function sendGunFile(response: Response, root: string | undefined, file: string): void {
  if (root === undefined) return sendText(response, 404, NO_GUN);
  response.type('text/javascript');
  response.sendFile(file, { root, dotfiles: 'deny' }, (error?: Error) => {
    if (error !== undefined && !response.headersSent) sendText(response, 404, NOT_FOUND);
  });
}

function sendText(response: Response, status: number, text: string): void {
  response.status(status).type('text/plain').send(text);
}

/** Express would answer with a stack trace. */
function onError(
  error: { status?: number },
  _request: Request,
  response: Response,
  next: NextFunction,
): void {
  if (response.headersSent) next(error);
  else sendText(response, error.status ?? 500, 'Bad request.\n');
}
