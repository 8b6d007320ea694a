// The peer "node" of this module's tests: see type peer in peer_test.go for what it answers.
// Its argument is the site, as JSON; its descriptors 3 and 4 are a clear and a TLS socket.
'use strict';
const fs = require('node:fs');
const http = require('node:http');
const https = require('node:https');

const site = JSON.parse(process.argv[2]);
let connections = 0;

function answer(req, res) {
  const socket = req.socket;
  socket.requests = (socket.requests ?? 0) + 1;
  const [, verb, name] = req.url.split('/');
  res.setHeader('X-Connection', socket.number);
  res.setHeader('X-Framing', (req.headers['content-length'] ?? '') + (req.headers['transfer-encoding'] ?? ''));
  // keepAliveTimeout does not do: node adds a second of its own.
  res.on('finish', () => socket.setTimeout(site.idle));
  switch (verb) {
    case 'bytes':
      return file(res, name, true);
    case 'chunked':
      return file(res, name, false);
    case 'toend':
      res.removeHeader('Transfer-Encoding'); // node then closes the connection at the end
      return file(res, name, false);
    case 'trailer':
      res.setHeader('Trailer', 'X-Sum');
      res.addTrailers({'X-Sum': `of ${name}`});
      return file(res, name, false);
    case 'lost':
      return socket.requests > 1 ? socket.destroy() : file(res, name, true);
    case 'refuse':
      return res.writeHead(413).end();
    case 'echo':
      res.flushHeaders();
      req.on('end', () => res.addTrailers(req.trailers));
      return req.pipe(res);
  }
  res.writeHead(404).end();
}

function file(res, name, declared) {
  const path = `${site.dir}/root/${name}`;
  if (declared) res.setHeader('Content-Length', fs.statSync(path).size);
  else res.flushHeaders(); // or node would declare the length of a file that it has at once
  fs.createReadStream(path).on('error', () => res.destroy()).pipe(res);
}

function serve(server, opened, fd) {
  server.on(opened, (socket) => { socket.number = ++connections; });
  server.on('checkContinue', (req, res) => { // without it node would answer 100 to all
    if (req.url !== '/refuse') res.writeContinue();
    answer(req, res);
  });
  server.keepAliveTimeout = 120_000;
  server.maxRequestsPerSocket = site.requests;
  server.listen({fd});
}

serve(http.createServer(answer), 'connection', 3);
serve(https.createServer({cert: fs.readFileSync(site.cert), key: fs.readFileSync(site.key)}, answer), 'secureConnection', 4);
process.on('SIGINT', () => process.exit(0));
