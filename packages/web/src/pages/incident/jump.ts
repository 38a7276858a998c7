const LIT = 'lit';

/** Opens, scrolls to, focuses and marks the element; false where it is not on the page. */
export function jumpTo(anchor: string): boolean {
  const element = document.getElementById(anchor);
  if (!element) return false;
  for (let up: Element | null = element; up; up = up.parentElement)
    if (up instanceof HTMLDetailsElement) up.open = true;
  for (const lit of document.querySelectorAll<HTMLElement>('[data-lit]')) delete lit.dataset[LIT];
  element.dataset[LIT] = '';
  const calm = matchMedia('(prefers-reduced-motion: reduce)').matches;
  element.scrollIntoView({ behavior: calm ? 'auto' : 'smooth', block: 'start' });
  element.focus({ preventScroll: true });
  return true;
}
