interface Props {
  t: readonly number[];
  rate: readonly (number | null)[];
  errors: readonly (number | null)[];
  label: string;
}

const WIDTH = 120;
const HEIGHT = 26;

/** The rate as a line, failures as marks along its foot: taller where a larger share failed. */
export function Sparkline({ t, rate, errors, label }: Props) {
  const first = t[0] ?? 0;
  const span = (t[t.length - 1] ?? first) - first || 1;
  const top = Math.max(...rate.map((value) => value ?? 0), 1e-9);
  const x = (index: number) => (((t[index] ?? first) - first) / span) * (WIDTH - 2) + 1;
  return (
    <svg className="spark" viewBox={`0 0 ${WIDTH} ${HEIGHT}`} role="img" aria-label={label}>
      <path className="spark-rate" d={sparkPath(rate, x, (value) => HEIGHT - 2 - (value / top) * (HEIGHT - 5))} />
      {errors.map((share, index) =>
        share !== null && share > 0 ? (
          <rect
            key={t[index]}
            className="spark-errors"
            x={x(index) - 1}
            width={2}
            y={HEIGHT - 3 - share * 14}
            height={3 + share * 14}
          />
        ) : null,
      )}
    </svg>
  );
}

/** A path that breaks where a value is missing. Each part starts with a line of no length: a lone value is a dot. */
export function sparkPath(
  values: readonly (number | null)[],
  x: (index: number) => number,
  y: (value: number) => number,
): string {
  let path = '';
  let drawing = false;
  values.forEach((value, index) => {
    if (value === null) {
      drawing = false;
      return;
    }
    path += `${drawing ? 'L' : 'M'}${x(index).toFixed(1)} ${y(value).toFixed(1)}${drawing ? '' : 'h0'}`;
    drawing = true;
  });
  return path;
}
