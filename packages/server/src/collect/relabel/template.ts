import type { PatternMatch } from '@nightshift/promql';

/** A replacement in which `$1`, `${1}`, `$name` and `${name}` stand for what a pattern's groups caught. */
export interface Template {
  /** Whether it says the same for every match. */
  readonly isConstant: boolean;
  expand(match: PatternMatch): string;
}

type Part = string | { readonly group: number } | { readonly name: string };

const reference = /\$(?:(\$)|([\p{L}\p{Nd}_]+)|\{([\p{L}\p{Nd}_]+)\})/gu;

const partOf = (name: string): Part => (/^(0|[1-9][0-9]{0,7})$/.test(name) ? { group: Number(name) } : { name });

/** Compiles a text by the rules of Go's regexp.Expand (https://pkg.go.dev/regexp#Regexp.Expand): `$1x` is the group named `1x`. */
export function compileTemplate(text: string): Template {
  const parts: Part[] = [];
  let at = 0;
  for (const match of text.matchAll(reference)) {
    parts.push(text.slice(at, match.index));
    const [whole, dollar, bare, braced] = match;
    parts.push(dollar ?? partOf((bare ?? braced) as string));
    at = match.index + whole.length;
  }
  parts.push(text.slice(at));
  const isConstant = parts.every((part) => typeof part === 'string');
  const constant = isConstant ? parts.join('') : '';
  return {
    isConstant,
    expand: ({ groups, named }) => {
      if (isConstant) return constant;
      let expanded = '';
      for (const part of parts) {
        if (typeof part === 'string') expanded += part;
        else
          expanded +=
            ('group' in part ? groups[part.group] : Object.hasOwn(named, part.name) && named[part.name]) || '';
      }
      return expanded;
    },
  };
}
