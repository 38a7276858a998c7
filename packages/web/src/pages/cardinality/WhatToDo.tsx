import type { CardinalityMetric } from '@nightshift/server/api';
import { Link } from '@tanstack/react-router';
import { CopyLine } from '../../design/CopyLine.tsx';
import { Section } from '../../design/Section.tsx';
import { count, counted, percent, rate } from '../../figures/figure.ts';
import { metricSelector, remediesFor, suspectOf, written } from './remedies.ts';

/** Why the largest metric is so large, and ready lines that make it smaller. */
export function WhatToDo({ metric, all }: { metric: CardinalityMetric; all: number }) {
  const { name, series, samplesPerSecond, service, services, labels } = metric;
  const suspect = suspectOf(metric);
  return (
    <Section
      title={`What to do about ${written(name) || 'series without a name'}`}
      aside={
        <Link to="/metrics" search={{ query: `topk(10, ${metricSelector(name)})` }}>
          Look at its values
        </Link>
      }
    >
      <div className="stack">
        <p className="break">
          {`It makes ${percent(series / all)} of these series and ${rate(samplesPerSecond)} samples per second; ${
            service === '' ? 'who sends it is not said' : `${written(service)} sends most of it`
          }${services > 1 ? `, with ${counted(services - 1, 'other')}` : ''}. `}
          {labels.length === 0
            ? 'No label multiplies it.'
            : `Its labels multiply it: ${labels.map((one) => `${written(one.name)} has ${count(one.values)} values`).join(', ')}.`}
          {suspect && suspect.values > 100
            ? ` ${written(suspect.name)} looks like something that has no end, such as an id; what has no end belongs into traces and logs.`
            : ''}
        </p>
        {remediesFor(metric).map(({ title, words, snippet }, index) => (
          <details key={title} className="fold" open={index === 0}>
            <summary>
              <strong className="break">{title}</strong>
            </summary>
            <div className="fold-body stack">
              <p>{words}</p>
              <CopyLine line={snippet} />
            </div>
          </details>
        ))}
        <p className="dim small">
          metric_relabel_configs belongs to the job that scrapes it, in <code>scrapeConfigFile</code>; a Prometheus or
          an agent that sends by remote write takes the same rules as write_relabel_configs.
        </p>
      </div>
    </Section>
  );
}
