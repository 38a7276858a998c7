import { useRef, useState } from 'react';
import { Button } from './Button.tsx';

/** A line to run or keep, with a button that copies it; where copying is not allowed the line is selected instead. */
export function CopyLine({ line }: { line: string }) {
  const code = useRef<HTMLElement>(null);
  const [said, setSaid] = useState('Copy');
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(line);
      setSaid('Copied');
    } catch {
      if (code.current) getSelection()?.selectAllChildren(code.current);
      setSaid('Selected');
    }
  };
  return (
    <div className="copy">
      <code ref={code}>{line}</code>
      <Button onClick={copy} aria-live="polite">
        {said}
      </Button>
    </div>
  );
}
