import type { ButtonHTMLAttributes } from 'react';

type Kind = 'normal' | 'main' | 'danger' | 'plain';

/** A button that does not submit unless told to. */
export function Button({ kind = 'normal', ...rest }: ButtonHTMLAttributes<HTMLButtonElement> & { kind?: Kind }) {
  return <button type="button" {...rest} className={`button button-${kind}`} />;
}
