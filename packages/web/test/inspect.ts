import type { Page } from 'playwright-core';

/** Visible text whose colour is too close to its ground (WCAG 2.2, 1.4.3): `ratio text`, worst first. Empty when all is well. */
export function contrastFailures(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    type Colour = [number, number, number, number];
    const context = Object.assign(document.createElement('canvas'), { width: 1, height: 1 }).getContext('2d', {
      willReadFrequently: true,
    })!;
    const known = new Map<string, Colour>();
    const parse = (text: string): Colour => {
      const cached = known.get(text);
      if (cached) return cached;
      context.clearRect(0, 0, 1, 1);
      context.fillStyle = text;
      context.fillRect(0, 0, 1, 1);
      const [r = 0, g = 0, b = 0, a = 0] = context.getImageData(0, 0, 1, 1).data;
      const colour: Colour = [r, g, b, a / 255];
      known.set(text, colour);
      return colour;
    };
    const over = (top: Colour, below: Colour): Colour =>
      [0, 1, 2].map((i) => top[i]! * top[3] + below[i]! * (1 - top[3])).concat(1) as Colour;
    const light = (colour: Colour) => {
      const [r, g, b] = colour.slice(0, 3).map((value) => {
        const part = value / 255;
        return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
      });
      return 0.2126 * r! + 0.7152 * g! + 0.0722 * b!;
    };
    const groundOf = (element: Element): Colour => {
      const layers: Colour[] = [];
      for (let up: Element | null = element; up; up = up.parentElement) {
        const colour = parse(getComputedStyle(up).backgroundColor);
        layers.push(colour);
        if (colour[3] === 1) break;
      }
      return layers.reverse().reduce((below, top) => over(top, below), [255, 255, 255, 1] as Colour);
    };
    const failures: [number, string][] = [];
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
      const element = node.parentElement;
      const text = node.textContent?.trim() ?? '';
      if (
        !element ||
        text === '' ||
        !element.checkVisibility() ||
        element.closest('.spoken, .skip, noscript, script, title, :disabled')
      )
        continue;
      const style = getComputedStyle(element);
      const ground = groundOf(element);
      const [a, b] = [light(over(parse(style.color), ground)), light(ground)];
      const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
      const size = Number.parseFloat(style.fontSize);
      const large = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
      if (ratio < (large ? 3 : 4.5)) failures.push([ratio, text.slice(0, 60)]);
    }
    return failures.sort((a, b) => a[0] - b[0]).map(([ratio, text]) => `${ratio.toFixed(2)} ${text}`);
  });
}

/** Elements that make the page itself scroll sideways; empty when it does not. */
export function overflowing(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const root = document.documentElement;
    if (root.scrollWidth <= root.clientWidth) return [];
    return [...document.querySelectorAll('body *')]
      .filter((element) => element.getBoundingClientRect().right > root.clientWidth + 1)
      .slice(0, 5)
      .map(
        (element) =>
          `${element.tagName}.${element.className} to ${Math.round(element.getBoundingClientRect().right)} of ${root.clientWidth}`,
      );
  });
}

/** Controls without a name that a screen reader could say. */
export function nameless(page: Page): Promise<string[]> {
  return page.evaluate(() =>
    [...document.querySelectorAll<HTMLElement>('a, button, input, select, textarea, summary, iframe, [role="img"]')]
      .filter((element) => {
        const labels = 'labels' in element ? (element.labels as NodeListOf<HTMLElement> | null) : null;
        const said = [
          element.getAttribute('aria-label'),
          element.textContent,
          element.title,
          ...[...(labels ?? [])].map((label) => label.textContent),
        ];
        return element.checkVisibility() && !said.some((text) => (text ?? '').trim() !== '');
      })
      .map((element) => element.outerHTML.slice(0, 120)),
  );
}
