/** Tokens as colours that a canvas understands. */

let probe: HTMLElement | null = null;

/** The colour a token stands for now; it differs between light and dark. */
export function colourOf(token: `--${string}`): string {
  if (probe === null) {
    probe = document.createElement('span');
    probe.hidden = true;
    document.body.append(probe);
  }
  probe.style.color = `var(${token})`;
  return getComputedStyle(probe).color;
}
