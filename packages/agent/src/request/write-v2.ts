import { METRIC_TYPES } from '@nightshift/wire';
import { ByteWriter } from './byte-writer.ts';
import type { FamilyMemory } from './family-memory.ts';
import { Fields, LENGTH } from './fields.ts';
import { SymbolTable } from './symbol-table.ts';

const METRIC_NAME = Buffer.from('__name__');

/** What a request holds, as the response headers of remote write 2.0 count it. */
export interface SentCounts {
  samples: number;
  histograms: number;
  exemplars: number;
}

export interface WriteV2 extends SentCounts {
  readonly bytes: Uint8Array;
}

/**
 * Makes one io.prometheus.write.v2.Request (https://prometheus.io/docs/specs/prw/remote_write_spec_2_0/) of several
 * prometheus.WriteRequests. A sample and a native histogram have the same fields in both, so their bytes are copied, start
 * timestamps with them where there are any. Metadata stands at each series whose family is known.
 */
export function toWriteV2(requests: readonly Uint8Array[], families: FamilyMemory): WriteV2 {
  return new WriteV2Builder(families).build(requests);
}

class WriteV2Builder {
  readonly #symbols = new SymbolTable();
  readonly #nameRef = this.#symbols.refOf(METRIC_NAME, 0, METRIC_NAME.length);
  readonly #out = new ByteWriter(64 * 1024);
  readonly #refs = new ByteWriter(256);
  readonly #series = new ByteWriter(1024);
  readonly #exemplars = new ByteWriter(256);
  readonly #exemplar = new ByteWriter(256);
  /** Metadata of a metric by the symbol of its name, as field 5 of a series. */
  readonly #metadata = new Map<number, Uint8Array>();
  readonly #counts: SentCounts = { samples: 0, histograms: 0, exemplars: 0 };
  readonly #families: FamilyMemory;
  /** The name's symbol among the labels that were written last. */
  #name = 0;

  constructor(families: FamilyMemory) {
    this.#families = families;
  }

  build(requests: readonly Uint8Array[]): WriteV2 {
    for (const request of requests) {
      const fields = new Fields(request, 0, request.length);
      while (fields.next()) if (fields.field === 1) this.#timeSeries(request, fields.contentStart, fields.end);
    }
    const symbols = this.#symbols.view();
    const series = this.#out.view();
    const bytes = new Uint8Array(symbols.length + series.length);
    bytes.set(symbols);
    bytes.set(series, symbols.length);
    return { bytes, ...this.#counts };
  }

  /** Samples and histograms must not stand in one series, so that one with both becomes two. */
  #timeSeries(bytes: Uint8Array, start: number, end: number): void {
    let samples = 0;
    let histograms = 0;
    this.#exemplars.cut(0);
    this.#refs.cut(0);
    const fields = new Fields(bytes, start, end);
    while (fields.next()) {
      if (fields.field === 1) this.#label(this.#refs, bytes, fields.contentStart, fields.end);
      else if (fields.field === 2) samples++;
      else if (fields.field === 3) this.#takeExemplar(bytes, fields.contentStart, fields.end);
      else if (fields.field === 4) histograms++;
    }
    if (samples > 0) this.#write(bytes, start, end, 2, histograms === 0);
    if (histograms > 0) this.#write(bytes, start, end, 4, true);
    this.#counts.samples += samples;
    this.#counts.histograms += histograms;
  }

  /** One series of what stands in `field` of the old one. */
  #write(bytes: Uint8Array, start: number, end: number, field: number, withExemplars: boolean): void {
    const series = this.#series;
    series.cut(0);
    writeField(series, 1, this.#refs.view());
    const fields = new Fields(bytes, start, end);
    while (fields.next()) {
      if (fields.field === field) writeField(series, field === 2 ? 2 : 3, bytes, fields.contentStart, fields.end);
    }
    if (withExemplars) series.copy(this.#exemplars.view());
    series.copy(this.#metadataOf(this.#name));
    writeField(this.#out, 5, series.view());
  }

  /** Adds the symbols of a prometheus.Label to packed references. */
  #label(refs: ByteWriter, bytes: Uint8Array, start: number, end: number): void {
    const label = new Fields(bytes, start, end);
    let name = 0;
    let value = 0;
    while (label.next()) {
      const ref = this.#symbols.refOf(bytes, label.contentStart, label.end);
      if (label.field === 1) name = ref;
      else if (label.field === 2) value = ref;
    }
    refs.varint(name);
    refs.varint(value);
    if (name === this.#nameRef) this.#name = value;
  }

  /** A prometheus.Exemplar: labels 1, value 2 (double), time 3 (varint), of which the last two stay as they are. */
  #takeExemplar(bytes: Uint8Array, start: number, end: number): void {
    const series = this.#name;
    const refs = new ByteWriter(64);
    const exemplar = this.#exemplar;
    const fields = new Fields(bytes, start, end);
    while (fields.next()) if (fields.field === 1) this.#label(refs, bytes, fields.contentStart, fields.end);
    exemplar.cut(0);
    if (refs.size > 0) writeField(exemplar, 1, refs.view());
    const rest = new Fields(bytes, start, end);
    while (rest.next()) if (rest.field !== 1) exemplar.copy(bytes, rest.start, rest.end);
    writeField(this.#exemplars, 4, exemplar.view());
    this.#counts.exemplars++;
    this.#name = series;
  }

  #metadataOf(name: number): Uint8Array {
    const known = this.#metadata.get(name);
    if (known) return known;
    const field = new ByteWriter(16);
    const family = this.#families.find(Buffer.from(this.#symbols.bytesOf(name)).toString());
    if (family) {
      const message = new ByteWriter(16);
      for (const [number, value] of [
        [1, METRIC_TYPES.indexOf(family.type)],
        [3, this.#symbols.refOfText(family.help)],
        [4, this.#symbols.refOfText(family.unit)],
      ] as const) {
        if (value === 0) continue;
        message.byte(number << 3);
        message.varint(value);
      }
      writeField(field, 5, message.view());
    }
    this.#metadata.set(name, field.view());
    return field.view();
  }
}

function writeField(into: ByteWriter, field: number, bytes: Uint8Array, start = 0, end = bytes.length): void {
  into.byte((field << 3) | LENGTH);
  into.varint(end - start);
  into.copy(bytes, start, end);
}
