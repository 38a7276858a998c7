import { type ReactNode, useState } from 'react';

export interface Column<T> {
  name: string;
  show: (row: T) => ReactNode;
  /** What the column sorts by; a column without it does not sort. null sorts last. */
  sort?: (row: T) => string | number | null;
  number?: boolean;
}

interface Props<T> {
  label: string;
  columns: readonly Column<T>[];
  rows: readonly T[];
  id: (row: T, index: number) => string;
  /** Sorted by this column first; otherwise in the order given. */
  sortedBy?: { column: string; descending: boolean };
}

/** Sortable by its headings; scrolls inside itself where the window is narrow. */
export function Table<T>({ label, columns, rows, id, sortedBy }: Props<T>) {
  const [order, setOrder] = useState(sortedBy);
  const by = columns.find((column) => column.name === order?.column);
  const shown = by?.sort && order ? sortRows(rows, by.sort, order.descending) : rows;
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard
    <section className="scroll" aria-label={label} tabIndex={0}>
      <table className="table">
        <thead>
          <tr>
            {columns.map((column) => {
              const sorted =
                order?.column === column.name ? (order.descending ? 'descending' : 'ascending') : undefined;
              const toggle = () =>
                setOrder({
                  column: column.name,
                  descending: sorted === 'ascending' || (!sorted && column.number === true),
                });
              return (
                <th
                  key={column.name}
                  scope="col"
                  className={column.number ? 'table-number' : undefined}
                  aria-sort={sorted}
                >
                  {column.sort ? (
                    <button type="button" className="table-sort" onClick={toggle}>
                      {column.name}
                      <span aria-hidden="true">{sorted === 'ascending' ? ' ↑' : sorted ? ' ↓' : ''}</span>
                    </button>
                  ) : (
                    column.name
                  )}
                </th>
              );
            })}
          </tr>
        </thead>
        <tbody>
          {shown.map((row, index) => (
            <tr key={id(row, index)}>
              {columns.map((column) => (
                <td key={column.name} className={column.number ? 'table-number' : undefined}>
                  {column.show(row)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

/** A sorted copy; null last whichever way it is sorted. */
export function sortRows<T>(rows: readonly T[], key: (row: T) => string | number | null, descending: boolean): T[] {
  return [...rows].sort((left, right) => {
    const a = key(left);
    const b = key(right);
    if (a === null || b === null) return a === b ? 0 : a === null ? 1 : -1;
    const order = typeof a === 'number' && typeof b === 'number' ? a - b : String(a).localeCompare(String(b));
    return descending ? -order : order;
  });
}
