import { createReadStream } from 'node:fs';
import http from 'node:http';
import { join } from 'node:path';
import compression from 'compression';
import express, { type Express, type NextFunction, type Request, type Response } from 'express';
// @ts-expect-error: it has no types of its own; what is used here is as in 5.
import express4 from 'express4';
import type { App } from './app.ts';
import { type Given, raw } from './raw.ts';

function application(make: typeof express, given: Given): Express {
  const app = make();
  app.use('/raw', (request, response) => {
    // As it came; below a mounted path the target is cut.
    request.url = request.originalUrl;
    raw(request, response, given);
  });
  app.use('/static', make.static(given.files));
  const users = make.Router();
  users.get('/:id', (request, response) => void response.json({ id: request.params.id }));
  users.put('/:id', make.json(), (request, response) => void response.status(201).json(request.body));
  users.delete('/:id', (_request, response) => void response.sendStatus(204));
  app.use('/app/users', users);
  app.get('/app/text', (_request, response) => void response.send('text'));
  app.get('/app/html', (_request, response) => void response.type('html').send('<p>grüße</p>'));
  app.post('/app/json', make.json(), (request, response) => void response.json({ got: request.body }));
  app.get('/app/redirect', (_request, response) => response.redirect('/app/text'));
  app.get('/app/gzip', compression({ threshold: 0 }), (_request, response) => void response.send('y'.repeat(5000)));
  app.get('/app/file', (_request, response) => response.sendFile(join(given.files, 'small.txt')));
  app.get('/app/stream', (_request, response) => void createReadStream(join(given.files, 'big.bin')).pipe(response));
  app.get('/app/error', () => {
    throw new Error('no');
  });
  app.get('/app/async-error', (_request, _response, next) => void setImmediate(() => next(new Error('later'))));
  app.get('/app/late-error', (_request, response, next) => {
    response.write('begun');
    next(new Error('too late'));
  });
  app.use((error: Error & { status?: number }, request: Request, response: Response, next: NextFunction) => {
    if (response.headersSent || request.query.own === undefined) return next(error);
    response.status(error.status ?? 500).send(error.message);
  });
  return app;
}

export const express5: App = async (given) => http.createServer(application(express, given));

export const expressFour: App = async (given) =>
  http.createServer(application(express4 as unknown as typeof express, given));
