import { useQuery } from '@tanstack/react-query';
import { Link, useParams } from '@tanstack/react-router';
import { useState } from 'react';
import { reportAddress, reportQuery } from '../api/incidents.ts';
import { Load } from '../design/Load.tsx';
import { PageHead } from '../design/PageHead.tsx';

export function IncidentReportPage() {
  const { id } = useParams({ from: '/shell/incidents/$id/report' });
  const report = useQuery(reportQuery(id));
  return (
    <>
      <PageHead
        title={`Report of ${id}`}
        about={
          <Link to="/incidents/$id" params={{ id }}>
            Back to the incident
          </Link>
        }
        actions={(['md', 'html'] as const).map((format) => (
          <a key={format} className="button" href={reportAddress(id, format)} download={`${id}.${format}`}>
            {format === 'md' ? 'Download Markdown' : 'Download HTML'}
          </a>
        ))}
      />
      <Load query={report} what={`the report of ${id}`}>
        {(html) => <ReportFrame id={id} html={html} />}
      </Load>
    </>
  );
}

/** The report is a document of its own; the sandbox lets nothing in it run, `allow-same-origin` only lets its height be read. */
function ReportFrame({ id, html }: { id: string; html: string }) {
  const [height, setHeight] = useState<number>();
  return (
    <iframe
      className="report"
      title={`Report of ${id}`}
      sandbox="allow-same-origin"
      srcDoc={html}
      style={height === undefined ? undefined : { height }}
      onLoad={(event) => setHeight((event.currentTarget.contentDocument?.documentElement.scrollHeight ?? 800) + 24)}
    />
  );
}
