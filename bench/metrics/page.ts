import { existsSync, readFileSync, writeFileSync } from 'node:fs';

const title = '# Metrics';

/** Puts a section into the page under its heading, in place of the one that is there; the others stay as they are. */
export function writeSection(file: string, heading: string, lines: readonly string[]): void {
  const text = existsSync(file) ? readFileSync(file, 'utf8') : `${title}\n`;
  const [head = title, ...sections] = text.split(/\n(?=## )/);
  const section = [`## ${heading}`, '', ...lines, ''].join('\n');
  const kept = sections.filter((one) => !one.startsWith(`## ${heading}\n`)).map((one) => one.trimEnd());
  const all = [head.trimEnd(), ...kept, section].join('\n\n');
  writeFileSync(file, all);
}
