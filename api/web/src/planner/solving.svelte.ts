/** The solve that runs, followed live; and those who wait for its plan. */
import { cancelSolve, readSolve, readSolves, startSolve, type Solve } from '$lib/api';
import { live } from '$lib/stream/live.svelte';

export interface Point {
  wall_s: number;
  objective: number;
  bound: number | null;
}

const isOpen = (solve: Solve): boolean => solve.status === 'queued' || solve.status === 'running';

export class Solving {
  solve = $state.raw<Solve | null>(null);
  /** Every better plan so far, oldest first. */
  points = $state.raw<readonly Point[]>([]);
  readonly #ended: (solve: Solve) => void;

  /** @param ended called once when a solve that was seen running has ended. */
  constructor(ended: (solve: Solve) => void) {
    this.#ended = ended;
  }

  get running(): boolean {
    return this.solve !== null && isOpen(this.solve);
  }

  /** Follows the stream; returns what ends that. */
  follow(): () => void {
    void this.#find();
    return live.on('solve', (solve) => this.#take(solve));
  }

  /** @throws {Problem} `solve_running`. */
  async start(time_limit_s: number): Promise<void> {
    this.points = [];
    this.solve = await startSolve({ time_limit_s });
  }

  /** The best plan so far is kept as a draft. */
  async cancel(): Promise<void> {
    if (this.solve) this.#take(await cancelSolve(this.solve.id));
  }

  /** A solve that began before this page was opened. */
  async #find(): Promise<void> {
    const running = (await readSolves(5)).find(isOpen);
    if (!running || this.solve) return;
    const whole = await readSolve(running.id);
    this.points = whole.trajectory ?? [];
    this.#take(whole);
  }

  #take(solve: Solve): void {
    const before = this.solve;
    if (before && before.id !== solve.id && isOpen(before)) return;
    if (before?.id === solve.id && !isOpen(before)) return;
    if (before?.id !== solve.id) this.points = solve.trajectory ?? [];
    this.solve = solve;
    this.#note(solve);
    if (!isOpen(solve) && before?.id === solve.id) this.#ended(solve);
  }

  #note({ progress }: Solve): void {
    if (!progress || progress.objective === null) return;
    const last = this.points.at(-1);
    if (last && last.objective === progress.objective && last.bound === progress.bound) return;
    this.points = [...this.points, { wall_s: progress.wall_s, objective: progress.objective, bound: progress.bound }];
  }
}
