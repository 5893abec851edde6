/**
 * The explorer in a real headless Chromium, once per kind of client, against a running gateway with the demo data.
 * Not part of `npm test`: it needs a browser on the machine. Run it with `npm run test:browser`.
 *
 * Settings (environment):
 *   GATEWAY_URL        address of the gateway, default http://127.0.0.1:4000
 *   CHROMIUM_PATH      the browser, default /usr/bin/chromium
 *   SCREENSHOTS        folder for the pictures, default data/screenshots
 *   DEPARTMENT_TOKEN, AGENCY_TOKEN, DASHBOARD_TOKEN   access tokens of three clients
 */
import assert from 'node:assert/strict';
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { launchChromium } from './chromium.mjs';

const { GATEWAY_URL = 'http://127.0.0.1:4000', SCREENSHOTS = 'data/screenshots' } = process.env;

/** What each client must get for legalRepCertNo, which the catalog shares among government bodies alone. */
const CLIENTS = [
  { name: 'department', token: process.env.DEPARTMENT_TOKEN, certificate: /^[0-9A-Z]{15,18}$/ },
  { name: 'agency', token: process.env.AGENCY_TOKEN, certificate: null },
  { name: 'dashboard', token: process.env.DASHBOARD_TOKEN, certificate: /\*/ },
];

const missing = CLIENTS.filter(({ token }) => !token).map(({ name }) => `${name.toUpperCase()}_TOKEN`);
if (missing.length > 0) {
  console.error(`Set ${missing.join(', ')}. A token is printed by: npm run -s gateway -- token ID`);
  process.exit(1);
}

const browser = await launchChromium();
let failed = 0;
try {
  await mkdir(SCREENSHOTS, { recursive: true });
  for (const client of CLIENTS) {
    try {
      await visit(client);
      console.log(`ok: the explorer answers a ${client.name}`);
    } catch (error) {
      failed += 1;
      console.error(`FAILED: the explorer as a ${client.name}\n${error instanceof Error ? error.message : String(error)}`);
    }
  }
} finally {
  await browser.close();
}
process.exitCode = failed === 0 ? 0 : 1;

async function visit({ name, token, certificate }) {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, locale: 'zh-CN' });
  try {
    const page = await context.newPage();
    const complaints = [];
    page.on('console', (message) => {
      if (message.type() === 'error') complaints.push(message.text());
    });
    page.on('pageerror', (error) => complaints.push(error.message));
    page.on('request', (request) => {
      const { origin, protocol } = new URL(request.url());
      if (protocol !== 'data:' && origin !== new URL(GATEWAY_URL).origin) complaints.push(`asked for ${request.url()}`);
      if (request.url().includes(token)) complaints.push('the token stood in an address');
    });

    await page.goto(GATEWAY_URL);
    await page.click(`#clients button[data-client="${name}"]`);
    if (name === 'department') await page.click('#fill');
    await page.fill('#token', token);
    await page.click('#apply');
    await page.waitForSelector('#status[data-mood]:not([data-mood=""])');
    assert.match(await page.textContent('#status'), /已连接/);

    const first = await page.evaluate(() => document.querySelector('.graphiql-editor-tool .CodeMirror')?.CodeMirror?.getValue());
    assert.match(first, /creditCode/, 'the first example stands there with its variables');
    const tabs = page.locator('.graphiql-tab-button');
    assert.equal(await tabs.count(), 3, 'three example operations stand in three tabs');
    for (let index = 0; index < 3; index += 1) {
      await tabs.nth(index).click();
      // The editor reads the operation's name a moment after the text, as it does for somebody typing.
      await page.waitForTimeout(400);
      const answer = await run(page);
      assert.equal(answer.errors, undefined, `example ${index + 1}: ${JSON.stringify(answer.errors)}`);
      await page.screenshot({ path: path.join(SCREENSHOTS, `${name}-${index + 1}.png`) });
      if (index === 0) checkCertificate(answer, certificate);
    }

    await page.click('button[aria-label="Show Documentation Explorer"]');
    await page.waitForSelector('.graphiql-doc-explorer');
    await page.screenshot({ path: path.join(SCREENSHOTS, `${name}-docs.png`) });

    const kept = await page.evaluate(() => JSON.stringify({ ...localStorage }));
    assert.ok(!kept.includes(token), 'the token is not in localStorage');
    assert.deepEqual(complaints, []);
  } finally {
    await context.close();
  }
}

/** Presses Run and returns the answer that the result pane shows. */
async function run(page) {
  const answered = page.waitForResponse((response) => response.url().endsWith('/graphql'));
  await page.click('.graphiql-execute-button');
  await answered;
  const shown = await page.waitForFunction(() => {
    const text = document.querySelector('.result-window .CodeMirror')?.CodeMirror?.getValue() ?? '';
    return text.startsWith('{') ? text : null;
  });
  return JSON.parse(await shown.jsonValue());
}

function checkCertificate(answer, expected) {
  const node = answer.data.subject.records.edges[0]?.node;
  assert.ok(node, 'the example subject has a penalty');
  if (expected === null) {
    assert.equal(node.legalRepCertNo, null);
    assert.ok(
      answer.extensions.access.some(
        ({ coordinate, outcome }) => coordinate === 'OrganizationPenalty.legalRepCertNo' && outcome === 'WITHHELD',
      ),
      'the reason stands in extensions.access',
    );
  } else {
    assert.match(node.legalRepCertNo, expected);
  }
}
