import express from 'express4';
import { routes } from './express-routes.mjs';
import { listen } from './listen.mjs';

listen(routes(express));
