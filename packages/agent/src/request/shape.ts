import type { Relabelling } from '@nightshift/server/collect';
import type { Labels } from '@nightshift/wire';
import { ByteWriter } from './byte-writer.ts';
import { hasCustomBuckets } from './custom-buckets.ts';
import { copyWithExternal, type ExternalLabels, encodeExternalLabels } from './external-labels.ts';
import { Fields } from './fields.ts';
import { encodeLabels, readLabels } from './labels.ts';
import { type Survey, surveyOf } from './survey.ts';

/** What a destination wants of a scrape. */
export interface ShapeOptions {
  readonly externalLabels: Labels;
  readonly relabelling: Relabelling | undefined;
  /** Samples in one part at most; a series is never divided. */
  readonly maxSamples: number;
  readonly exemplars: boolean;
  readonly nativeHistograms: boolean;
  readonly metadata: boolean;
}

/** A prometheus.WriteRequest, and how many samples (native histograms too) it has. */
export interface Part {
  readonly bytes: Uint8Array;
  readonly samples: number;
  /** Whether histograms with custom buckets are among them. */
  readonly hasCustomBuckets: boolean;
}

/** Bytes of a part after which it is ended, whatever its samples. */
export const PART_BYTES = 1024 * 1024;

/** Makes of the WriteRequest of one scrape (remote write 1.0, labels in order) the requests that a destination gets of it. */
export class Shape {
  readonly #options: ShapeOptions;
  readonly #externals: ExternalLabels;
  /** Whether the series that was written last has such a histogram. */
  #hasCustomBuckets = false;

  constructor(options: ShapeOptions) {
    this.#options = options;
    this.#externals = encodeExternalLabels(options.externalLabels);
  }

  /** Empty where no sample of it is wanted. The parts stay valid. */
  apply(request: Uint8Array, survey: Survey = surveyOf(request)): Part[] {
    const { samples: all } = survey;
    if (this.#isWanted(request, survey)) {
      return all > 0 ? [{ bytes: request, samples: all, hasCustomBuckets: false }] : [];
    }
    const parts: Part[] = [];
    let out = new ByteWriter(Math.min(request.length, PART_BYTES) + 4096);
    let samples = 0;
    let isCustom = false;
    const end = () => {
      if (out.size > 0) parts.push({ bytes: out.view(), samples, hasCustomBuckets: isCustom });
      samples = 0;
      isCustom = false;
    };
    const message = new ByteWriter(1024);
    const fields = new Fields(request, 0, request.length);
    while (fields.next()) {
      message.cut(0);
      this.#hasCustomBuckets = false;
      const taken = fields.field === 1 ? this.#series(message, request, fields.contentStart, fields.end) : 0;
      if (fields.field === 1 && taken === 0) continue;
      if (fields.field === 3 && !this.#options.metadata) continue;
      const isFull = samples > 0 && (samples + taken > this.#options.maxSamples || out.size >= PART_BYTES);
      if (isFull) {
        end();
        out = new ByteWriter(Math.min(request.length - fields.start, PART_BYTES) + 4096);
      }
      if (fields.field === 1) {
        out.byte((1 << 3) | 2);
        out.varint(message.size);
        out.copy(message.view());
      } else out.copy(request, fields.start, fields.end);
      samples += taken;
      isCustom ||= this.#hasCustomBuckets;
    }
    end();
    return parts.some((part) => part.samples > 0) ? parts : [];
  }

  /** Whether a request can be sent as it is. */
  #isWanted(request: Uint8Array, { isPlain, samples, metadata }: Survey): boolean {
    const options = this.#options;
    if (options.relabelling || this.#externals.length > 0 || request.length > PART_BYTES) return false;
    return isPlain && samples <= options.maxSamples && (options.metadata || metadata.length === 0);
  }

  /** Writes the content of a prometheus.TimeSeries as it is wanted; returns how many samples it has, 0 for one that is not. */
  #series(into: ByteWriter, bytes: Uint8Array, start: number, end: number): number {
    const { exemplars, nativeHistograms } = this.#options;
    const fields = new Fields(bytes, start, end);
    let labelsEnd = start;
    let samples = 0;
    let labelled = false;
    while (fields.next()) {
      if (fields.field === 1) {
        labelsEnd = fields.end;
        continue;
      }
      if (!labelled) {
        if (!this.#labels(into, bytes, start, labelsEnd)) return 0;
        labelled = true;
      }
      if (fields.field === 3 && !exemplars) continue;
      if (fields.field === 4 && !nativeHistograms) continue;
      if (fields.field === 2 || fields.field === 4) samples++;
      if (fields.field === 4) this.#hasCustomBuckets ||= hasCustomBuckets(bytes, fields.contentStart, fields.end);
      into.copy(bytes, fields.start, fields.end);
    }
    return samples;
  }

  #labels(into: ByteWriter, bytes: Uint8Array, start: number, end: number): boolean {
    const { relabelling, externalLabels } = this.#options;
    if (!relabelling) {
      if (this.#externals.length === 0) into.copy(bytes, start, end);
      else copyWithExternal(into, bytes, start, end, this.#externals);
      return true;
    }
    const labels = readLabels(bytes, start, end);
    const all = externalLabels.size === 0 ? labels : withExternal(labels, externalLabels);
    const kept = relabelling.apply(all);
    if (!kept || kept.size === 0) return false;
    if (kept === labels) into.copy(bytes, start, end);
    else into.copy(encodeLabels(kept));
    return true;
  }
}

function withExternal(labels: Labels, external: Labels): Labels {
  const merged = new Map([...external, ...labels]);
  return new Map([...merged].sort(([a], [b]) => (a < b ? -1 : 1)));
}
