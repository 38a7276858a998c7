/** What people write with prom-client: a histogram by route, method and status, and default metrics. */
const { Histogram, collectDefaultMetrics } = require('prom-client');

collectDefaultMetrics();
const took = new Histogram({
  name: 'http_request_duration_seconds',
  help: 'Duration of requests.',
  labelNames: ['route', 'method', 'status'],
  buckets: [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10],
});

exports.around = (route, handler) => (request, response) => {
  const end = took.startTimer();
  response.on('finish', () => end({ route, method: request.method, status: response.statusCode }));
  handler(request, response);
};

exports.onResponse = (request, reply, done) => {
  took.observe(
    { route: request.routeOptions.url, method: request.method, status: reply.statusCode },
    reply.elapsedTime / 1000,
  );
  done();
};
