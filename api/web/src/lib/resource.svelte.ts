/** Something loaded from the server: its data, whether it is on its way, what went wrong. */
export class Resource<T> {
  data = $state.raw<T | undefined>(undefined);
  error = $state.raw<unknown>(undefined);
  loading = $state(false);
  #attempt: AbortController | null = null;
  readonly #load: (signal: AbortSignal) => Promise<T>;

  /** @param load asks the server; a later `reload` aborts its signal. */
  constructor(load: (signal: AbortSignal) => Promise<T>) {
    this.#load = load;
  }

  /** Loads again; what was there stays until the answer has come. The newest call wins. */
  async reload(): Promise<void> {
    this.#attempt?.abort();
    const attempt = (this.#attempt = new AbortController());
    this.loading = true;
    try {
      const data = await this.#load(attempt.signal);
      if (attempt.signal.aborted) return;
      this.data = data;
      this.error = undefined;
    } catch (failure) {
      if (attempt.signal.aborted) return;
      this.error = failure;
    }
    this.loading = false;
  }

  /** Gives up what is on its way. */
  abort(): void {
    this.#attempt?.abort();
    this.loading = false;
  }

  /** Forgets everything. */
  clear(): void {
    this.abort();
    this.data = undefined;
    this.error = undefined;
  }
}

/** A resource that loads now, again whenever what `load` reads at once changes, and stops with its component. */
export function useResource<T>(load: (signal: AbortSignal) => Promise<T>): Resource<T> {
  const resource = new Resource(load);
  $effect(() => {
    void resource.reload();
    return () => resource.abort();
  });
  return resource;
}
