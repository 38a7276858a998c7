import type { Graph } from '@nightshift/server/api';
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import { withUnit } from '../figures/figure.ts';
import type { Mark } from './Graph.tsx';

export interface PlotOptions {
  graph: Graph;
  marks: readonly Mark[];
  sync: string;
  span: { start: number; end: number } | undefined;
  /** Index of the point under the cursor, null when it left. */
  onCursor: (index: number | null) => void;
}

export interface PlotHandle {
  destroy(): void;
}

const HEIGHT = 190;
const TONE = { plain: '--info', bad: '--bad', good: '--good', lamp: '--lamp' } as const;

/** Draws into `box` in the page's present colours and follows its width until destroyed. */
export function drawPlot(box: HTMLElement, options: PlotOptions): PlotHandle {
  const style = getComputedStyle(document.documentElement);
  const colour = (name: string) => style.getPropertyValue(name).trim();
  const { graph, onCursor } = options;
  const data = [graph.t.map((at) => at / 1000), ...graph.lines.map((line) => line.values)] as uPlot.AlignedData;
  const plot = new uPlot(plotConfig(box.clientWidth, options, colour, onCursor), data, box);
  const observer = new ResizeObserver(() => plot.setSize({ width: box.clientWidth, height: HEIGHT }));
  observer.observe(box);
  return {
    destroy() {
      observer.disconnect();
      plot.destroy();
    },
  };
}

function plotConfig(
  width: number,
  { graph, marks, sync, span }: PlotOptions,
  colour: (name: string) => string,
  onCursor: PlotOptions['onCursor'],
): uPlot.Options {
  const font = `11px ${colour('--sans')}`;
  const axis = {
    stroke: colour('--faint'),
    font,
    grid: { stroke: colour('--line'), width: 1 },
    ticks: { show: false },
  };
  return {
    width,
    height: HEIGHT,
    legend: { show: false },
    cursor: { lock: true, sync: { key: sync }, y: false, drag: { x: false, y: false }, points: { size: 7 } },
    scales: {
      x: span ? { time: true, range: () => [span.start / 1000, span.end / 1000] } : { time: true },
      y: { range: (_plot, low, high) => yRange(low, high) },
    },
    axes: [
      { ...axis, space: 70, values: CLOCK_STEPS },
      { ...axis, size: 62, space: 34, values: (_plot, splits) => splits.map((value) => withUnit(value, graph.unit)) },
    ],
    series: [
      {},
      ...graph.lines.map((line, index) => ({
        label: line.name,
        stroke: colour(`--line-${(index % 6) + 1}`),
        width: 1.6,
        dash: index >= 6 ? [6, 3] : [],
        points: { show: false, size: 6, filter: () => lonePoints(line.values) },
      })),
    ],
    hooks: {
      setCursor: [(plot) => onCursor(plot.cursor.idx ?? null)],
      draw: [(plot) => drawMarks(plot, marks, colour)],
    },
  };
}

/** uPlot's table of axis steps: [seconds, format, then what is added when the year, month, day … changes, mode]. */
const CLOCK_STEPS: uPlot.Axis.Values = [
  [86_400, '{D} {MMM}', null, null, null, null, null, null, 1],
  [3_600, '{HH}:{mm}', '\n{D} {MMM}', null, '\n{D} {MMM}', null, null, null, 1],
  [60, '{HH}:{mm}', '\n{D} {MMM}', null, '\n{D} {MMM}', null, null, null, 1],
  [1, '{HH}:{mm}:{ss}', '\n{D} {MMM}', null, '\n{D} {MMM}', null, null, null, 1],
  [0.001, '{HH}:{mm}:{ss}.{fff}', null, null, null, null, null, null, 1],
];

/** From zero where nothing is negative, with room above the highest point; 0 to 1 where there is nothing. */
export function yRange(low: number | null, high: number | null): [number, number] {
  if (low === null || high === null || !Number.isFinite(low) || !Number.isFinite(high)) return [0, 1];
  const bottom = Math.min(0, low);
  const room = high - bottom;
  return [low < 0 ? bottom - room * 0.05 : 0, room === 0 ? 1 : high + room * 0.14];
}

/** Indices of points without a neighbour: no line passes through them, and a version that lived a second has no others. */
export function lonePoints(values: readonly (number | null)[]): number[] {
  const isMissing = (index: number) => (values[index] ?? null) === null;
  return [...values.keys()].filter((index) => !isMissing(index) && isMissing(index - 1) && isMissing(index + 1));
}

function drawMarks(plot: uPlot, marks: readonly Mark[], colour: (name: string) => string): void {
  const { ctx, bbox } = plot;
  const ratio = devicePixelRatio;
  ctx.save();
  ctx.font = `${11 * ratio}px ${colour('--sans')}`;
  ctx.textBaseline = 'top';
  ctx.textAlign = 'left';
  const labels: { text: string; left: number; top: number; width: number; colour: string }[] = [];
  let taken = Number.NEGATIVE_INFINITY;
  let row = 0;
  for (const mark of [...marks].sort((a, b) => a.at - b.at)) {
    const x = plot.valToPos(mark.at / 1000, 'x', true);
    if (x < bbox.left || x > bbox.left + bbox.width) continue;
    const width = ctx.measureText(mark.label).width;
    row = x < taken ? (row + 1) % 4 : 0;
    const flip = x + width + 6 * ratio > bbox.left + bbox.width;
    taken = Math.max(taken, x + width + 12 * ratio);
    ctx.strokeStyle = colour(TONE[mark.tone]);
    ctx.lineWidth = ratio;
    ctx.setLineDash([3 * ratio, 3 * ratio]);
    ctx.beginPath();
    ctx.moveTo(x, bbox.top);
    ctx.lineTo(x, bbox.top + bbox.height);
    ctx.stroke();
    ctx.setLineDash([]);
    const left = x + (flip ? -4 * ratio - width : 4 * ratio);
    const top = bbox.top + (2 + row * 14) * ratio;
    labels.push({ text: mark.label, left, top, width, colour: colour(TONE[mark.tone]) });
  }
  for (const label of labels) {
    ctx.fillStyle = colour('--panel');
    ctx.fillRect(label.left - 2 * ratio, label.top - ratio, label.width + 4 * ratio, 14 * ratio);
    ctx.fillStyle = label.colour;
    ctx.fillText(label.text, label.left, label.top);
  }
  ctx.restore();
}
