/**
 * OpenTelemetry names as Prometheus' OTLP receiver makes them with its default strategy, underscores with suffixes
 * (https://opentelemetry.io/docs/specs/otel/compatibility/prometheus_and_openmetrics/; the tables are those of
 * github.com/prometheus/otlptranslator).
 */
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

interface UnitWords {
  readonly main: string;
  readonly per: string;
}

/** The words of a UCUM unit: `By/s` gives `bytes` and `per_second`; annotations in braces give nothing. */
function unitWords(unit: string): UnitWords {
  const slash = unit.indexOf('/');
  const main = (slash < 0 ? unit : unit.slice(0, slash)).trim();
  const per = slash < 0 ? '' : unit.slice(slash + 1).trim();
  const perWord = word(per, RATE_UNITS);
  return { main: word(main, UNITS), per: perWord === '' ? '' : `per_${perWord}` };
}

function word(unit: string, words: ReadonlyMap<string, string>): string {
  if (unit.includes('{') || unit.includes('}')) return '';
  return (words.get(unit) ?? unit).replace(/[^a-zA-Z0-9:]+/g, '_').replace(/^_|_$/g, '');
}

/** The unit of a metric's metadata: `seconds`, `bytes_per_second`, '' where there is none. */
export function prometheusUnit(unit: string): string {
  const { main, per } = unitWords(unit);
  return main !== '' && per !== '' ? `${main}_${per}` : main + per;
}

/**
 * A metric's name: words joined by underscores, then the unit, then `_total` for a counter or `_ratio` for a gauge of
 * unit 1. '' where nothing of the name is left.
 */
export function prometheusName(name: string, unit: string, type: 'counter' | 'gauge' | 'other'): string {
  let words = name.split(/[^a-zA-Z0-9:]+/).filter((one) => one !== '');
  if (words.length === 0) return '';
  const { main, per } = unitWords(unit);
  const addMain = main !== '' && !words.includes(main);
  const addPer = per !== '' && !words.includes(per);
  if (addMain) words.push(main);
  if (addPer) words.push(per);
  if (type === 'counter') words = [...words.filter((one) => one !== 'total'), 'total'];
  if (type === 'gauge' && unit === '1') words = [...words.filter((one) => one !== 'ratio'), 'ratio'];
  const joined = words.join('_');
  return /^\d/.test(joined) ? `_${joined}` : joined;
}

/** A label name for an attribute's key: other characters become underscores; '' where only underscores are left. */
export function prometheusLabel(key: string): string {
  const name = key.replace(/[^a-zA-Z0-9_]/gu, '_');
  if (/^_*$/.test(name)) return '';
  if (/^\d/.test(name)) return `key_${name}`;
  return name.startsWith('_') && !name.startsWith('__') ? `key${name}` : name;
}
