/**
 * The dashboard example in a real headless Chromium, served by its own server, against a running gateway with the demo data.
 * Not part of `npm test`: it needs a browser on the machine. Run it with `npm run test:browser`.
 *
 * Settings (environment):
 *   GATEWAY_URL                address of the gateway, default http://127.0.0.1:4000
 *   CLIENT_ID, CLIENT_SECRET   of a DASHBOARD client: npm run -s gateway -- client rotate-secret demo-dashboard
 *   CHROMIUM_PATH              the browser, default /usr/bin/chromium
 *   SCREENSHOTS                folder for the picture, default data/screenshots
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { launchChromium } from './chromium.mjs';

const { CLIENT_ID, CLIENT_SECRET, SCREENSHOTS = 'data/screenshots' } = process.env;
const PLOTS = ['subjects-by-kind', 'entries-by-month', 'timeliness-by-provider'];

if (!CLIENT_ID || !CLIENT_SECRET) {
  console.error('Set CLIENT_ID and CLIENT_SECRET of a DASHBOARD client.');
  process.exit(1);
}

const server = spawn(process.execPath, [fileURLToPath(new URL('../../examples/dashboard/serve.mjs', import.meta.url))], {
  stdio: ['ignore', 'pipe', 'inherit'],
  env: { ...process.env, PORT: '0' },
});
const address = await new Promise((resolve, reject) => {
  server.stdout.setEncoding('utf8').once('data', (line) => resolve(line.trim()));
  server.once('exit', (code) => reject(new Error(`serve.mjs ended with ${code}`)));
});

const browser = await launchChromium();
try {
  await mkdir(SCREENSHOTS, { recursive: true });
  const page = await browser.newPage({ viewport: { width: 1440, height: 900 }, locale: 'zh-CN' });
  const complaints = [];
  page.on('console', (message) => {
    if (message.type() === 'error') complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('request', (request) => {
    const { origin, protocol } = new URL(request.url());
    if (protocol !== 'data:' && origin !== new URL(address).origin) complaints.push(`asked for ${request.url()}`);
    if (request.headers().authorization) complaints.push('the browser holds a token');
  });
  await page.goto(address);
  await page.waitForSelector('#state[data-mood]');
  assert.match(await page.textContent('#state'), /^数据时间：/);
  for (const id of PLOTS) {
    assert.ok((await page.locator(`#${id} svg rect`).count()) > 0, `${id} has bars`);
    const { width, height } = await page.locator(`#${id} svg`).boundingBox();
    assert.ok(width > 200 && height > 50, `${id} is ${width} × ${height}`);
  }
  assert.match(await page.textContent('#subjects-by-kind svg'), /企业\d/);
  await page.screenshot({ path: path.join(SCREENSHOTS, 'dashboard.png'), fullPage: true });
  assert.deepEqual(complaints, []);
  console.log('ok: the dashboard draws its three plots');
} catch (error) {
  console.error(`FAILED: the dashboard\n${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
} finally {
  await browser.close();
  server.kill();
}
