/** Renderings of views, of any framework: kind `render`. */
import type { Hub } from '../core/hub.ts';
import type { HistogramMeter } from '../metrics/meters.ts';

const BUCKETS = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5];

/** Called with the error that the rendering gave, or with nothing; only the first time counts. */
export type EndRender = (error: unknown) => void;

/** Once for each hub, as a metric is made once. */
const histograms = new WeakMap<Hub['meters'], HistogramMeter>();

function histogramOf({ meters }: Hub): HistogramMeter {
  const known = histograms.get(meters);
  if (known) return known;
  const made = meters.histogram({
    name: 'render_duration_seconds',
    help: 'Duration of the rendering of views.',
    labels: ['view', 'outcome'],
    buckets: BUCKETS,
  });
  histograms.set(meters, made);
  return made;
}

export function createRenderWatch(hub: Hub): (view: string) => EndRender | undefined {
  const { guard, recorder, tracer } = hub;
  const took = histogramOf(hub);
  const begin = (view: string): EndRender => {
    const began = performance.now();
    const span = tracer.active() ? tracer.start(`render ${view}`, 'internal') : undefined;
    let open = true;
    const end = (error: unknown) => {
      if (!open) return;
      open = false;
      const seconds = (performance.now() - began) / 1000;
      const failed = error !== undefined && error !== null;
      took.observe([view, failed ? 'error' : 'ok'], seconds, span);
      recorder.record({ kind: 'render', name: view, seconds, failed, span });
      if (failed) span?.fail(error);
      span?.end();
    };
    return (error) => guard.run('render.end', () => end(error), undefined);
  };
  return (view) => guard.run('render.start', () => begin(view), undefined);
}
