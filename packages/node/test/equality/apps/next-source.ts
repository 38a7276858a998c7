/** A small application of Next, as files; built by `next build`. */
export const nextSource: Readonly<Record<string, string>> = {
  'package.json': '{"type":"module","private":true}',
  'next.config.mjs': 'export default {};',
  'app/layout.jsx':
    'export default function Layout({ children }) { return <html lang="en"><body>{children}</body></html>; }',
  'app/app/html/page.jsx': 'export default function Page() { return <p>grüße</p>; }',
  'app/app/text/route.js':
    "export const dynamic = 'force-dynamic';\nexport function GET() { return new Response('text'); }",
  'app/app/users/[id]/route.js':
    'export async function GET(_request, { params }) { return Response.json({ id: (await params).id }); }\n' +
    'export function DELETE() { return new Response(null, { status: 204 }); }',
  'app/app/json/route.js':
    'export async function POST(request) { return Response.json({ got: await request.json() }); }',
  'app/app/redirect/route.js':
    "import { redirect } from 'next/navigation';\nexport const dynamic = 'force-dynamic';\nexport function GET() { redirect('/app/text'); }",
  'app/app/error/route.js': "export const dynamic = 'force-dynamic';\nexport function GET() { throw new Error('no'); }",
  'app/app/stream/route.js':
    "export const dynamic = 'force-dynamic';\n" +
    'export function GET() {\n' +
    '  let left = 30;\n' +
    '  const pull = (to) => (left-- > 0 ? to.enqueue(new Uint8Array(10000).fill(97)) : to.close());\n' +
    '  return new Response(new ReadableStream({ pull }));\n' +
    '}',
};
