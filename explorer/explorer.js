/**
 * The explorer's page: GraphiQL under a bar with the token, the purpose and the matter of up to three clients.
 * The token lives in sessionStorage (this browser tab, until it is closed) and travels in the Authorization header alone.
 */
(() => {
  'use strict';

  const CLIENTS = ['department', 'agency', 'dashboard'];
  const FIELDS = ['token', 'purpose', 'matter'];
  const EXAMPLE = { purpose: '行政审批核查', matter: '内政办〔2026〕1号' };
  const KEY = 'public-credit-gateway';
  const endpoint = new URL('graphql', document.baseURI);

  /** What GraphiQL asks of a schema, with @oneOf; one level of wrapping more than [T!]! needs. */
  const INTROSPECTION = `
    query IntrospectionQuery {
      __schema {
        description
        queryType { name kind }
        mutationType { name kind }
        subscriptionType { name kind }
        types { ...FullType }
        directives { name description isRepeatable locations args(includeDeprecated: true) { ...InputValue } }
      }
    }
    fragment FullType on __Type {
      kind
      name
      description
      specifiedByURL
      isOneOf
      fields(includeDeprecated: true) {
        name
        description
        args(includeDeprecated: true) { ...InputValue }
        type { ...TypeRef }
        isDeprecated
        deprecationReason
      }
      inputFields(includeDeprecated: true) { ...InputValue }
      interfaces { ...TypeRef }
      enumValues(includeDeprecated: true) { name description isDeprecated deprecationReason }
      possibleTypes { ...TypeRef }
    }
    fragment InputValue on __InputValue { name description type { ...TypeRef } defaultValue isDeprecated deprecationReason }
    fragment TypeRef on __Type { kind name ofType { kind name ofType { kind name ofType { kind name ofType { kind name } } } } }
  `;

  const element = (id) => document.getElementById(id);
  const clientButtons = [...element('clients').querySelectorAll('button')];

  const state = load();
  const root = ReactDOM.createRoot(element('graphiql'));
  let schema = null;
  let tabs = { tabs: [], activeTabIndex: 0 };
  let storage = storageWith(tabs);
  let generation = 0;

  /** Anything that does not read as our own state is dropped: the page must open whatever lies in the storage. */
  function load() {
    const blank = () => ({ token: '', purpose: '', matter: '' });
    const fresh = { client: 'department', strict: false, clients: Object.fromEntries(CLIENTS.map((name) => [name, blank()])) };
    try {
      const kept = JSON.parse(sessionStorage.getItem(KEY) ?? '{}');
      if (CLIENTS.includes(kept.client)) fresh.client = kept.client;
      fresh.strict = kept.strict === true;
      for (const name of CLIENTS) {
        for (const field of FIELDS) {
          const value = kept.clients?.[name]?.[field];
          if (typeof value === 'string') fresh.clients[name][field] = value;
        }
      }
    } catch {
      sessionStorage.removeItem(KEY);
    }
    return fresh;
  }

  function save() {
    sessionStorage.setItem(KEY, JSON.stringify(state));
  }

  /**
   * GraphiQL keeps queries and variables in localStorage by default. They may hold identity numbers, so here they stay in
   * memory. A new editor opens with the tabs given; it takes one more tab when the active one is not stored on its own as well.
   */
  function storageWith({ tabs, activeTabIndex }) {
    const active = tabs[activeTabIndex];
    const values = new Map();
    if (active) {
      values.set('graphiql:tabState', JSON.stringify({ tabs: tabs.map((tab) => ({ ...tab, response: null })), activeTabIndex }));
      values.set('graphiql:query', active.query ?? '');
      values.set('graphiql:variables', active.variables ?? '');
    }
    return {
      get length() {
        return values.size;
      },
      getItem: (key) => values.get(key) ?? null,
      setItem: (key, value) => void values.set(key, value),
      removeItem: (key) => void values.delete(key),
      clear: () => values.clear(),
    };
  }

  /** An example as GraphiQL keeps a tab. */
  function tabOf({ name, query, variables }) {
    const title = /^query (\w+)/m.exec(query)?.[1] ?? name;
    const text = { query: query.trimEnd(), variables: variables.trimEnd(), headers: null };
    return { id: name, hash: '', title, operationName: title, response: null, ...text };
  }

  const current = () => state.clients[state.client];

  function headers() {
    const { token, purpose, matter } = current();
    const result = { 'Content-Type': 'application/json', Accept: 'application/graphql-response+json, application/json' };
    if (token !== '') result.Authorization = `Bearer ${token}`;
    // Header values are ASCII: Chinese text travels percent-encoded.
    if (purpose !== '') result['X-Purpose'] = encodeURIComponent(purpose);
    if (matter !== '') result['X-Matter-Number'] = encodeURIComponent(matter);
    if (state.strict) result['X-Access-Mode'] = 'strict';
    return result;
  }

  async function post(operation) {
    const response = await fetch(endpoint, {
      method: 'POST',
      headers: headers(),
      body: JSON.stringify(operation),
      credentials: 'omit',
      cache: 'no-store',
    });
    const text = await response.text();
    try {
      return JSON.parse(text);
    } catch {
      return { errors: [{ message: `HTTP ${response.status}: the answer is not JSON` }] };
    }
  }

  function say(text, mood = '') {
    const status = element('status');
    status.textContent = text;
    status.dataset.mood = mood;
  }

  /** The first error in words, with its code. */
  function complaint(result) {
    const error = result.errors?.[0];
    if (error === undefined) return null;
    const code = error.extensions?.code;
    return typeof code === 'string' ? `${code}: ${error.message}` : String(error.message);
  }

  /** One line on what the answer leaves out, from extensions.access. */
  function summary(result) {
    const { access, catalogVersion } = result.extensions ?? {};
    const lines = Array.isArray(access) ? access : [];
    const count = (outcome) => lines.filter((line) => line.outcome === outcome).length;
    const version = catalogVersion === undefined ? '' : `目录版本 catalog v${catalogVersion} · `;
    return `${version}脱敏 masked ${count('MASKED')} · 不予提供 withheld ${count('WITHHELD')}`;
  }

  async function run(operation) {
    try {
      const result = await post(operation);
      const wrong = complaint(result);
      if (wrong === null) say(summary(result), 'good');
      else say(wrong, 'bad');
      return result;
    } catch {
      say('无法连接网关 The gateway cannot be reached', 'bad');
      return { errors: [{ message: 'The gateway cannot be reached.' }] };
    }
  }

  /** Each client has its own view of the schema, so it is asked for again whenever the token changes. */
  async function connect() {
    generation += 1;
    const mine = generation;
    schema = null;
    storage = storageWith(tabs);
    if (current().token === '') {
      say('粘贴访问令牌后即可查询 Paste an access token to begin');
      render();
      return;
    }
    say('正在读取模式… Reading the schema…');
    render();
    let result;
    try {
      result = await post({ query: INTROSPECTION, operationName: 'IntrospectionQuery' });
    } catch {
      result = { errors: [{ message: '无法连接网关 The gateway cannot be reached' }] };
    }
    // Another client was chosen meanwhile: its own answer counts.
    if (mine !== generation) return;
    const wrong = complaint(result);
    if (wrong === null) {
      schema = result.data;
      say('已连接 Connected', 'good');
    } else {
      say(wrong, 'bad');
    }
    render();
  }

  function render() {
    for (const button of clientButtons) {
      const chosen = button.dataset.client === state.client;
      button.setAttribute('aria-checked', String(chosen));
      button.tabIndex = chosen ? 0 : -1;
    }
    for (const field of FIELDS) element(field).value = current()[field];
    element('strict').checked = state.strict;
    root.render(
      React.createElement(GraphiQL, {
        // A new editor per client: an answer must never stand under another client's name.
        key: `${state.client}-${generation}`,
        fetcher: run,
        schema,
        storage,
        onTabChange: (changed) => {
          tabs = changed;
        },
        defaultEditorToolsVisibility: 'variables',
        isHeadersEditorEnabled: false,
        showPersistHeadersSettings: false,
        shouldPersistHeaders: false,
        forcedTheme: 'light',
      }),
    );
  }

  function choose(client) {
    takeFields();
    state.client = client;
    save();
    void connect();
  }

  function takeFields() {
    for (const field of FIELDS) current()[field] = element(field).value.trim();
    // Pasted with its scheme, as it stands in a curl line.
    current().token = current().token.replace(/^(?:authorization:\s*)?bearer\s+/i, '');
    state.strict = element('strict').checked;
    save();
  }

  element('bar').addEventListener('submit', (event) => {
    event.preventDefault();
    takeFields();
    void connect();
  });
  element('forget').addEventListener('click', () => {
    current().token = '';
    save();
    void connect();
  });
  element('fill').addEventListener('click', () => {
    Object.assign(current(), EXAMPLE);
    element('purpose').value = EXAMPLE.purpose;
    element('matter').value = EXAMPLE.matter;
    save();
  });
  element('purpose').addEventListener('change', takePurpose);
  element('matter').addEventListener('change', takePurpose);
  element('strict').addEventListener('change', () => {
    state.strict = element('strict').checked;
    save();
  });
  function takePurpose() {
    current().purpose = element('purpose').value.trim();
    current().matter = element('matter').value.trim();
    save();
  }
  for (const button of clientButtons) {
    button.addEventListener('click', () => choose(button.dataset.client));
    button.addEventListener('keydown', (event) => {
      const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
      if (step === undefined) return;
      event.preventDefault();
      const next = clientButtons.at((clientButtons.indexOf(button) + step) % clientButtons.length);
      next.focus();
      choose(next.dataset.client);
    });
  }

  fetch(new URL('explorer/operations.json', document.baseURI))
    .then((response) => response.json())
    .then((operations) => {
      tabs = { tabs: operations.map(tabOf), activeTabIndex: 0 };
    })
    .catch(() => say('示例未能加载 The examples could not be loaded', 'bad'))
    .finally(() => void connect());
})();
