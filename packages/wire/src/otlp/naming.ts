/**
 * OpenTelemetry names as Prometheus' OTLP receiver makes them
 * (https://opentelemetry.io/docs/specs/otel/compatibility/prometheus_and_openmetrics/; the tables and the corner cases
 * are those of github.com/prometheus/otlptranslator 1.0).
 */
import type { OtlpSettings, TranslationStrategy } from './settings.ts';

const UNITS: ReadonlyMap<string, string> = new Map([
  ['d', 'days'],
  ['h', 'hours'],
  ['min', 'minutes'],
  ['s', 'seconds'],
  ['ms', 'milliseconds'],
  ['us', 'microseconds'],
  ['ns', 'nanoseconds'],
  ['By', 'bytes'],
  ['KiBy', 'kibibytes'],
  ['MiBy', 'mebibytes'],
  ['GiBy', 'gibibytes'],
  ['TiBy', 'tibibytes'],
  ['KBy', 'kilobytes'],
  ['MBy', 'megabytes'],
  ['GBy', 'gigabytes'],
  ['TBy', 'terabytes'],
  ['m', 'meters'],
  ['V', 'volts'],
  ['A', 'amperes'],
  ['J', 'joules'],
  ['W', 'watts'],
  ['g', 'grams'],
  ['Cel', 'celsius'],
  ['Hz', 'hertz'],
  ['1', ''],
  ['%', 'percent'],
]);

const RATE_UNITS: ReadonlyMap<string, string> = new Map([
  ['s', 'second'],
  ['m', 'minute'],
  ['h', 'hour'],
  ['d', 'day'],
  ['w', 'week'],
  ['mo', 'month'],
  ['y', 'year'],
]);

/** What a name depends on besides the unit: a monotonic sum, a gauge, or anything else. */
export type NamedAs = 'counter' | 'gauge' | 'other';

interface UnitWords {
  readonly main: string;
  readonly per: string;
}

/** The words of a UCUM unit: `By/s` gives `bytes` and `per_second`; annotations in braces give nothing. */
function unitWords(unit: string): UnitWords {
  const slash = unit.indexOf('/');
  const main = word((slash < 0 ? unit : unit.slice(0, slash)).trim(), UNITS);
  const per = slash < 0 ? '' : word(unit.slice(slash + 1).trim(), RATE_UNITS);
  return { main, per: per === '' ? '' : `per_${per}` };
}

function word(unit: string, words: ReadonlyMap<string, string>): string {
  return /[{}]/.test(unit) ? '' : (words.get(unit) ?? unit);
}

function escapedWord(text: string): string {
  return text.replace(/[^a-zA-Z0-9:]+/gu, '_').replace(/^_/, '');
}

/** The unit of a metric's metadata: `seconds`, `bytes_per_second`, '' where there is none. */
export function prometheusUnit(unit: string): string {
  const { main, per } = unitWords(unit);
  const words = [escapedWord(main), escapedWord(per)].filter((one) => one !== '');
  return words.join('_').replace(/^_|_$/g, '');
}

const escapes = (strategy: TranslationStrategy): boolean => strategy.startsWith('Underscore');

const suffixes = (strategy: TranslationStrategy): boolean => strategy.endsWith('WithSuffixes');

/** A metric's name; '' where nothing of it is left that could be one. */
export function prometheusName(name: string, unit: string, type: NamedAs, strategy: TranslationStrategy): string {
  if (!escapes(strategy)) return suffixes(strategy) ? suffixed(name, unit, type) : name;
  const made = suffixes(strategy) ? joinedWords(name, unit, type) : underscored(name);
  return made !== name && /^_*$/.test(made) ? '' : made;
}

const guardDigit = (name: string): string => (/^\d/.test(name) ? `_${name}` : name);

/** Only characters are replaced; underscores stay as they are. */
function underscored(name: string): string {
  const parts = name.split(/[^a-zA-Z0-9:_]+/u).filter((one) => one !== '');
  return guardDigit(parts.join('_'));
}

/** Words joined by underscores, then the unit, then `_total` for a counter or `_ratio` for a gauge of unit 1. */
function joinedWords(name: string, unit: string, type: NamedAs): string {
  let words = name.split(/[^a-zA-Z0-9:]+/u).filter((one) => one !== '');
  const unitOf = unitWords(unit);
  const main = escapedWord(unitOf.main);
  const per = escapedWord(unitOf.per).replace(/_$/, '');
  const addPer = per !== '' && per !== 'per' && !words.includes(per);
  const addMain = main !== '' && !words.includes(main);
  if (addMain) words.push(addPer ? main.replace(/_$/, '') : main);
  if (addPer) words.push(per);
  if (type === 'counter') words = [...words.filter((one) => one !== 'total'), 'total'];
  if (type === 'gauge' && unit === '1') words = [...words.filter((one) => one !== 'ratio'), 'ratio'];
  return guardDigit(words.join('_'));
}

/** The name as it is, with what its end does not say yet: unit, unit of time, `total` or `ratio`, in this order. */
function suffixed(name: string, unit: string, type: NamedAs): string {
  const { main, per } = unitWords(unit);
  const isRatio = unit === '1' && type === 'gauge';
  let stem = isRatio ? withoutEnd(name, 'ratio') : name;
  if (type === 'counter') stem = withoutEnd(stem, 'total');
  if (per !== '') stem = withoutEnd(stem, per);
  if (main !== '' && !stem.endsWith(main)) stem += `_${main}`;
  if (per !== '') stem += `_${per}`;
  if (type === 'counter') stem += '_total';
  return isRatio ? `${stem}_ratio` : stem;
}

/** Takes the end and the one character before it, whatever it is. */
function withoutEnd(name: string, end: string): string {
  if (!name.endsWith(end) || name.length <= end.length + 1) return name;
  return name.slice(0, -end.length).replace(/.$/su, '');
}

type LabelSettings = Pick<
  OtlpSettings,
  'translationStrategy' | 'labelNameUnderscoreSanitization' | 'labelNamePreserveMultipleUnderscores'
>;

/** A label name for an attribute's key; '' where there is none: the key is empty or only underscores are left. */
export function prometheusLabel(key: string, settings: LabelSettings): string {
  if (!escapes(settings.translationStrategy)) return /^_*$/.test(key) ? '' : key;
  const name = settings.labelNamePreserveMultipleUnderscores
    ? key.replace(/[^a-zA-Z0-9_]/gu, '_')
    : singleUnderscores(key);
  if (/^\d/.test(name)) return `key_${name}`;
  if (settings.labelNameUnderscoreSanitization && /^_(?!_)/.test(name)) return `key${name}`;
  return /^_*$/.test(name) ? '' : name;
}

/** Names that begin and end with two underscores are reserved and keep them. */
function singleUnderscores(key: string): string {
  const reserved = key.length >= 4 && key.startsWith('__') && key.endsWith('__');
  const inner = (reserved ? key.slice(2, -2) : key).replace(/[^a-zA-Z0-9]+/gu, '_');
  return reserved ? `__${inner}__` : inner;
}
