import { Link } from '@tanstack/react-router';

export const PAGES = [
  { to: '/', label: 'Now' },
  { to: '/services', label: 'Services' },
  { to: '/releases', label: 'Releases' },
  { to: '/incidents', label: 'Incidents' },
  { to: '/metrics', label: 'Metrics' },
  { to: '/cardinality', label: 'Cardinality' },
  { to: '/logs', label: 'Logs' },
  { to: '/settings', label: 'Settings' },
] as const;

interface Props {
  name: string;
  /** How many incidents are open. */
  open: number;
  onFind: () => void;
  onLeave: () => void;
}

export function Nav({ name, open, onFind, onLeave }: Props) {
  return (
    <nav className="nav" aria-label="Pages">
      <Link to="/" className="nav-name" aria-label="Nightshift, to the first page">
        night<span>shift</span>
      </Link>
      {PAGES.map((page) => (
        <Link
          key={page.to}
          to={page.to}
          className="nav-link"
          activeOptions={{ exact: page.to === '/', includeSearch: false }}
        >
          {page.label}
          {page.to === '/incidents' && open > 0 ? (
            <span className="nav-count">
              {open}
              <span className="spoken"> open</span>
            </span>
          ) : null}
        </Link>
      ))}
      <div className="nav-rest">
        <button type="button" className="nav-link" onClick={onFind} aria-keyshortcuts="Control+K">
          Find <span className="key">Ctrl K</span>
        </button>
        <button type="button" className="nav-link" onClick={onLeave}>
          Sign out
        </button>
        <span className="nav-who" title={name}>
          {name}
        </span>
      </div>
    </nav>
  );
}
