/** Elements and texts of the page. Nothing is ever read as HTML. */

type Child = Node | string | number | null;
type Properties = Readonly<Record<string, string | boolean | (() => void)>>;

/** A property that is a function listens; true sets an empty attribute, false none. */
export function el<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  properties: Properties = {},
  ...children: Child[]
): HTMLElementTagNameMap[Tag] {
  const element = document.createElement(tag);
  set(element, properties);
  element.append(
    ...children.filter((child) => child !== null).map((child) => (child instanceof Node ? child : `${child}`)),
  );
  return element;
}

export function svg(tag: string, properties: Properties = {}, ...children: (Node | string)[]): SVGElement {
  const element = document.createElementNS('http://www.w3.org/2000/svg', tag);
  set(element, properties);
  element.append(...children);
  return element;
}

function set(element: Element, properties: Properties): void {
  for (const [name, value] of Object.entries(properties)) {
    if (typeof value === 'function') element.addEventListener(name, value);
    else if (value !== false) element.setAttribute(name, value === true ? '' : value);
  }
}

/**
 * Characters that are not seen or that turn the order of what follows: shown by their numbers, so that a name looks like
 * nothing that it is not. Line ends and tabs stay.
 */
const HIDDEN = /[\p{Cc}\p{Cf}\p{Co}\p{Cn}\p{Zl}\p{Zp}]/gu;

export const plain = (text: string): string =>
  text.replace(HIDDEN, (character) =>
    character === '\n' || character === '\t'
      ? character
      : `‹U+${character.codePointAt(0)?.toString(16).toUpperCase().padStart(4, '0')}›`,
  );

/** A text of the application, whose writing direction is its own affair. */
export const foreign = (text: string): HTMLElement => el('bdi', {}, plain(text));
