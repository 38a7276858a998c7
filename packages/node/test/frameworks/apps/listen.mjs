/** Tells the test the port; and its metrics when the test asks for them. */
import { createServer } from 'node:http';

export function listen(handler) {
  told(createServer(handler).listen(0, '127.0.0.1'));
}

export function told(server) {
  const tell = () => process.send({ port: server.address().port });
  if (server.listening) tell();
  else server.once('listening', tell);
}
