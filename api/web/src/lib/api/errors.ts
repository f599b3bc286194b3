/**
 * What can go wrong when the pages ask the server.
 *
 *     ApiError
 *     ├── Problem        the server answered with an RFC 9457 problem
 *     └── Unreachable    there was no answer
 */
import type { ProblemBody } from './types';

export class ApiError extends Error {}

/** The server said no; `code` is what programs branch on. */
export class Problem extends ApiError {
  readonly status: number;
  readonly code: string;
  readonly detail: string;
  readonly errors: NonNullable<ProblemBody['errors']>;
  readonly requestId: string | null;
  /** The whole body: some problems carry more, such as `{machine, start, end}` of a busy time. */
  readonly body: Readonly<Record<string, unknown>>;
  /** Seconds until trying again makes sense, or null when the server did not say. */
  readonly retryAfterS: number | null;

  constructor(body: Partial<ProblemBody>, status: number, retryAfterS: number | null) {
    super(body.detail ?? body.title ?? `HTTP ${status}`);
    this.name = 'Problem';
    this.status = status;
    this.code = body.code ?? `http_${status}`;
    this.detail = body.detail ?? '';
    this.errors = body.errors ?? [];
    this.requestId = body.request_id ?? null;
    this.body = body as Record<string, unknown>;
    this.retryAfterS = retryAfterS;
  }
}

/** The server did not answer: no network, or it is not running. */
export class Unreachable extends ApiError {
  constructor(cause: unknown) {
    super('The server did not answer.', { cause });
    this.name = 'Unreachable';
  }
}
