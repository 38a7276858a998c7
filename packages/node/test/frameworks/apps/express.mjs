import express from 'express';
import { routes } from './express-routes.mjs';
import { listen } from './listen.mjs';

listen(routes(express));
