/** Targets to scrape: many ports in one process, each with as many series as asked for. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

const routes = ['/', '/cart', '/checkout', '/login', '/search', '/api/v1/orders', '/api/v1/items', '/api/v1/users'];

/** The lines of a target without their values, ten series to a family, as an instrumented service has them. */
function linesOf(target: number, series: number): readonly string[] {
  const lines: string[] = [];
  for (let i = 0; i < series; i++) {
    const family = `shop_service_request_stage_${Math.floor(i / 10)}_total`;
    if (i % 10 === 0) lines.push(`# HELP ${family} Requests that passed this stage.\n# TYPE ${family} counter\n`);
    const route = routes[i % routes.length];
    lines.push(
      `${family}{method="${i % 2 ? 'GET' : 'POST'}",route="${route}",code="${200 + (i % 10)}",shard="${target}"} `,
    );
  }
  return lines;
}

/** Ports of the targets that now answer, on loopback. Values grow from scrape to scrape. */
export async function startTargets(count: number, series: number): Promise<number[]> {
  const ports: number[] = [];
  for (let target = 0; target < count; target++) {
    const lines = linesOf(target, series);
    let scrapes = 0;
    const server = createServer((_request, response) => {
      scrapes++;
      let body = '';
      lines.forEach((line, i) => {
        body += line.startsWith('#') ? line : `${line}${scrapes * (i + 1) + (i % 7)}\n`;
      });
      response.writeHead(200, { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' });
      response.end(body);
    });
    await new Promise<void>((up) => server.listen(0, '127.0.0.1', up));
    ports.push((server.address() as AddressInfo).port);
  }
  return ports;
}
