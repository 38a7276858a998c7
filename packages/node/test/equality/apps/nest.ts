import 'reflect-metadata';
import { createReadStream } from 'node:fs';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { join } from 'node:path';
import { Body, Controller, Delete, Get, HttpCode, Module, Param, Post, Redirect, StreamableFile } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import send from 'send';
import type { App } from './app.ts';
import { type Given, raw } from './raw.ts';

/** The decorators are called by hand: what runs here is not compiled with the metadata of types. */
function moduleOf({ files }: Given): new () => object {
  class Pages {
    text() {
      return 'text';
    }
    html() {
      return '<p>grüße</p>';
    }
    user(id: string) {
      return { id };
    }
    remove() {}
    json(body: unknown) {
      return { got: body };
    }
    redirect() {}
    stream() {
      return new StreamableFile(createReadStream(join(files, 'big.bin')));
    }
    error() {
      throw new Error('no');
    }
    async later() {
      throw new Error('later');
    }
  }
  const on = (name: keyof Pages, ...decorators: MethodDecorator[]) => {
    for (const decorate of decorators) {
      decorate(Pages.prototype, name, Object.getOwnPropertyDescriptor(Pages.prototype, name)!);
    }
  };
  on('text', Get('text'));
  on('html', Get('html'));
  on('user', Get('users/:id'));
  on('remove', Delete('users/:id'), HttpCode(204));
  on('json', Post('json'));
  on('redirect', Get('redirect'), Redirect('/app/text'));
  on('stream', Get('stream'));
  on('error', Get('error'));
  on('later', Get('async-error'));
  Param('id')(Pages.prototype, 'user', 0);
  Body()(Pages.prototype, 'json', 0);
  Controller('app')(Pages);
  class Application {}
  Module({ controllers: [Pages] })(Application);
  return Application;
}

/** What stands before Nest in both: the routes on what Node gives. */
function before(given: Given) {
  return (request: IncomingMessage & { originalUrl?: string }, response: ServerResponse, next: () => void): void => {
    const url = request.originalUrl ?? request.url ?? '';
    if (url.startsWith('/raw/')) {
      request.url = url;
      raw(request, response, given);
    } else if (url.startsWith('/static/')) {
      send(request, url.slice(7), { root: given.files }).pipe(response);
    } else next();
  };
}

export const nestExpress: App = async (given) => {
  const app = await NestFactory.create(moduleOf(given), new ExpressAdapter(), { logger: false, bodyParser: false });
  app.use(before(given));
  (app as unknown as { useBodyParser(type: string): void }).useBodyParser('json');
  await app.init();
  return app.getHttpServer() as Server;
};

export const nestFastify: App = async (given) => {
  const adapter = new FastifyAdapter();
  const app = await NestFactory.create<NestFastifyApplication>(moduleOf(given), adapter, { logger: false });
  app.use(before(given));
  await app.init();
  await adapter.getInstance().ready();
  return app.getHttpServer() as unknown as Server;
};
