/** An application of Next.js with both routers, built by `next build`. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** Bundled into the application, which gives what the library is that was started before it. */
const LIBRARY = "import { nightshift } from '../../../index.cjs';\nexport const dynamic = 'force-dynamic';\n";

const source: Readonly<Record<string, string>> = {
  'package.json': '{"type":"module","private":true}',
  'next.config.mjs': 'export default {};',
  'app/layout.jsx':
    'export default function Layout({ children }) { return <html lang="en"><body>{children}</body></html>; }',
  'app/fixed/page.jsx': 'export default function Page() { return <p>fixed</p>; }',
  'app/(group)/blog/[slug]/page.jsx':
    'export default async function Page({ params }) { return <p>{(await params).slug}</p>; }',
  'app/docs/[...path]/page.jsx':
    "import { notFound } from 'next/navigation';\n" +
    "export default async function Page({ params }) { if ((await params).path[0] === 'none') notFound(); return <p>d</p>; }",
  'app/users/[id]/route.js':
    'export async function GET(_request, { params }) { return Response.json({ id: (await params).id }); }\n' +
    'export function DELETE() { return new Response(null, { status: 204 }); }',
  'app/boom/[id]/route.js': 'export function GET() { throw new Error("boom"); }',
  'app/ops/route.js':
    `${LIBRARY}const dashboard = nightshift().dashboard({ check: (request) => request.headers.get('x-user') === 'ada' });\n` +
    'export const GET = dashboard.fetch;\nexport const POST = dashboard.fetch;',
  'app/metrics/route.js': `${LIBRARY}export const GET = nightshift().metrics({ open: true }).fetch;`,
  'app/ready/route.js': `${LIBRARY}export const GET = nightshift().health.ready({ disk: () => false }).fetch;`,
  'pages/old/[id].jsx':
    'export default function Page({ id }) { return <p>{id}</p>; }\n' +
    'export function getServerSideProps({ params }) { return { props: { id: params.id } }; }',
  'pages/still.jsx': 'export default function Page() { return <p>still</p>; }',
  'pages/api/things/[id].js': 'export default function handler(request, response) { response.json(request.query); }',
};

/** Gives why not, where the build fails. Takes a minute. */
export async function buildNext(folder: string, packages: string): Promise<string | undefined> {
  for (const [path, content] of Object.entries(source)) {
    const file = join(folder, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, content);
  }
  symlinkSync(packages, join(folder, 'node_modules'));
  const child = spawn(process.execPath, [join(packages, 'next/dist/bin/next'), 'build', '--webpack'], {
    cwd: folder,
    env: { PATH: process.env.PATH, HOME: folder, NEXT_TELEMETRY_DISABLED: '1', NODE_ENV: 'production' },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: 150_000,
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk) => {
      said += chunk;
    });
  }
  const [code] = (await once(child, 'exit')) as [number | null];
  return code === 0 ? undefined : `next build ended with ${code}: ${said.slice(-2000)}`;
}
