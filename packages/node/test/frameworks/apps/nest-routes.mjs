import 'reflect-metadata';
import { Controller, Get, Module, Param, Put, RequestMethod, UnauthorizedException, UseGuards } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { told } from './listen.mjs';

/** Decorators, applied by hand: this file runs as it is. */
function method(of, name, decorators, parameters = ['id']) {
  const descriptor = Object.getOwnPropertyDescriptor(of.prototype, name);
  for (const [at, parameter] of parameters.entries()) Param(parameter)(of.prototype, name, at);
  for (const decorator of decorators) decorator(of.prototype, name, descriptor);
}

class Users {
  one(id) {
    return { id };
  }
  post(id, post) {
    return { id, post };
  }
  change(id) {
    return { id };
  }
  boom() {
    throw new Error('boom');
  }
  locked() {
    return {};
  }
  file() {
    return {};
  }
}
class Guard {
  canActivate() {
    throw new UnauthorizedException();
  }
}
method(Users, 'one', [Get(':id')]);
method(Users, 'post', [Get(':id/posts/:post')], ['id', 'post']);
method(Users, 'change', [Put(':id')]);
method(Users, 'boom', [Get(':id/boom')]);
method(Users, 'locked', [Get(':id/locked'), UseGuards(Guard)]);
Controller('users')(Users);

class Root {
  root() {
    return {};
  }
}
method(Root, 'root', [Get()], []);
Controller()(Root);

class App {}
Module({ controllers: [Root, Users] })(App);

/** The wildcard of the adapter's own router. */
export async function serveNest(adapter, wildcard) {
  method(Users, 'file', [Get(`files/${wildcard}`)], []);
  const app = await NestFactory.create(App, adapter, { logger: false });
  app.setGlobalPrefix('api', { exclude: [{ path: '/', method: RequestMethod.GET }] });
  await app.listen(0, '127.0.0.1');
  told(app.getHttpServer());
}
