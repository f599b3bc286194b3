/** Reads Server-Sent Events from a byte stream (WHATWG HTML, 9.2.6), comments included. */

export interface Frame {
  event: string;
  data: string;
}

/**
 * Splits text into frames.
 *
 * `EventSource` hides comments, but here the server's keep-alive comment is what tells a quiet
 * plant from a dead connection; so the pages read the stream themselves.
 */
export class FrameReader {
  #rest = '';
  #event = '';
  #data: string[] = [];

  /** Takes the next piece of text and returns the frames it completes. */
  push(text: string): Frame[] {
    const lines = (this.#rest + text).split('\n');
    this.#rest = lines.pop() ?? '';
    const frames: Frame[] = [];
    for (const line of lines) {
      const frame = this.#line(line.endsWith('\r') ? line.slice(0, -1) : line);
      if (frame) frames.push(frame);
    }
    return frames;
  }

  #line(line: string): Frame | null {
    if (line === '') return this.#dispatch();
    const colon = line.indexOf(':');
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? '' : line.slice(line[colon + 1] === ' ' ? colon + 2 : colon + 1);
    if (field === 'event') this.#event = value;
    if (field === 'data') this.#data.push(value);
    return null;
  }

  #dispatch(): Frame | null {
    const frame = this.#data.length > 0 ? { event: this.#event || 'message', data: this.#data.join('\n') } : null;
    this.#event = '';
    this.#data = [];
    return frame;
  }
}
