import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type MetricBatch, parseExposition, parseOpenMetrics } from '../../packages/wire/src/index.ts';
import { inShared, type Suite } from '../suite.ts';
import { checkEach, readTable } from './go-tables.ts';

type Text = string | { readonly $bytes: readonly number[] };

interface ErrorCase {
  readonly format: 'prometheus' | 'openmetrics';
  readonly input: Text;
  /** What Prometheus' parser says of it; `''` or Go's `EOF` for a text that is good to its end. */
  readonly err: string;
}

interface GoodText {
  readonly src: string;
  readonly line: number;
  /** `scrape` is what targets of the scrape tests say, in the text format or as the text of a protobuf message. */
  readonly format: 'prometheus' | 'openmetrics' | 'nhcb' | 'scrape';
  readonly text: string;
}

const FOLDER = inShared('prometheus');
const RECEIVED = 1_700_000_000_000;

/** Bytes are decoded as of a target's answer: what is not UTF-8 is refused. */
function decoded(input: Text): string {
  if (typeof input === 'string') return input;
  return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(Uint8Array.from(input.$bytes));
}

function parsed(text: string, isOpen: boolean): MetricBatch {
  return isOpen ? parseOpenMetrics(text, RECEIVED) : parseExposition(text, RECEIVED);
}

async function refusal({ format, input, err }: ErrorCase): Promise<string | undefined> {
  const isGood = err === '' || err === 'EOF';
  try {
    parsed(decoded(input), format === 'openmetrics');
    return isGood ? undefined : `taken, expected: ${err}`;
  } catch (error) {
    return isGood ? `refused: ${(error as Error).message}` : undefined;
  }
}

/** Every line that is no comment is one sample. */
async function taken(written: string, isOpen: boolean): Promise<string | undefined> {
  // Go's tests add the end to some of their texts.
  const text = isOpen && !/# EOF\n?$/.test(written) ? `${written.trimEnd()}\n# EOF\n` : written;
  const lines = text.split('\n').filter((line) => line.trim() !== '' && !line.startsWith('#'));
  const { values, exemplars, exemplarsDropped } = parsed(text, isOpen);
  if (values.length !== lines.length) return `${values.length} samples of ${lines.length} lines`;
  const marked = isOpen ? lines.filter((line) => / # \{/.test(line)).length : 0;
  const found = exemplars.length + exemplarsDropped;
  return found === marked ? undefined : `${found} exemplars of ${marked}`;
}

const ERRORS = 'curated/exposition_errors.json';
const INPUTS = 'curated/exposition_inputs.json';
const TESTDATA = 'model/textparse/testdata';
const FILES = [
  'alltypes.237mfs.prom.txt',
  'alltypes.237mfs.nometa.prom.txt',
  'alltypes.5mfs.om.txt',
  '1histogram.om.txt',
];

const shown = (input: Text) => (typeof input === 'string' ? input : `bytes ${input.$bytes.join(' ')}`);

export const exposition: Suite = {
  name: 'exposition',
  about:
    "texts that Prometheus' parsers of the text format and of OpenMetrics take, sample by sample, and that they refuse",
  folder: FOLDER,
  async run() {
    const errors = readTable<ErrorCase[]>('exposition_errors.json');
    const inputs = readTable<GoodText[]>('exposition_inputs.json');
    const place = ({ src, line }: GoodText) => `${src}:${line}`;
    return [
      {
        file: ERRORS,
        cases: await checkEach(errors, ({ format, input }) => `${format} ${shown(input).slice(0, 200)}`, refusal),
      },
      {
        file: INPUTS,
        cases: await checkEach(inputs, place, ({ format, text }) =>
          taken(text, format === 'openmetrics' || format === 'nhcb'),
        ),
      },
      {
        file: TESTDATA,
        cases: await checkEach(FILES, String, (file) =>
          taken(readFileSync(join(FOLDER, TESTDATA, file), 'utf8'), file.includes('.om.')),
        ),
      },
    ];
  },
};
