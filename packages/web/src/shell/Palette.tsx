import { useQuery } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { type KeyboardEvent, useState } from 'react';
import { incidentsQuery } from '../api/incidents.ts';
import { servicesQuery } from '../api/services.ts';
import { Dialog } from '../design/Dialog.tsx';
import { PAGES } from '../design/Nav.tsx';
import { useRange } from './use-range.ts';

interface Option {
  id: string;
  label: string;
  kind: string;
  go: () => void;
}

/** Finds pages, services, incidents and a trace by its id; anything else can be run as a query. */
export function Palette({ onClose }: { onClose: () => void }) {
  const [text, setText] = useState('');
  const [chosen, setChosen] = useState(0);
  const options = useOptions(text.trim());
  const active = options[Math.min(chosen, options.length - 1)];
  const take = (option: Option | undefined) => {
    if (!option) return;
    onClose();
    option.go();
  };
  const press = (event: KeyboardEvent) => {
    if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
      event.preventDefault();
      const step = event.key === 'ArrowDown' ? 1 : options.length - 1;
      setChosen((Math.min(chosen, options.length - 1) + step) % Math.max(options.length, 1));
    } else if (event.key === 'Enter') {
      event.preventDefault();
      take(active);
    }
  };
  return (
    <Dialog label="Find" onClose={onClose} top>
      <div>
        <input
          className="input"
          role="combobox"
          aria-label="Find a page, service, incident or trace"
          aria-expanded="true"
          aria-controls="palette-options"
          aria-activedescendant={active ? `palette-${active.id}` : undefined}
          aria-autocomplete="list"
          placeholder="Page, service, incident, trace id, or a query"
          autoComplete="off"
          value={text}
          onChange={(event) => {
            setText(event.target.value);
            setChosen(0);
          }}
          onKeyDown={press}
        />
        <div className="options" id="palette-options" role="listbox" aria-label="Found">
          {options.map((option) => (
            // biome-ignore lint/a11y/useKeyWithClickEvents: the keys are handled by the combobox, which keeps the focus
            <div
              key={option.id}
              id={`palette-${option.id}`}
              className="option"
              role="option"
              tabIndex={-1}
              aria-selected={option === active}
              onClick={() => take(option)}
            >
              <span>{option.label}</span>
              <span className="dim small">{option.kind}</span>
            </div>
          ))}
        </div>
      </div>
    </Dialog>
  );
}

function useOptions(text: string): Option[] {
  const navigate = useNavigate();
  const services = useQuery({ ...servicesQuery(useRange()), refetchInterval: false }).data ?? [];
  const incidents = useQuery({ ...incidentsQuery, refetchInterval: false }).data ?? [];
  const all: Option[] = [
    ...PAGES.map((page) => ({
      id: `page-${page.label}`,
      label: page.label,
      kind: 'page',
      go: () => void navigate({ to: page.to }),
    })),
    ...services.map(({ service }) => ({
      id: `service-${service}`,
      label: service,
      kind: 'service, its logs',
      go: () => void navigate({ to: '/logs', search: { service } }),
    })),
    ...incidents.map(({ id, title }) => ({
      id: `incident-${id}`,
      label: `${id} ${title}`,
      kind: 'incident',
      go: () => void navigate({ to: '/incidents/$id', params: { id } }),
    })),
  ];
  const words = text.toLowerCase().split(/\s+/);
  const found = all.filter((option) => words.every((word) => option.label.toLowerCase().includes(word))).slice(0, 12);
  if (/^[0-9a-f]{16,32}$/i.test(text)) {
    found.unshift({
      id: 'trace',
      label: text,
      kind: 'trace',
      go: () => void navigate({ to: '/traces/$id', params: { id: text.toLowerCase() } }),
    });
  } else if (text !== '') {
    found.push({
      id: 'query',
      label: text,
      kind: 'run as a query',
      go: () => void navigate({ to: '/metrics', search: { query: text } }),
    });
  }
  return found;
}
