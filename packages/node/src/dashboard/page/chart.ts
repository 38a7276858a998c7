import { el, svg } from './dom.ts';
import { clock } from './format.ts';

export interface Line {
  readonly name: string;
  /** As many as there are times; null: a gap. */
  readonly values: readonly (number | null)[];
  /** Drawn in red, which nothing else is. */
  readonly isFailure?: true;
}

const HEIGHT = 150;
const LEFT = 56;
const TOP = 8;
const BOTTOM = 22;

/** The point in time that is chosen on any chart is marked on all of them; none: the newest is shown. */
const marked: { time: number | null } = { time: null };
const charts: Chart[] = [];

function mark(time: number | null): void {
  marked.time = time;
  for (const chart of charts) chart.draw();
}

export class Chart {
  readonly element: HTMLElement;
  private readonly key = el('span', { class: 'key' });
  private readonly drawing = svg('svg', { class: 'chart', tabindex: '0', role: 'img' });
  private times: readonly number[] = [];
  private lines: readonly Line[] = [];
  private minutes = 5;

  constructor(
    private readonly title: string,
    private readonly show: (value: number) => string,
    /** In which the axis has round numbers. */
    private readonly unit = 1,
  ) {
    this.element = el('section', {}, el('h2', {}, title, this.key), this.drawing);
    this.drawing.addEventListener('pointermove', (event) => this.point((event as PointerEvent).offsetX));
    this.drawing.addEventListener('pointerleave', () => mark(null));
    this.drawing.addEventListener('keydown', (event) => this.step(event as KeyboardEvent));
    this.drawing.addEventListener('blur', () => mark(null));
    new ResizeObserver(() => this.draw()).observe(this.drawing);
    charts.push(this);
  }

  /** The newest point is at the right; what is before the first one is empty. */
  update(minutes: number, times: readonly number[], lines: readonly Line[]): void {
    this.minutes = minutes;
    this.times = times;
    this.lines = lines;
    this.draw();
  }

  private get width(): number {
    return Math.max(200, this.drawing.clientWidth);
  }

  private get span(): { readonly from: number; readonly to: number } {
    const to = this.times.at(-1) ?? 0;
    return { from: Math.min(to - this.minutes * 60_000, this.times[0] ?? to), to };
  }

  private x(place: number): number {
    const { from, to } = this.span;
    return LEFT + ((this.times[place]! - from) / (to - from)) * (this.width - LEFT - 4);
  }

  private point(offset: number): void {
    let nearest = 0;
    for (let place = 1; place < this.times.length; place++) {
      if (Math.abs(this.x(place) - offset) < Math.abs(this.x(nearest) - offset)) nearest = place;
    }
    mark(this.times[nearest] ?? null);
  }

  private step(event: KeyboardEvent): void {
    const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (event.key === 'Escape') mark(null);
    if (by === undefined || this.times.length === 0) return;
    event.preventDefault();
    const place = Math.min(this.times.length - 1, Math.max(0, this.chosen() + by));
    mark(this.times[place]!);
  }

  private chosen(): number {
    const found = marked.time === null ? -1 : this.times.indexOf(marked.time);
    return found < 0 ? this.times.length - 1 : found;
  }

  draw(): void {
    const { width } = this;
    this.drawing.setAttribute('viewBox', `0 0 ${width} ${HEIGHT}`);
    const place = this.chosen();
    const at = this.times[place];
    const values = this.lines.map((line, index) => ({
      name: line.name,
      value: line.values[place] ?? null,
      style: styleOf(line, index),
    }));
    this.key.replaceChildren(
      ...values.map(({ name, value, style }) =>
        el('span', {}, el('i', { class: style }), `${name} ${value === null ? '–' : this.show(value)}`),
      ),
      ...(marked.time !== null && at !== undefined ? [el('span', {}, clock(at))] : []),
    );
    const said = values.map(({ name, value }) => `${name} ${value === null ? 'nothing' : this.show(value)}`).join(', ');
    this.drawing.setAttribute(
      'aria-label',
      at === undefined
        ? `${this.title}: no point yet`
        : `${this.title} at ${clock(at)}: ${said}. Left and right arrows choose another time.`,
    );
    if (at === undefined) {
      this.drawing.replaceChildren(svg('text', { x: '0', y: '70' }, 'The first point comes within 5 seconds.'));
      return;
    }
    const most = Math.max(...this.lines.flatMap((line) => line.values.map((value) => value ?? 0)));
    const top = niceTop(most / this.unit) * this.unit;
    const y = (value: number) => TOP + (1 - value / top) * (HEIGHT - TOP - BOTTOM);
    const rules = [0, top / 2, top].flatMap((value) => [
      svg('path', { class: 'rule', d: `M${LEFT} ${y(value)}H${width}` }),
      svg('text', { x: `${LEFT - 8}`, y: `${y(value) + 4}`, 'text-anchor': 'end' }, this.show(value)),
    ]);
    const lines = this.lines.map((line, index) =>
      svg('path', { class: styleOf(line, index), d: pathOf(line.values, (one) => this.x(one), y) }),
    );
    const labels = [
      svg('text', { x: `${LEFT}`, y: `${HEIGHT - 5}` }, clock(this.span.from)),
      svg('text', { x: `${width}`, y: `${HEIGHT - 5}`, 'text-anchor': 'end' }, clock(this.span.to)),
    ];
    const cursor =
      marked.time === null ? [] : [svg('path', { class: 'mark', d: `M${this.x(place)} ${TOP}V${HEIGHT - BOTTOM}` })];
    this.drawing.replaceChildren(...rules, ...cursor, ...lines.reverse(), ...labels);
  }
}

const styleOf = ({ isFailure }: Line, index: number): string => (isFailure ? 'failure' : `s${index + 1}`);

/** A point without neighbours is a dot, that is, a line of no length with round ends. */
function pathOf(
  values: readonly (number | null)[],
  x: (place: number) => number,
  y: (value: number) => number,
): string {
  let path = '';
  let isDrawing = false;
  for (const [place, value] of values.entries()) {
    if (value !== null) {
      const to = `${x(place).toFixed(1)} ${y(value).toFixed(1)}`;
      path += isDrawing ? `L${to}` : `M${to}h.1`;
    }
    isDrawing = value !== null;
  }
  return path;
}

/** 1, 2 or 5 times a power of ten, not below what is drawn. */
function niceTop(most: number): number {
  if (!(most > 0)) return 1;
  const power = 10 ** Math.floor(Math.log10(most));
  return [1, 2, 5, 10].map((factor) => factor * power).find((top) => top >= most) ?? 10 * power;
}

/** A line without axes, for a row of a table. */
export function spark(values: readonly number[]): SVGElement {
  const top = Math.max(...values, 0) || 1;
  const x = (place: number) => 1 + (place / Math.max(1, values.length - 1)) * 108;
  const y = (value: number) => 20 - (value / top) * 18;
  return svg(
    'svg',
    { class: 'spark', viewBox: '0 0 110 22', 'aria-hidden': 'true' },
    svg('path', { d: pathOf(values, x, y) }),
  );
}
