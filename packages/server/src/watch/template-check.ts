/** What is wrong with the template actions of a label or annotation, '' if nothing: each `{{` needs its `}}` (Go's text/template). */
export function templateMistake(text: string): string {
  for (let at = text.indexOf('{{'); at >= 0; at = text.indexOf('{{', at)) {
    const end = endOfAction(text, at + 2);
    if (end < 0) return 'unclosed action: `{{` without `}}`';
    at = end;
  }
  return '';
}

/** Index after the `}}`, which counts only outside of a quoted text; -1 if there is none. */
function endOfAction(text: string, from: number): number {
  if (/^-?\s?\/\*/.test(text.slice(from))) {
    const comment = text.indexOf('*/', from);
    return comment < 0 ? -1 : endOfAction(text, comment + 2);
  }
  let quote = '';
  for (let i = from; i < text.length; i++) {
    const char = text[i]!;
    if (quote !== '') {
      if (char === '\\' && quote !== '`') i++;
      else if (char === quote) quote = '';
    } else if (char === '"' || char === "'" || char === '`') quote = char;
    else if (text.startsWith('}}', i)) return i + 2;
  }
  return -1;
}
