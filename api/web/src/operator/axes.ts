/** Axes of charts. */
import type { Limits } from '$lib/api/types';

/** The range of the value axis: the data with some air, and a limit where it is near. */
export function valueRange(lowest: number, highest: number, limits: Limits | null): [number, number] {
  const size = Math.max(Math.abs(lowest), Math.abs(highest)) || Math.abs(limits?.high ?? limits?.low ?? 1);
  const spread = Math.max(highest - lowest, size * 0.02);
  // A value that rests stands in the middle, not on the edge.
  const air = spread * 0.12 + (spread - (highest - lowest)) / 2;
  let [from, to] = [lowest - air, highest + air];
  for (const limit of [limits?.low, limits?.high]) {
    if (limit === null || limit === undefined) continue;
    if (limit < from && from - limit < spread * 1.5) from = limit - spread * 0.12;
    if (limit > to && limit - to < spread * 1.5) to = limit + spread * 0.12;
  }
  return [from, to];
}

/** As many decimals as the step between marks itself has. */
export function decimalsOfStep(step: number): number {
  let decimals = 0;
  while (decimals < 9 && Math.abs(step * 10 ** decimals - Math.round(step * 10 ** decimals)) > 1e-6) decimals += 1;
  return decimals;
}
