/** How uPlot draws one tag: band, line, limits, gaps. */
import uPlot from 'uplot';
import type { Gap, LimitName, Limits } from '$lib/api';
import { colourOf } from '$lib/design/colour';
import { formatNumber } from '$lib/i18n/index.svelte';
import type { Locale } from '$lib/i18n/locale';
import { formatInstant } from '$lib/time/format';
import { stepFor, ticksBetween } from '$lib/time/ticks';
import { decimalsOfStep, valueRange } from './axes';

/** Width of the value axis; the state timeline above the charts is indented by the same. */
export const AXIS_PX = 56;
export const RIGHT_PX = 20;
const FONT = '11px Inter, "Segoe UI", -apple-system, Roboto, Arial, "Liberation Sans", sans-serif';

export interface ChartWords {
  gap: (cause: string) => string;
  limit: (name: LimitName) => string;
  number: (value: number) => string;
}

export interface ChartSetup {
  width: number;
  height: number;
  zone: string;
  locale: Locale;
  limits: Limits | null;
  /** Charts with one key share the cursor. */
  syncKey: string;
  gaps: () => readonly Gap[];
  words: ChartWords;
  onzoom: (start_ms: number, end_ms: number) => void;
  onreset: () => void;
  oncursor: (index: number | null) => void;
}

export function chartOptions(setup: ChartSetup): uPlot.Options {
  const ink = colourOf('--ink-3');
  const line = colourOf('--line');
  const trace = colourOf('--accent');
  // OPC UA sends on change: until the next value the last one holds.
  const paths = uPlot.paths.stepped ? { paths: uPlot.paths.stepped({ align: 1 }) } : {};
  return {
    width: setup.width,
    height: setup.height,
    ms: 1,
    legend: { show: false },
    padding: [8, RIGHT_PX, 0, 0],
    cursor: {
      sync: { key: setup.syncKey, setSeries: false },
      drag: { x: true, y: false, setScale: false, dist: 4 },
      points: { size: 6, width: 2 },
      bind: { dblclick: () => () => (setup.onreset(), null) },
    },
    scales: {
      x: { time: false },
      y: { range: (_, lowest, highest) => valueRange(lowest ?? 0, highest ?? 1, setup.limits) },
    },
    axes: [timeAxis(setup, ink, line), valueAxis(ink, line)],
    series: [
      {},
      { stroke: 'transparent', points: { show: false }, ...paths },
      { stroke: 'transparent', points: { show: false }, ...paths },
      { stroke: trace, width: 1.5, points: { show: false }, ...paths },
    ],
    bands: [{ series: [2, 1], fill: withAlpha(trace, 0.22) }],
    hooks: {
      // After the grid, before the lines.
      drawAxes: [(chart) => drawGaps(chart, setup)],
      draw: [(chart) => drawLimits(chart, setup)],
      setSelect: [(chart) => takeSelection(chart, setup)],
      setCursor: [(chart) => setup.oncursor(chart.cursor.idx ?? null)],
    },
  };
}

function timeAxis(setup: ChartSetup, ink: string, line: string): uPlot.Axis {
  const most = () => Math.max(2, Math.floor(setup.width / 90));
  return {
    stroke: ink,
    font: FONT,
    size: 24,
    gap: 4,
    grid: { stroke: line, width: 1 },
    ticks: { stroke: line, width: 1, size: 4 },
    splits: (_, __, from, to) => ticksBetween(from, to, setup.zone, most()).map((tick) => tick.ms),
    values: (chart, splits) => {
      const { min = 0, max = 0 } = chart.scales.x ?? {};
      const seconds = stepFor(min, max, most()) < 60_000;
      return splits.map((ms) => tickLabel(ms, setup.zone, setup.locale, seconds));
    },
  };
}

export function tickLabel(ms: number, zone: string, locale: Locale, seconds: boolean): string {
  const label = formatInstant(ms, zone, locale, seconds ? 'seconds' : 'time');
  return /^00[:.]00$/.test(label) ? formatInstant(ms, zone, locale, 'day') : label;
}

function valueAxis(ink: string, line: string): uPlot.Axis {
  return {
    stroke: ink,
    font: FONT,
    size: AXIS_PX,
    gap: 6,
    space: 24,
    grid: { stroke: line, width: 1 },
    ticks: { show: false },
    values: (_, splits, __, ___, step) => splits.map((value) => formatNumber(value, decimalsOfStep(step))),
  };
}

function withAlpha(colour: string, alpha: number): string {
  return colour.replace(/^rgb\((.*)\)$/, (_, parts: string) => `rgba(${parts}, ${alpha})`);
}

