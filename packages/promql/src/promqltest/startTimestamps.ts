import { durationOf } from '../parser/literals.ts';
import type { Labels } from '../source.ts';
import { NotationError, readMetric } from './series.ts';

/** A line of start timestamps, `metric{a="b"}@st -30s _ -1m+10sx3`: one offset in milliseconds from its sample each, or a gap. */
export interface StartLine {
  readonly labels: Labels;
  readonly offsets: readonly (number | 'gap')[];
}

/** Whether a line gives the start timestamps of the one after it. */
export function isStartLine(line: string): boolean {
  return /^\S*@st\s/.test(line);
}

/** @throws NotationError */
export function parseStartLine(line: string): StartLine {
  const [, metric, offsets] = /^(\S*)@st\s+(.*)$/.exec(line) ?? [];
  if (metric === undefined) throw new NotationError('an @st line has offsets after "@st "');
  const { labels, end } = readMetric(metric);
  if (end !== metric.length) throw new NotationError(`unexpected "${metric[end]}" before @st`, end);
  return { labels, offsets: offsets!.split(/\s+/).flatMap(readOffsets) };
}

const ITEM = /^([-+]?\d+[a-wyz]*)(?:([-+])([-+]?\d+[a-wyz]*)(?=x))?(?:x(\d+))?$/i;

function readOffsets(item: string): (number | 'gap')[] {
  const gaps = /^_(?:x([1-9]\d*))?$/.exec(item);
  if (gaps) return new Array<'gap'>(Number(gaps[1] ?? 1)).fill('gap');
  const [, first, sign, increment, times] = ITEM.exec(item) ?? [];
  if (first === undefined) throw new NotationError(`"${item}" is not an offset such as -30s, -1m+10sx3 or _`);
  const by = increment === undefined ? 0 : offsetOf(increment) * (sign === '-' ? -1 : 1);
  return Array.from({ length: Number(times ?? 0) + 1 }, (_, i) => offsetOf(first) + i * by);
}

function offsetOf(text: string): number {
  const plain = text.replace(/^[-+]/, '');
  const ms = plain === '0' ? 0 : durationOf(plain);
  if (ms === undefined) throw new NotationError(`"${text}" is not a duration`);
  return text.startsWith('-') ? -ms : ms;
}
