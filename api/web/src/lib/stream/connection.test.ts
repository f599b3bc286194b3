import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { LiveConnection, SILENCE_MS, type ConnectionStatus } from './connection';
import type { Frame } from './frames';

/** A server whose streams the test writes to. */
class Server {
  readonly opened: ReadableStreamDefaultController<Uint8Array>[] = [];
  status = 200;
  down = false;

  readonly fetch = (_url: string, { signal }: { signal: AbortSignal }): Promise<Response> => {
    if (this.down) return Promise.reject(new TypeError('Failed to fetch'));
    const body = new ReadableStream<Uint8Array>({
      start: (controller) => {
        this.opened.push(controller);
        signal.addEventListener('abort', () => controller.error(signal.reason));
      },
    });
    return Promise.resolve(new Response(this.status === 200 ? body : null, { status: this.status }));
  };

  write(text: string): void {
    this.opened.at(-1)?.enqueue(new TextEncoder().encode(text));
  }
}

let server: Server;
let phases: string[];
let statuses: ConnectionStatus[];
let frames: Frame[];
let connection: LiveConnection;

function connect(awaitsFrame = true): void {
  const listener = {
    onStatus: (status: ConnectionStatus) => (phases.push(status.phase), statuses.push(status)),
    onFrame: (frame: Frame) => frames.push(frame),
  };
  connection = new LiveConnection('http://localhost/stream', listener, awaitsFrame);
}

beforeEach(() => {
  vi.useFakeTimers();
  server = new Server();
  [phases, statuses, frames] = [[], [], []];
  vi.stubGlobal('fetch', server.fetch);
});
afterEach(() => {
  connection.close();
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

/** Lets promises and due timers run. */
const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms);

test('a stream is live from its first frame', async () => {
  connect();
  await pass(10);
  server.write(': hello\n\n');
  await pass(10);
  expect(phases).toEqual([]);
  server.write('event: snapshot\ndata: {}\n\n');
  await pass(10);
  expect(phases).toEqual(['live']);
  expect(frames).toEqual([{ event: 'snapshot', data: '{}' }]);
});

test("a customer's stream is live from its first byte: it may have nothing to tell", async () => {
  connect(false);
  await pass(10);
  server.write(': hello\n\n');
  await pass(10);
  expect(phases).toEqual(['live']);
});

test('comments keep a quiet stream alive', async () => {
  connect();
  await pass(10);
  server.write('event: snapshot\ndata: {}\n\n');
  for (let elapsed = 0; elapsed < 60_000; elapsed += 5_000) {
    server.write(': still here\n\n');
    await pass(5_000);
  }
  expect(phases).toEqual(['live']);
  expect(server.opened).toHaveLength(1);
});

test('silence means lost, since the last byte', async () => {
  connect();
  await pass(10);
  server.write('event: snapshot\ndata: {}\n\n');
  await pass(10);
  const heard_ms = Date.now();
  await pass(SILENCE_MS + 1);
  const status = statuses.at(-1);
  expect(status?.phase).toBe('lost');
  expect(status?.phase === 'lost' && heard_ms - status.since_ms).toBeLessThanOrEqual(20);
});

test('a server that accepts and says nothing does not count as live', async () => {
  connect();
  await pass(10);
  server.write('event: snapshot\ndata: {}\n\n');
  await pass(SILENCE_MS + 1);
  await pass(1_000);
  server.write(': hello\n\n');
  await pass(1_000);
  expect(server.opened.length).toBeGreaterThan(1);
  expect(phases).toEqual(['live', 'lost']);
});

test('the end the server makes every ten minutes is not shown', async () => {
  connect();
  await pass(10);
  server.write('event: snapshot\ndata: {}\n\n');
  await pass(5_000);
  server.opened.at(-1)?.close();
  await pass(50);
  server.write('event: snapshot\ndata: {}\n\n');
  await pass(50);
  expect(server.opened).toHaveLength(2);
  expect(phases).toEqual(['live']);
});

test('a stream that ends at once is not reopened in a rush', async () => {
  connect();
  let ended = 0;
  for (let elapsed = 0; elapsed < 2_000; elapsed += 50) {
    await pass(50);
    if (server.opened.length > ended) {
      server.opened.at(-1)?.close();
      ended = server.opened.length;
    }
  }
  expect(ended).toBeGreaterThan(1);
  expect(ended).toBeLessThan(5);
});

test('while the server is down, pauses grow to fifteen seconds, and waking tries at once', async () => {
  server.down = true;
  connect();
  await pass(120_000);
  const pauses = statuses.flatMap((status) => (status.phase === 'lost' ? [status] : []));
  expect(pauses.length).toBeGreaterThan(6);
  expect(pauses.length).toBeLessThan(18);
  server.down = false;
  connection.retry();
  await pass(10);
  server.write('event: snapshot\ndata: {}\n\n');
  await pass(10);
  expect(phases.at(-1)).toBe('live');
});

test('without a session it stops', async () => {
  server.status = 401;
  connect();
  await pass(60_000);
  expect(phases).toEqual(['signed-out']);
});
