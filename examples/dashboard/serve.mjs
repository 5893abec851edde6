/**
 * Serves the dashboard's page and its figures: `node examples/dashboard/serve.mjs`. The secret and the token stay here. The page can
 * ask for nothing but the figures of one fixed operation, and however many screens show it, the gateway is asked once a minute.
 *
 * Settings (environment): GATEWAY_URL (http://127.0.0.1:4000), CLIENT_ID, CLIENT_SECRET of a DASHBOARD client, PORT (4100)
 */
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';

const { GATEWAY_URL = 'http://127.0.0.1:4000', CLIENT_ID, CLIENT_SECRET, PORT = '4100' } = process.env;
if (!CLIENT_ID || !CLIENT_SECRET) {
  console.error('Set CLIENT_ID and CLIENT_SECRET: npm run gateway -- client add --id screen --kind DASHBOARD --name 大屏');
  process.exit(2);
}

const file = (name) => readFileSync(new URL(name, import.meta.url), 'utf8');
const QUERY = file('figures.graphql');
const PAGES = {
  '/': ['text/html; charset=utf-8', file('index.html')],
  '/page.css': ['text/css; charset=utf-8', file('page.css')],
  '/page.js': ['text/javascript; charset=utf-8', file('page.js')],
  '/plots.js': ['text/javascript; charset=utf-8', file('plots.js')],
};
const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; frame-ancestors 'none'";
const KEEP_MS = 60_000;

let token = { text: '', endsAt: 0 };
let figures = { asked: null, at: 0 };

async function currentToken() {
  if (Date.now() < token.endsAt - 30_000) return token.text;
  const response = await fetch(`${GATEWAY_URL}/oauth/token`, {
    method: 'POST',
    body: new URLSearchParams({ grant_type: 'client_credentials', client_id: CLIENT_ID, client_secret: CLIENT_SECRET }),
  });
  const answer = await response.json();
  if (!response.ok) throw new Error(answer.error_description);
  token = { text: answer.access_token, endsAt: Date.now() + answer.expires_in * 1_000 };
  return token.text;
}

async function askFigures() {
  const response = await fetch(`${GATEWAY_URL}/graphql`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', Authorization: `Bearer ${await currentToken()}` },
    body: JSON.stringify({ query: QUERY }),
    signal: AbortSignal.timeout(60_000),
  });
  const { data, errors } = await response.json();
  if (!errors) return { statistics: data.statistics, asOf: new Date().toISOString() };
  const [{ message, extensions }] = errors;
  if (extensions.code === 'UNAUTHENTICATED') token = { text: '', endsAt: 0 };
  throw new Error(`${extensions.code}: ${message}`);
}

/** One question at a time, kept for a minute; a failure is kept for none. */
function currentFigures() {
  if (figures.asked === null || Date.now() - figures.at > KEEP_MS) {
    figures = { asked: askFigures(), at: Date.now() };
    figures.asked.catch(() => (figures = { asked: null, at: 0 }));
  }
  return figures.asked;
}

const server = createServer(async (request, response) => {
  const send = (status, type, body) => {
    response.writeHead(status, { 'Content-Type': type, 'Content-Security-Policy': POLICY, 'X-Content-Type-Options': 'nosniff' });
    response.end(body);
  };
  const { pathname } = new URL(request.url, 'http://localhost');
  if (request.method !== 'GET') return send(405, 'text/plain', '');
  if (pathname in PAGES) return send(200, ...PAGES[pathname]);
  if (pathname !== '/figures.json') return send(404, 'text/plain', '');
  try {
    return send(200, 'application/json', JSON.stringify(await currentFigures()));
  } catch (error) {
    console.error(error.message);
    return send(503, 'application/json', JSON.stringify({ message: '网关暂时没有答复' }));
  }
});
server.listen(Number(PORT), '127.0.0.1', () => console.log(`http://127.0.0.1:${server.address().port}/`));
