/** How wide tiles are, so that as many as possible are seen at once. */

/** Least and greatest width of a tile, in the root's font size of 16. */
const LEAST_REM = 10.5;
const GREATEST_REM = 20;

/**
 * How many tiles stand side by side.
 *
 * Groups share rows where they fit, so of all possible counts the one with the fewest rows is
 * taken, and of those the one with the widest tiles.
 */
export function columnsFor(width_rem: number, gap_rem: number, groupSizes: readonly number[]): number {
  const most = Math.max(1, Math.floor((width_rem + gap_rem) / (LEAST_REM + gap_rem)));
  const fewest = Math.max(1, Math.min(most, Math.ceil((width_rem + gap_rem) / (GREATEST_REM + gap_rem))));
  let best = fewest;
  let bestRows = Infinity;
  for (let columns = fewest; columns <= most; columns += 1) {
    const rows = rowsFor(columns, groupSizes);
    if (rows < bestRows) [best, bestRows] = [columns, rows];
  }
  return best;
}

/** Height in tile rows: groups side by side as the grid lays them; a group's heading counts for a quarter. */
function rowsFor(columns: number, groupSizes: readonly number[]): number {
  let rows = 0;
  let used = columns;
  for (const size of groupSizes) {
    const span = Math.min(size, columns);
    if (used + span > columns) {
      rows += 0.25 + Math.ceil(size / columns);
      used = span;
    } else used += span;
  }
  return rows;
}
