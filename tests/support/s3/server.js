// An S3 server for tests: s3rver keeps the objects; in front of it every request's Signature Version 4 and payload digest are
// verified by aws4, because s3rver looks at the name of the key only. Also what newer stores know (If-None-Match on a PUT), and
// faults on demand.
//
//   node server.js --dir DIR --port PORT --bucket NAME --access-key A --secret-key S [--tls-key F --tls-cert F]
//
// Says "listening PORT" once it serves. POST /-/fault?kind=slow-down|hang|cut|no-conditions&count=N makes the next N requests
// fail so; GET /-/seen answers how many of each verb came with a good signature.
'use strict';

const crypto = require('crypto');
const fs = require('fs');
const http = require('http');
const https = require('https');
const S3rver = require('s3rver');
const aws4 = require('aws4');

const options = {};
for (let i = 2; i < process.argv.length; i += 2) options[process.argv[i].replace(/^--/, '')] = process.argv[i + 1];
const kRegion = 'us-east-1';
const kSkewMs = 15 * 60 * 1000;
const seen = {};
let fault = { kind: '', count: 0 };

function refuse(response, status, code, message) {
  response.writeHead(status, { 'Content-Type': 'application/xml' });
  response.end(`<?xml version="1.0"?><Error><Code>${code}</Code><Message>${message}</Message></Error>`);
}

// Null when the request is signed as it should be, otherwise [status, code, message].
function badSignature(request, body) {
  const given = /^AWS4-HMAC-SHA256 Credential=([^/]+)\/(\d{8})\/([^/]+)\/s3\/aws4_request, ?SignedHeaders=([^,]+), ?Signature=([0-9a-f]{64})$/
    .exec(request.headers.authorization || '');
  if (!given) return [403, 'AccessDenied', 'not signed by Signature Version 4'];
  const [, key, , region, names, signature] = given;
  if (key !== options['access-key']) return [403, 'InvalidAccessKeyId', 'no such key'];
  if (region !== kRegion) return [400, 'AuthorizationHeaderMalformed', 'another region'];
  const date = request.headers['x-amz-date'] || '';
  const iso = date.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z');
  if (!(Math.abs(Date.now() - Date.parse(iso)) < kSkewMs)) return [403, 'RequestTimeTooSkewed', 'clock'];
  const signed = names.split(';');
  for (const name of ['host', 'x-amz-date', 'x-amz-content-sha256']) {
    if (!signed.includes(name)) return [403, 'AccessDenied', `${name} is not signed`];
  }
  const digest = crypto.createHash('sha256').update(body).digest('hex');
  if (request.headers['x-amz-content-sha256'] !== digest) return [400, 'XAmzContentSHA256Mismatch', 'another payload'];
  const headers = {};
  for (const name of signed) headers[name] = request.headers[name];
  const again = aws4.sign(
    { service: 's3', region: kRegion, method: request.method, path: request.url, headers },
    { accessKeyId: options['access-key'], secretAccessKey: options['secret-key'] });
  const wanted = /Signature=([0-9a-f]{64})/.exec(again.headers.Authorization)[1];
  return wanted === signature ? null : [403, 'SignatureDoesNotMatch', 'the signature does not match'];
}

function control(request, response) {
  const url = new URL(request.url, 'http://localhost');
  if (url.pathname === '/-/fault') {
    fault = { kind: url.searchParams.get('kind'), count: Number(url.searchParams.get('count') || 1) };
  }
  response.end(JSON.stringify(seen));
}

// Sends a request on to s3rver, signed with the key s3rver knows.
function forward(request, body, inner, done) {
  const headers = { 'Content-Length': body.length };
  if (request.headers['content-type']) headers['Content-Type'] = request.headers['content-type'];
  if (request.headers.range) headers.Range = request.headers.range;
  const again = aws4.sign(
    { service: 's3', region: kRegion, method: request.method, host: `127.0.0.1:${inner}`, path: request.url, headers, body },
    { accessKeyId: 'S3RVER', secretAccessKey: 'S3RVER' });
  const call = http.request({ host: '127.0.0.1', port: inner, method: again.method, path: again.path, headers: again.headers }, done);
  call.end(body);
}

function exists(request, inner, answer) {
  forward({ method: 'HEAD', url: request.url, headers: {} }, Buffer.alloc(0), inner, (there) => {
    there.resume();
    answer(there.statusCode === 200);
  });
}

function serve(inner, request, response) {
  if (request.url.startsWith('/-/')) return control(request, response);
  const parts = [];
  request.on('data', (part) => parts.push(part));
  request.on('end', () => {
    const body = Buffer.concat(parts);
    const bad = badSignature(request, body);
    if (bad) return refuse(response, ...bad);
    seen[request.method] = (seen[request.method] || 0) + 1;
    const faulty = fault.count > 0 ? fault.kind : '';
    if (faulty) fault.count -= 1;
    if (faulty === 'slow-down') return refuse(response, 503, 'SlowDown', 'reduce your rate');
    if (faulty === 'hang') return undefined;
    if (faulty === 'cut') return request.socket.destroy();
    const answer = () => forward(request, body, inner, (stored) => {
      response.writeHead(stored.statusCode, stored.headers);
      stored.pipe(response);
    });
    if (request.method !== 'PUT' || request.headers['if-none-match'] !== '*') return answer();
    if (faulty === 'no-conditions') return refuse(response, 501, 'NotImplemented', 'no conditional writes');
    return exists(request, inner, (there) => (there ? refuse(response, 412, 'PreconditionFailed', 'it is there') : answer()));
  });
  return undefined;
}

async function main() {
  const store = new S3rver({
    address: '127.0.0.1', port: 0, silent: true, directory: options.dir, vhostBuckets: false,
    configureBuckets: options.bucket ? [{ name: options.bucket, configs: [] }] : [],
  });
  const { port: inner } = await store.run();
  const handle = (request, response) => serve(inner, request, response);
  const outer = options['tls-key']
    ? https.createServer({ key: fs.readFileSync(options['tls-key']), cert: fs.readFileSync(options['tls-cert']) }, handle)
    : http.createServer(handle);
  outer.listen(Number(options.port || 0), '127.0.0.1', () => console.log(`listening ${outer.address().port}`));
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
