import type { Family } from './family.ts';

const escaped = (text: string): string => text.replace(/[\\"\n]/g, (code) => (code === '\n' ? '\\n' : `\\${code}`));

function line(name: string, { labels, value }: Family['samples'][number]): string {
  const pairs = Object.entries(labels).map(([label, text]) => `${label}="${escaped(text)}"`);
  return `${name}${pairs.length > 0 ? `{${pairs.join(',')}}` : ''} ${value}\n`;
}

/** Prometheus' text exposition format 0.0.4. Names have to be of the classic kind. */
export function familyText(families: readonly Family[]): string {
  let text = '';
  for (const { name, type, help, samples } of families) {
    const shown = type === 'unknown' ? 'untyped' : type;
    text += `# HELP ${name} ${help.replaceAll('\\', '\\\\').replaceAll('\n', '\\n')}\n# TYPE ${name} ${shown}\n`;
    for (const sample of samples) text += line(name, sample);
  }
  return text;
}
