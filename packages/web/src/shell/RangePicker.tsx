import { useNavigate } from '@tanstack/react-router';
import { type FormEvent, useState } from 'react';
import { Button } from '../design/Button.tsx';
import { Dialog } from '../design/Dialog.tsx';
import { Choice, Field } from '../design/Field.tsx';
import { DEFAULT_RANGE, RANGES, type RangeSearch, rangeKey, rangeWords, resolveRange } from '../time/range.ts';
import { useRange } from './use-range.ts';

/** Chooses the range in the address. */
export function RangePicker() {
  const range = useRange();
  const navigate = useNavigate();
  const [choosing, setChoosing] = useState(false);
  const set = (next: RangeSearch) =>
    void navigate({
      to: '.',
      search: (search: RangeSearch) => ({ ...search, range: undefined, start: undefined, end: undefined, ...next }),
    });
  const now = rangeKey(range);
  const known = RANGES.some(({ value }) => value === now);
  const options = [
    ...RANGES,
    ...(known ? [] : [{ value: now, label: rangeWords(range) }]),
    { value: 'custom', label: 'from … to …' },
  ];
  return (
    <>
      <Choice
        label="Time range"
        value={now || DEFAULT_RANGE}
        options={options}
        onChange={(value) => (value === 'custom' ? setChoosing(true) : value !== now && set({ range: value }))}
      />
      {choosing ? (
        <CustomRange
          range={range}
          onClose={() => setChoosing(false)}
          onChoose={(next) => {
            setChoosing(false);
            set(next);
          }}
        />
      ) : null}
    </>
  );
}

function CustomRange({
  range,
  onClose,
  onChoose,
}: {
  range: RangeSearch;
  onClose: () => void;
  onChoose: (range: RangeSearch) => void;
}) {
  const [ends, setEnds] = useState(() => {
    const { start, end } = resolveRange(range, Date.now());
    return { start: localInput(start), end: localInput(end) };
  });
  const start = Date.parse(ends.start);
  const end = Date.parse(ends.end);
  const wrong = !(start < end) ? 'The end must come after the start.' : undefined;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (!wrong) onChoose({ start: String(start), end: String(end) });
  };
  return (
    <Dialog label="Time range" onClose={onClose}>
      <form onSubmit={submit}>
        <h2>Time range</h2>
        <Field
          label="From"
          type="datetime-local"
          step={1}
          required
          value={ends.start}
          onChange={(event) => setEnds({ ...ends, start: event.target.value })}
        />
        <Field
          label="To"
          type="datetime-local"
          step={1}
          required
          value={ends.end}
          wrong={wrong}
          onChange={(event) => setEnds({ ...ends, end: event.target.value })}
        />
        <div className="row">
          <Button kind="main" type="submit">
            Show
          </Button>
          <Button onClick={onClose}>Cancel</Button>
        </div>
      </form>
    </Dialog>
  );
}

/** Local `2026-11-21T14:02:03`, as a datetime-local input wants it. */
function localInput(at: number): string {
  const date = new Date(at - new Date(at).getTimezoneOffset() * 60_000);
  return date.toISOString().slice(0, 19);
}
