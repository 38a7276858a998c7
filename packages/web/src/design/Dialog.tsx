import { type ReactNode, useEffect, useRef } from 'react';

/** A modal <dialog>: the browser traps the focus, closes on Escape and gives the focus back. Mount it to open it. */
export function Dialog({
  label,
  onClose,
  top,
  children,
}: {
  label: string;
  onClose: () => void;
  top?: boolean;
  children: ReactNode;
}) {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const element = dialog.current;
    element?.showModal();
    return () => element?.close();
  }, []);
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: Escape closes a dialog; the click is on its backdrop
    <dialog
      ref={dialog}
      className={top ? 'dialog dialog-top' : 'dialog'}
      aria-label={label}
      onCancel={(event) => {
        event.preventDefault();
        onClose();
      }}
      onClick={(event) => {
        if (event.target === dialog.current) onClose();
      }}
    >
      {children}
    </dialog>
  );
}
