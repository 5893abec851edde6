/**
 * The arrows of the architecture (docs/architecture.md), checked by `npm run check`: what a module may import.
 * A rule names what is forbidden; its comment says what to do instead.
 */

const FEATURES = 'feed|reading|subjects|entries|clients|intake|audit|loopback|exports|limits|statistics';

/** @type {import('dependency-cruiser').IConfiguration} */
export default {
  forbidden: [
    {
      name: 'no-cycles',
      comment: 'Modules that import each other cannot be read one at a time. Move what both need into a third.',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    {
      name: 'no-orphans',
      comment: 'A file that nothing imports does nothing.',
      severity: 'error',
      from: { orphan: true, path: '^src/', pathNot: ['^src/main\\.ts$', '\\.d\\.ts$'] },
      to: {},
    },
    {
      name: 'unresolved',
      severity: 'error',
      comment: 'The import leads nowhere.',
      from: {},
      to: { couldNotResolve: true },
    },
    {
      name: 'no-dev-dependencies-in-src',
      severity: 'error',
      comment: 'What runs in production is a dependency, not a devDependency.',
      from: { path: '^src/' },
      to: { dependencyTypes: ['npm-dev'], dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'no-undeclared-packages',
      severity: 'error',
      comment: 'Import only packages that package.json names.',
      from: { path: '^src/' },
      to: { dependencyTypes: ['npm-no-pkg', 'npm-unknown'] },
    },
    {
      name: 'src-never-imports-tests',
      severity: 'error',
      comment: 'Production code must not need fixtures or scripts.',
      from: { path: '^src/' },
      to: { path: '^(test|scripts|bench)/' },
    },
    {
      name: 'access-is-closed-below',
      severity: 'error',
      comment: 'The access decision knows the catalog and identifiers, and nothing of GraphQL, HTTP or SQL.',
      from: { path: '^src/access/' },
      to: { path: '^src/', pathNot: '^src/(access|catalog|identifiers)/' },
    },
    {
      name: 'access-imports-no-framework',
      severity: 'error',
      comment: 'The access decision is plain TypeScript: no GraphQL, HTTP, Prisma or PostgreSQL.',
      from: { path: '^src/access/' },
      to: { path: 'node_modules/(graphql|type-graphql|graphql-.*|@apollo|express|@?prisma|pg)(/|$)' },
    },
    {
      name: 'access-has-one-door',
      severity: 'error',
      comment: 'Outside src/access, import src/access/index.ts or its types in src/access/model.ts.',
      from: { path: '^src/', pathNot: '^src/access/' },
      to: { path: '^src/access/', pathNot: '^src/access/(index|model)\\.ts$' },
    },
    {
      name: 'catalog-knows-nothing-above',
      severity: 'error',
      comment: 'The catalog may use identifiers, and errors; the rest is above it.',
      from: { path: '^src/catalog/', pathNot: '^src/catalog/catalog-(service|follower)\\.ts$' },
      to: { path: '^src/', pathNot: '^src/(catalog|identifiers)/|^src/(errors|calendar)\\.ts$' },
    },
    {
      name: 'catalog-stores-through-db',
      severity: 'error',
      comment: 'Only the service and the follower of the catalog reach the database, and nothing else above.',
      from: { path: '^src/catalog/catalog-(service|follower)\\.ts$' },
      to: { path: '^src/', pathNot: '^src/(catalog|identifiers|db)/|^src/(errors|calendar)\\.ts$' },
    },
    {
      name: 'bottom-modules-stay-at-the-bottom',
      severity: 'error',
      comment: 'db and keys serve every feature, so they may know none.',
      from: { path: '^src/(db|keys)/' },
      to: { path: '^src/', pathNot: '^src/(db|keys|identifiers)/|^src/(errors|config|calendar|wire-text)\\.ts$' },
    },
    {
      name: 'identifiers-stand-alone',
      severity: 'error',
      comment: 'Identifiers are pure functions of a standard.',
      from: { path: '^src/identifiers/' },
      to: { path: '^src/', pathNot: '^src/identifiers/' },
    },
    {
      name: 'features-know-no-surface',
      severity: 'error',
      comment: 'GraphQL and HTTP call features, never the other way round.',
      from: { path: `^src/(${FEATURES})/` },
      to: { path: '^src/(graphql|http|cli)/|^src/(gateway|serve|main)\\.ts$' },
    },
    {
      name: 'features-meet-at-their-doors',
      severity: 'error',
      comment: 'Another feature is reached through its index.ts.',
      from: { path: `^src/(${FEATURES})/` },
      to: { path: `^src/(${FEATURES})/`, pathNot: [`^src/(${FEATURES})/index\\.ts$`, '^src/$1/'] },
    },
    {
      name: 'surfaces-do-not-start-the-gateway',
      severity: 'error',
      comment: 'GraphQL and HTTP are given what they need; the composition root builds it.',
      from: { path: '^src/(graphql|http)/' },
      to: { path: '^src/(cli/|gateway\\.ts|serve\\.ts|main\\.ts)' },
    },
    {
      name: 'http-knows-no-graphql',
      severity: 'error',
      comment: 'The HTTP shell takes handlers; what they answer is not its business.',
      from: { path: '^src/http/' },
      to: { path: '^src/graphql/' },
    },
    {
      name: 'only-main-runs-commands',
      severity: 'error',
      comment: 'Commands are registered by main.ts.',
      from: { path: '^src/', pathNot: '^src/(main\\.ts|cli/)' },
      to: { path: '^src/cli/' },
    },
    {
      name: 'only-commands-open-the-gateway',
      severity: 'error',
      comment: 'gateway.ts is the composition root: main.ts and the commands open it.',
      from: { path: '^src/', pathNot: '^src/(main\\.ts|serve\\.ts|cli/)' },
      to: { path: '^src/gateway\\.ts$' },
    },
    {
      name: 'help-loads-no-gateway',
      severity: 'error',
      comment:
        'Commands import() what opens or serves a gateway when they need it, so that help and mistakes of usage are answered at once.',
      from: { path: '^src/' },
      to: { path: '^src/(gateway|serve)\\.ts$', dependencyTypesNot: ['dynamic-import', 'type-only'] },
    },
    {
      name: 'configuration-is-handed-down',
      severity: 'error',
      comment: 'Pure modules take values, not the configuration.',
      from: { path: '^src/(access|catalog|identifiers|reading|subjects|entries|intake)/' },
      to: { path: '^src/config\\.ts$' },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules|^src/db/generated/' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'require', 'node', 'default', 'types'] },
    exclude: { path: '^(dist|data|coverage|bench)/' },
  },
};
