// A strict stand-in for the tunnel broker's update service: refuses what the real one refuses.
//   node broker-api.mjs PORT KNOBS     prints a line a request: STATUS ANSWER QUERY
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';

const [port, knobsFile] = process.argv.slice(2);
const AUTHORIZATION = `Basic ${Buffer.from('ann:update-key').toString('base64')}`;
let repeated = 0;

createServer((request, response) => {
  const url = new URL(request.url, 'http://broker');
  const [status, answer] = answerTo(request, url);
  console.log(`${status} ${answer} ${url.search}`);
  response.writeHead(status, { 'content-type': 'text/plain' }).end(answer);
}).listen(Number(port), '0.0.0.0', () => console.log('ready'));

function answerTo(request, url) {
  if (url.pathname !== '/nic/update') return [404, 'not found'];
  if (!request.headers['user-agent']) return [200, 'badagent'];
  if (request.headers.authorization !== AUTHORIZATION || url.searchParams.has('password')) return [401, 'badauth'];
  if (url.searchParams.get('hostname') !== '123456') return [200, 'nohost'];
  const knobs = JSON.parse(readFileSync(knobsFile, 'utf8'));
  const address = url.searchParams.get('myip') ?? request.socket.remoteAddress;
  if (address === knobs.remote) {
    repeated += 1;
    return [200, repeated > 1 ? 'abuse' : `nochg ${address}`];
  }
  writeFileSync(`${knobsFile}.new`, JSON.stringify({ ...knobs, remote: address }));
  renameSync(`${knobsFile}.new`, knobsFile);
  return [200, `good ${address}`];
}
