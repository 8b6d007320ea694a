// node's server of HTTP/2 for this module's tests: /echo sends back what it gets, with the trailer "x-sum"; anything else is a
// file of the site. Its argument is the site, as JSON; it prints the ports of a clear and a TLS socket.
'use strict';
const fs = require('node:fs'), http2 = require('node:http2'), crypto = require('node:crypto');
const site = JSON.parse(process.argv[2]);

function answer(stream, headers) {
  stream.on('error', () => {});
  if (headers[':path'] === '/echo') {
    const sum = crypto.createHash('sha256');
    stream.respond({':status': 200}, {waitForTrailers: true});
    stream.on('data', (d) => sum.update(d));
    stream.on('wantTrailers', () => stream.sendTrailers({'x-sum': sum.digest('hex')}));
    return stream.pipe(stream);
  }
  stream.respondWithFile(`${site.dir}/root${headers[':path']}`, {}, {onError: () => stream.close()});
}

const clear = http2.createServer().on('stream', answer);
const secure = http2.createSecureServer({cert: fs.readFileSync(site.cert), key: fs.readFileSync(site.key)}).on('stream', answer);
clear.listen(0, '127.0.0.1', () => secure.listen(0, '127.0.0.1', () => console.log(clear.address().port, secure.address().port)));
process.on('SIGINT', () => process.exit(0));
