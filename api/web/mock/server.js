/**
 * A development server: a made-up plant behind the HTTP interface of `docs/reference/http.md`.
 *
 *     node mock/server.js [--port N] [--pages DIRECTORY]
 *
 * Every user of `routes.js` signs in with the password `pilotline`. `POST /mock/conditions` makes
 * trouble on purpose: see `conditions` in `telemetry.js`; `GET /mock/streams` counts open streams.
 * With `--pages` it also serves built pages under the same Content-Security-Policy as the real one.
 */
import { createReadStream, existsSync, statSync } from 'node:fs';
import { createServer } from 'node:http';
import { extname, join, normalize } from 'node:path';
import { parseArgs } from 'node:util';
import { PASSWORD, problem, ROUTES, USERS } from './routes.js';
import { broadcast, change, conditions, snapshot, streams } from './telemetry.js';

const { values: options } = parseArgs({ options: { port: { type: 'string', default: '8181' }, pages: { type: 'string' } } });
const BASE = '/api/v1';
const COOKIE = 'pilotline_session';
const TYPES = /** @type {Record<string, string>} */ ({ '.html': 'text/html; charset=utf-8', '.js': 'text/javascript', '.css': 'text/css', '.svg': 'image/svg+xml', '.json': 'application/json' });
const POLICY = "default-src 'self'; img-src 'self' data:; style-src 'self'; object-src 'none'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'";

/** @typedef {import('node:http').IncomingMessage} Request */
/** @typedef {import('node:http').ServerResponse} Response */

/** @param {Request} request */
async function readBody(request) {
  let text = '';
  for await (const piece of request) text += piece;
  return text === '' ? {} : JSON.parse(text);
}

/** @param {Response} response @param {import('./routes.js').Answer} answer */
function reply(response, { status = 200, body, headers = {} }) {
  const type = status >= 400 ? 'application/problem+json' : 'application/json';
  response.writeHead(status, { 'Content-Type': type, 'Cache-Control': 'no-store', ...headers });
  response.end(status === 204 ? undefined : JSON.stringify(body));
}

/** @param {Request} request */
function userOf(request) {
  const id = new RegExp(`${COOKIE}=([^;]+)`).exec(request.headers.cookie ?? '')?.[1];
  return USERS.find((user) => user.id === id) ?? null;
}

/** @param {Response} response @param {any} body */
function signIn(response, { email, password }) {
  const user = USERS.find((one) => one.email === email);
  if (!user || password !== PASSWORD) return reply(response, problem(401, 'wrong_credentials', 'E-mail and password do not match.'));
  reply(response, { body: { user }, headers: { 'Set-Cookie': `${COOKIE}=${user.id}; HttpOnly; SameSite=Lax; Path=/` } });
}

/** @param {Response} response @param {import('./routes.js').User} user */
function stream(response, user) {
  if (conditions.stream === 'refused') return reply(response, problem(503, 'unavailable', 'The stream is not available.'));
  response.writeHead(200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store' });
  response.write(': hello\n\n');
  if (conditions.stream === 'silent') return;
  if (user.role !== 'customer') {
    response.write(`event: snapshot\ndata: ${JSON.stringify(snapshot())}\n\n`);
    streams.add(response);
    response.on('close', () => streams.delete(response));
  }
}

/** @param {string} pattern @param {string} path */
function matchPath(pattern, path) {
  const wanted = pattern.split('/');
  const given = path.split('/');
  if (wanted.length !== given.length || !wanted.every((part, at) => part === ':' || part === given[at])) return null;
  return given.filter((_, at) => wanted[at] === ':').map(decodeURIComponent);
}

/** @param {Request} request @param {Response} response @param {URL} url */
async function answer(request, response, url) {
  const path = url.pathname.slice(BASE.length);
  const user = userOf(request);
  const body = request.method === 'POST' ? await readBody(request) : {};
  if (conditions.delay_ms) await new Promise((resolve) => setTimeout(resolve, conditions.delay_ms));
  if (path === '/session' && request.method === 'POST') return signIn(response, body);
  if (path === '/session' && request.method === 'DELETE') return reply(response, { status: 204, headers: { 'Set-Cookie': `${COOKIE}=; Path=/; Max-Age=0` } });
  if (!user) return reply(response, problem(401, 'signed_out', 'Nobody is signed in.'));
  if (path === '/stream') return stream(response, user);
  if (conditions.failing.some((one) => path.endsWith(one))) return reply(response, problem(500, 'internal', 'The server had a fault.'));
  if (conditions.empty.some((one) => path.endsWith(one))) return reply(response, { body: path === '/alarms' || path === '/trial-runs' ? { items: [], next: null } : [] });
  for (const [method, pattern, handle] of ROUTES) {
    const params = method === request.method ? matchPath(pattern, path) : null;
    if (params) return reply(response, handle({ user, query: url.searchParams, body, params, headers: request.headers }));
  }
  reply(response, problem(404, 'not_found', 'There is no such operation.'));
}

/** @param {Request} request @param {Response} response */
async function setConditions(request, response) {
  Object.assign(conditions, await readBody(request));
  if (conditions.stream !== 'live') {
    for (const open of streams) if (conditions.stream === 'refused') open.destroy();
  }
  reply(response, { body: conditions });
}

/** @param {Response} response @param {string} root @param {string} path */
function page(response, root, path) {
  const wanted = join(root, normalize(path));
  const file = existsSync(wanted) && statSync(wanted).isFile() ? wanted : join(root, 'index.html');
  if (path.startsWith('/assets/') && file.endsWith('index.html')) return reply(response, problem(404, 'not_found', 'There is no such file.'));
  response.writeHead(200, { 'Content-Type': TYPES[extname(file)] ?? 'application/octet-stream', 'Content-Security-Policy': POLICY });
  createReadStream(file).pipe(response);
}

const server = createServer((request, response) => {
  const url = new URL(request.url ?? '/', 'http://localhost');
  const handle = async () => {
    if (url.pathname.startsWith(BASE)) return answer(request, response, url);
    if (url.pathname === '/mock/conditions') return setConditions(request, response);
    if (url.pathname === '/mock/streams') return reply(response, { body: { open: streams.size } });
    if (options.pages) return page(response, options.pages, url.pathname);
    reply(response, problem(404, 'not_found', 'There is no such page; give --pages, or use npm run dev.'));
  };
  handle().catch((failure) => {
    console.error(failure);
    if (!response.headersSent) reply(response, problem(500, 'internal', String(failure)));
  });
});

setInterval(() => broadcast('live', change()), 200);
setInterval(() => {
  if (conditions.stream !== 'silent') for (const open of streams) open.write(': still here\n\n');
}, 5000);

server.listen(Number(options.port), '127.0.0.1', () => {
  const address = server.address();
  console.log(`listening on http://127.0.0.1:${typeof address === 'object' ? address?.port : options.port}`);
});
