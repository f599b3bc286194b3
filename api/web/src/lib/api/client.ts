/** One way to the server: JSON in and out, problems as exceptions, 401 told to whoever keeps the session. */
import { Problem, Unreachable } from './errors';
import type { ProblemBody } from './types';

export const BASE = '/api/v1';

type QueryValue = string | number | boolean | readonly string[] | null | undefined;

export interface RequestOptions {
  query?: Record<string, QueryValue>;
  body?: unknown;
  headers?: Record<string, string>;
  signal?: AbortSignal | undefined;
}

export interface Answer<T> {
  data: T;
  headers: Headers;
}

let onSignedOut: () => void = () => undefined;

/** Calls `listener` whenever the server says that nobody is signed in. */
export function whenSignedOut(listener: () => void): void {
  onSignedOut = listener;
}

/**
 * Asks the server.
 *
 * @throws {Problem} the server refused.
 * @throws {Unreachable} there was no answer.
 */
export async function ask<T>(method: string, path: string, options: RequestOptions = {}): Promise<Answer<T>> {
  const response = await send(method, path, options);
  if (response.ok) {
    const data = response.status === 204 ? undefined : await response.json();
    return { data: data as T, headers: response.headers };
  }
  const problem = await readProblem(response);
  if (problem.status === 401 && problem.code !== 'wrong_credentials') onSignedOut();
  throw problem;
}

export async function get<T>(path: string, query?: RequestOptions['query'], signal?: AbortSignal): Promise<T> {
  return (await ask<T>('GET', path, { ...(query && { query }), signal })).data;
}

export async function post<T>(path: string, body?: unknown, headers?: Record<string, string>): Promise<T> {
  return (await ask<T>('POST', path, { body, ...(headers && { headers }) })).data;
}

export async function remove(path: string): Promise<void> {
  await ask<void>('DELETE', path);
}

async function send(method: string, path: string, { query, body, headers, signal }: RequestOptions): Promise<Response> {
  const request: RequestInit = {
    method,
    credentials: 'same-origin',
    headers: { Accept: 'application/json', ...(body !== undefined && { 'Content-Type': 'application/json' }), ...headers },
    ...(body !== undefined && { body: JSON.stringify(body) }),
    ...(signal && { signal }),
  };
  try {
    return await fetch(BASE + path + queryString(query), request);
  } catch (failure) {
    if (signal?.aborted) throw failure;
    throw new Unreachable(failure);
  }
}

async function readProblem(response: Response): Promise<Problem> {
  const retryAfter = Number(response.headers.get('Retry-After') ?? NaN);
  const text = await response.text();
  return new Problem(parseBody(text), response.status, Number.isFinite(retryAfter) ? retryAfter : null);
}

/** Reads a problem's body; a proxy in between may answer with a page of its own instead. */
function parseBody(text: string): Partial<ProblemBody> {
  try {
    return JSON.parse(text) as Partial<ProblemBody>;
  } catch {
    return {};
  }
}

function queryString(query: RequestOptions['query']): string {
  const params = new URLSearchParams();
  for (const [name, value] of Object.entries(query ?? {})) {
    if (value === null || value === undefined) continue;
    for (const one of Array.isArray(value) ? value : [value]) params.append(name, String(one));
  }
  const text = params.toString();
  return text === '' ? '' : `?${text}`;
}
