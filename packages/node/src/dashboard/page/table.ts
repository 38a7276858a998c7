import { el } from './dom.ts';

export interface Column<Row> {
  readonly head: string;
  readonly cell: (row: Row) => Node | string;
  /** What it is sorted by; without it, it is not. Numbers are set to the right. */
  readonly by?: (row: Row) => number | string;
  readonly number?: true;
  /** How it is set; without it as wide as its content. */
  readonly name?: true;
  readonly words?: true;
}

interface Order {
  readonly column: number;
  readonly descending: boolean;
}

/** A table whose rows stay in place when data arrives, so that a selected text stays selected. */
export class Table<Row> {
  readonly element: HTMLElement;
  private readonly heads: HTMLTableCellElement[];
  private readonly body = el('tbody');
  private readonly nothing: HTMLElement;
  private readonly scroll: HTMLElement;
  private order: Order | undefined;
  private rows: readonly Row[] = [];
  private known = new Map<string, HTMLTableRowElement>();

  constructor(
    caption: string,
    private readonly columns: readonly Column<Row>[],
    empty: string,
  ) {
    this.heads = columns.map((column, place) => this.headOf(column, place));
    const table = el(
      'table',
      {},
      el('caption', { class: 'spoken' }, caption),
      el('thead', {}, el('tr', {}, ...this.heads)),
      this.body,
    );
    this.scroll = el('div', { class: 'scroll', tabindex: '0', role: 'region', 'aria-label': caption }, table);
    this.nothing = el('p', { class: 'dim' }, empty);
    this.element = el('div', {}, this.scroll, this.nothing);
  }

  /** In the given order until somebody chooses another. */
  update(rows: readonly Row[]): void {
    this.rows = rows;
    this.scroll.hidden = rows.length === 0;
    this.nothing.hidden = rows.length > 0;
    const before = this.known;
    this.known = new Map();
    const elements = this.sorted().map((row) => {
      const key = JSON.stringify(row);
      const element = before.get(key) ?? this.rowOf(row);
      before.delete(key);
      this.known.set(key, element);
      return element;
    });
    const isSame =
      elements.length === this.body.rows.length && elements.every((one, place) => this.body.rows[place] === one);
    if (!isSame) this.body.replaceChildren(...elements);
  }

  private sorted(): readonly Row[] {
    const { order } = this;
    const by = order && this.columns[order.column]?.by;
    if (!order || !by) return this.rows;
    const sign = order.descending ? -1 : 1;
    return this.rows.toSorted((a, b) => {
      const [one, other] = [by(a), by(b)];
      return sign * (one < other ? -1 : one > other ? 1 : 0);
    });
  }

  private headOf({ head, by, number }: Column<Row>, place: number): HTMLTableCellElement {
    const title = by ? el('button', { type: 'button', click: () => this.sortBy(place) }, head) : head;
    return el('th', { scope: 'col', class: number ? 'number' : '' }, title);
  }

  private sortBy(column: number): void {
    const isNumber = this.columns[column]?.number === true;
    const descending = this.order?.column === column ? !this.order.descending : isNumber;
    this.order = { column, descending };
    for (const [place, head] of this.heads.entries()) {
      if (place === column) head.setAttribute('aria-sort', descending ? 'descending' : 'ascending');
      else head.removeAttribute('aria-sort');
    }
    this.update(this.rows);
  }

  private rowOf(row: Row): HTMLTableRowElement {
    const cells = this.columns.map(({ cell, number, name, words }) =>
      el('td', { class: number ? 'number' : name ? 'name' : words ? 'words' : '' }, cell(row)),
    );
    return el('tr', {}, ...cells);
  }
}
