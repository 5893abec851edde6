/** Talks to the gateway as one client: fetches and renews its token, and waits out whatever passes by itself. */
import { setTimeout as sleep } from 'node:timers/promises';

/** Waiting does not help: the code says who must do what (docs/clients.md). */
export class Refused extends Error {
  constructor(code, message) {
    super(`${code}: ${message}`);
    this.code = code;
  }
}

export function openSession({ url, clientId, clientSecret, purpose }) {
  let token = null;
  const stated = purpose === undefined ? {} : { 'X-Purpose': encodeURIComponent(purpose) };
  return { request, ask };

  /** Asks until there is an answer to this: no network, 401, 429 and 5xx pass. A wait is as long as the gateway says. */
  async function request(path, init = {}) {
    for (let wait = 1; ; wait = Math.min(wait * 2, 60)) {
      let response = null;
      try {
        token ??= await newToken();
        const headers = { ...init.headers, ...stated, Authorization: `Bearer ${token}` };
        response = await fetch(url + path, { ...init, headers });
        if (response.status === 401) token = null;
        else if (response.status !== 429 && response.status < 500) return response;
      } catch (error) {
        if (error instanceof Refused) throw error;
      }
      await sleep(1_000 * (Number(response?.headers.get('retry-after')) || wait));
    }
  }

  /** @returns `data`; @throws Refused */
  async function ask(query, variables) {
    const body = JSON.stringify({ query, variables });
    for (;;) {
      const response = await request('/graphql', { method: 'POST', headers: { 'Content-Type': 'application/json' }, body });
      const { data, errors } = await response.json();
      if (!errors) return data;
      const [{ message, extensions }] = errors;
      if (!['RATE_LIMITED', 'SERVICE_UNAVAILABLE'].includes(extensions.code)) throw new Refused(extensions.code, message);
      await sleep(1_000 * (extensions.retryAfter ?? 5));
    }
  }

  async function newToken() {
    const form = new URLSearchParams({ grant_type: 'client_credentials', client_id: clientId, client_secret: clientSecret });
    const response = await fetch(`${url}/oauth/token`, { method: 'POST', body: form });
    const { access_token, error, error_description } = await response.json();
    if (response.ok) return access_token;
    if (response.status === 429 || response.status >= 500) throw new Error(error);
    throw new Refused(error, error_description);
  }
}
