/** Short messages at the edge of the page: what was done, and what could not be. */
export interface Toast {
  id: number;
  kind: 'done' | 'failed';
  text: string;
  undo?: { label: string; run: () => void };
}

const DONE_MS = 6_000;

class Toasts {
  list = $state<Toast[]>([]);
  #next = 1;

  /** Says that something was done; goes by itself. */
  done(text: string, undo?: Toast['undo']): void {
    const id = this.#add({ kind: 'done', text, ...(undo && { undo }) });
    setTimeout(() => this.dismiss(id), DONE_MS);
  }

  /** Says that something failed; stays until dismissed. */
  failed(text: string): void {
    this.#add({ kind: 'failed', text });
  }

  dismiss(id: number): void {
    this.list = this.list.filter((toast) => toast.id !== id);
  }

  #add(toast: Omit<Toast, 'id'>): number {
    const id = this.#next++;
    this.list = [...this.list.slice(-2), { id, ...toast }];
    return id;
  }
}

export const toasts = new Toasts();
