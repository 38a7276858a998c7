import { type InputHTMLAttributes, type ReactNode, useId } from 'react';

type Props = InputHTMLAttributes<HTMLInputElement> & {
  label: string;
  note?: ReactNode;
  wrong?: string | undefined;
  grow?: boolean;
};

/** An input with its label; `wrong` says what must change. */
export function Field({ label, note, wrong, grow, ...input }: Props) {
  const id = useId();
  return (
    <div className={grow ? 'field grow' : 'field'}>
      <label htmlFor={id}>{label}</label>
      <input
        {...input}
        id={id}
        className="input"
        aria-invalid={wrong ? true : undefined}
        aria-describedby={wrong || note ? `${id}-note` : undefined}
      />
      {wrong ? (
        <span className="field-wrong" id={`${id}-note`}>
          {wrong}
        </span>
      ) : note ? (
        <span className="field-note" id={`${id}-note`}>
          {note}
        </span>
      ) : null}
    </div>
  );
}

interface ChoiceProps {
  label: string;
  value: string;
  onChange: (value: string) => void;
  options: readonly { value: string; label: string }[];
  name?: string;
}

export function Choice({ label, value, onChange, options, name }: ChoiceProps) {
  const id = useId();
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      <select id={id} name={name} className="input" value={value} onChange={(event) => onChange(event.target.value)}>
        {options.map((option) => (
          <option key={option.value} value={option.value}>
            {option.label}
          </option>
        ))}
      </select>
    </div>
  );
}
