import type { Graph as GraphData, Incident } from '@nightshift/server/api';
import { useEffect, useRef, useState } from 'react';
import { withUnit } from '../figures/figure.ts';
import { clock } from '../time/clock.ts';
import type { PlotHandle } from './plot.ts';

export type Mark = Incident['evidence']['marks'][number];

interface Props {
  graph: GraphData;
  marks?: readonly Mark[];
  /** Graphs with the same key move their cursors together; a click holds them all. */
  sync: string;
  /** The graph's own range in Unix milliseconds, where it is wider than its points. */
  span?: { start: number; end: number } | undefined;
}

const NO_MARKS: readonly Mark[] = [];

/** Lines over time with marks. Its room is kept before anything is drawn, and uPlot is only fetched by pages with a graph. */
export function Graph({ graph, marks = NO_MARKS, sync, span }: Props) {
  const box = useRef<HTMLDivElement>(null);
  const [cursor, setCursor] = useState<number | null>(null);
  const theme = useTheme();
  // biome-ignore lint/correctness/useExhaustiveDependencies: the theme is read from the page's colours
  useEffect(() => {
    let plot: PlotHandle | undefined;
    let gone = false;
    void import('./plot.ts').then(({ drawPlot }) => {
      if (!gone && box.current) plot = drawPlot(box.current, { graph, marks, sync, span, onCursor: setCursor });
    });
    return () => {
      gone = true;
      plot?.destroy();
    };
  }, [graph, marks, sync, span?.start, span?.end, theme]);
  const at = cursor === null ? undefined : graph.t[cursor];
  return (
    <figure className="graph">
      <figcaption className="graph-key">
        {graph.lines.map((line, index) => (
          <span key={line.name} className="break">
            <i style={{ background: `var(--line-${(index % 6) + 1})` }} />
            <bdi>{line.name}</bdi> <b>{cursor === null ? '' : withUnit(line.values[cursor] ?? null, graph.unit)}</b>
          </span>
        ))}
        <span>{at === undefined ? '' : clock(at, 1)}</span>
      </figcaption>
      <div className="graph-canvas" ref={box} role="img" aria-label={graphWords(graph, marks)} />
    </figure>
  );
}

/** What a graph shows, for who cannot see it. */
export function graphWords(graph: GraphData, marks: readonly Mark[]): string {
  const lines = graph.lines.map((line) => {
    let highest = -1;
    line.values.forEach((value, index) => {
      if (value !== null && (highest < 0 || value > (line.values[highest] ?? 0))) highest = index;
    });
    if (highest < 0) return `${line.name} has no points`;
    return `${line.name} is highest at ${clock(graph.t[highest] ?? 0)} with ${withUnit(line.values[highest] ?? null, graph.unit)}`;
  });
  return [graph.title, ...lines, ...marks.map((mark) => `${mark.label} at ${clock(mark.at)}`)].join('; ');
}

function useTheme(): string {
  const [dark, setDark] = useState(() => matchMedia('(prefers-color-scheme: dark)').matches);
  useEffect(() => {
    const media = matchMedia('(prefers-color-scheme: dark)');
    const change = () => setDark(media.matches);
    media.addEventListener('change', change);
    return () => media.removeEventListener('change', change);
  }, []);
  return dark ? 'dark' : 'light';
}
