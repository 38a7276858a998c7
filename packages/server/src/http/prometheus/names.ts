/**
 * A name that was escaped for a path (https://prometheus.io/docs/instrumenting/escaping_schemes/, `values`): after `U__`
 * two underscores stand for one and `_1f600_` for a code point. What is not so escaped stays as it is.
 */
export function unescapeName(name: string): string {
  if (!name.startsWith('U__')) return name;
  const escaped = name.slice(3);
  if (!/^(?:[^_]|__|_[0-9a-f]{1,6}_)*$/i.test(escaped)) return name;
  let valid = true;
  const plain = escaped.replace(/__|_([0-9a-f]{1,6})_/gi, (_, hex: string | undefined) => {
    if (hex === undefined) return '_';
    const codePoint = Number.parseInt(hex, 16);
    if (codePoint <= 0x10ffff && !(codePoint >= 0xd800 && codePoint <= 0xdfff)) return String.fromCodePoint(codePoint);
    valid = false;
    return '';
  });
  return valid ? plain : name;
}
