/** Who is signed in. */
import { PLANNERS, STAFF, type Role, type User } from '$lib/api/types';
import { Problem, readSession, signIn, signOut } from '$lib/api';
import { whenSignedOut } from '$lib/api/client';
import { live } from '$lib/stream/live.svelte';

export type SessionPhase = 'unknown' | 'signed-in' | 'signed-out' | 'unreachable';

class Session {
  phase = $state<SessionPhase>('unknown');
  user = $state.raw<User | null>(null);
  error = $state.raw<unknown>(undefined);
  /** True when the session ended while it was in use, not by signing out. */
  ended = $state(false);

  constructor() {
    whenSignedOut(() => this.#lose());
  }

  get staff(): boolean {
    return this.is(STAFF);
  }
  get planner(): boolean {
    return this.is(PLANNERS);
  }

  is(roles: readonly Role[]): boolean {
    return this.user !== null && roles.includes(this.user.role);
  }

  /** Asks the server who is signed in. */
  async restore(): Promise<void> {
    this.phase = 'unknown';
    try {
      this.#enter(await readSession());
    } catch (failure) {
      if (failure instanceof Problem && failure.status === 401) this.phase = 'signed-out';
      else {
        this.error = failure;
        this.phase = 'unreachable';
      }
    }
  }

  /** @throws {Problem} `wrong_credentials`, or 429. */
  async signIn(email: string, password: string): Promise<void> {
    this.#enter(await signIn(email, password));
  }

  async signOut(): Promise<void> {
    live.close();
    await signOut();
    this.#leave(false);
  }

  #enter(user: User): void {
    this.user = user;
    this.error = undefined;
    this.ended = false;
    this.phase = 'signed-in';
    live.open(user.id, this.staff);
  }

  #lose(): void {
    if (this.phase === 'signed-in') this.#leave(true);
  }

  #leave(ended: boolean): void {
    live.close();
    this.user = null;
    this.ended = ended;
    this.phase = 'signed-out';
  }
}

export const session = new Session();
