import { isAscii, isUtf8 } from 'node:buffer';
import {
  type MetricBatch,
  parseExposition,
  parseOpenMetrics,
  parseProtobufExposition,
  type SeriesMemory,
} from '@nightshift/wire';
import type { ScrapeConfig } from './config/types.ts';
import type { Exposition } from './fetch.ts';
import { type ExpositionFormat, formatOf } from './protocol.ts';
import type { ScrapeTarget } from './target.ts';

/** The body as text; one of ASCII alone takes half the memory and time. */
function textOf(body: Uint8Array): string {
  const buffer = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  if (isAscii(buffer)) return buffer.toString('latin1');
  if (!isUtf8(buffer)) throw new Error('the answer is not UTF-8');
  return buffer.toString('utf8');
}

type Parser = (body: Uint8Array, at: number, memory: SeriesMemory<unknown>, target: ScrapeTarget) => MetricBatch;

const conversionOf = ({ classicToCustomBuckets, alwaysClassicHistograms }: ScrapeTarget) =>
  classicToCustomBuckets ? { keepsClassic: alwaysClassicHistograms } : undefined;

const parsers: Record<ExpositionFormat, Parser> = {
  text: (body, at, memory, target) => parseExposition(textOf(body), at, memory, conversionOf(target)),
  openmetrics: (body, at, memory, target) => parseOpenMetrics(textOf(body), at, memory, conversionOf(target)),
  protobuf: (body, at, memory, { nativeHistograms, alwaysClassicHistograms, classicToCustomBuckets }) => {
    const { batch, timed } = parseProtobufExposition(body, at, {
      nativeHistograms,
      alwaysClassic: alwaysClassicHistograms,
      convertsClassic: classicToCustomBuckets,
    });
    for (const labels of batch.series) memory.learn(JSON.stringify([...labels]), () => labels);
    memory.timed.push(...timed);
    return batch;
  },
};

/**
 * Reads what a target answered. Series i of the batch is `memory.current[i]`, and has a time of its own where `memory.timed[i]`.
 * Classic series that became a histogram are among them without a sample.
 * An empty answer is an empty batch. Throws where it is not in a format that was asked for, or not what it says.
 */
export function parseAnswer(
  { body, contentType }: Exposition,
  at: number,
  memory: SeriesMemory<unknown>,
  target: ScrapeTarget,
  { fallbackProtocol }: Pick<ScrapeConfig, 'fallbackProtocol'>,
): MetricBatch {
  if (body.length === 0) return parseExposition('', at);
  return parsers[formatOf(contentType, fallbackProtocol)](body, at, memory, target);
}
