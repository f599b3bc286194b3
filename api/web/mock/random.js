/** Chance that is the same at every start. */

/**
 * A generator of numbers in [0, 1) (mulberry32).
 * @param {number} seed
 */
export function randomFrom(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

/** A seed made from words. @param {...(string | number)} words */
export function seedOf(...words) {
  let hash = 2166136261;
  for (const letter of words.join('|')) hash = Math.imul(hash ^ letter.charCodeAt(0), 16777619);
  return hash >>> 0;
}

/** Smooth noise in [-1, 1] that depends on nothing but its arguments. @param {number} seed @param {number} at */
export function noise(seed, at) {
  const left = Math.floor(at);
  const share = at - left;
  const bend = share * share * (3 - 2 * share);
  return (1 - bend) * corner(seed, left) + bend * corner(seed, left + 1);
}

/** @param {number} seed @param {number} index */
function corner(seed, index) {
  let mixed = Math.imul(seed ^ Math.imul(index, 0x9e3779b1), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return ((mixed ^ (mixed >>> 16)) >>> 0) / 2147483648 - 1;
}