function takeSelection(chart: uPlot, setup: ChartSetup): void {
  const { left, width } = chart.select;
  if (width < 4) return;
  const [from, to] = [chart.posToVal(left, 'x'), chart.posToVal(left + width, 'x')];
  chart.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
  setup.onzoom(from, to);
}

/** Hatches what could not be read and says why. */
function drawGaps(chart: uPlot, setup: ChartSetup): void {
  const { ctx, bbox } = chart;
  const ratio = devicePixelRatio;
  for (const gap of setup.gaps()) {
    const from = Math.max(bbox.left, chart.valToPos(Date.parse(gap.start), 'x', true));
    const to = Math.min(bbox.left + bbox.width, chart.valToPos(Date.parse(gap.end), 'x', true));
    if (to - from < 0.5) continue;
    ctx.save();
    ctx.beginPath();
    ctx.rect(from, bbox.top, Math.max(to - from, ratio), bbox.height);
    ctx.clip();
    ctx.fillStyle = colourOf('--sunken');
    ctx.fill();
    ctx.strokeStyle = withAlpha(colourOf('--ink-3'), 0.35);
    ctx.lineWidth = ratio;
    ctx.beginPath();
    for (let x = from - bbox.height; x < to; x += 8 * ratio) {
      ctx.moveTo(x, bbox.top + bbox.height);
      ctx.lineTo(x + bbox.height, bbox.top);
    }
    ctx.stroke();
    drawGapLabel(chart, setup.words.gap(gap.cause), from, to);
    ctx.restore();
  }
}

function drawGapLabel({ ctx, bbox }: uPlot, label: string, from: number, to: number): void {
  const ratio = devicePixelRatio;
  ctx.font = scaled(FONT);
  const width = ctx.measureText(label).width;
  if (width + 16 * ratio > to - from) return;
  const middle = (from + to) / 2;
  ctx.fillStyle = colourOf('--sunken');
  ctx.fillRect(middle - width / 2 - 4 * ratio, bbox.top + 4 * ratio, width + 8 * ratio, 16 * ratio);
  ctx.fillStyle = colourOf('--ink-2');
  ctx.textAlign = 'center';
  ctx.textBaseline = 'middle';
  ctx.fillText(label, middle, bbox.top + 12 * ratio);
}

const scaled = (font: string) => font.replace(/^(\d+)px/, (_, size: string) => `${Number(size) * devicePixelRatio}px`);

const LIMIT_ORDER: readonly LimitName[] = ['high_high', 'high', 'low', 'low_low'];

/** Draws limits as dashed lines with their letters, in the colours of the alarms they raise. */
function drawLimits(chart: uPlot, setup: ChartSetup): void {
  const { ctx, bbox } = chart;
  const ratio = devicePixelRatio;
  ctx.save();
  ctx.font = scaled(FONT);
  ctx.textAlign = 'right';
  let labelled_y = -Infinity;
  for (const name of LIMIT_ORDER) {
    const limit = setup.limits?.[name];
    if (limit === null || limit === undefined) continue;
    const y = chart.valToPos(limit, 'y', true);
    if (y < bbox.top || y > bbox.top + bbox.height) continue;
    const critical = name === 'high_high' || name === 'low_low';
    ctx.strokeStyle = colourOf(critical ? '--critical' : '--warning');
    ctx.lineWidth = ratio;
    ctx.setLineDash(critical ? [] : [6 * ratio, 4 * ratio]);
    ctx.beginPath();
    ctx.moveTo(bbox.left, Math.round(y) + 0.5);
    ctx.lineTo(bbox.left + bbox.width, Math.round(y) + 0.5);
    ctx.stroke();
    // Limits that nearly touch share one label: the outer one's.
    if (y - labelled_y < 14 * ratio) continue;
    labelled_y = y;
    drawLimitLabel(chart, `${setup.words.limit(name)} ${setup.words.number(limit)}`, y);
  }
  ctx.restore();
}

/** Writes upon the line itself, at its right end, on a ground of its own. */
function drawLimitLabel({ ctx, bbox }: uPlot, label: string, y: number): void {
  const ratio = devicePixelRatio;
  const width = ctx.measureText(label).width;
  const right = bbox.left + bbox.width - 4 * ratio;
  const middle = Math.max(y, bbox.top + 7 * ratio);
  ctx.fillStyle = colourOf('--surface');
  ctx.fillRect(right - width - 4 * ratio, middle - 7 * ratio, width + 8 * ratio, 14 * ratio);
  ctx.textBaseline = 'middle';
  ctx.fillStyle = colourOf('--ink-2');
  ctx.fillText(label, right, middle + ratio);
}
