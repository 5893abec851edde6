/** Jest runs the TypeScript sources as ES modules; see docs/decisions for why. */
export default {
  testEnvironment: 'node',
  testMatch: ['<rootDir>/test/**/*.test.ts'],
  extensionsToTreatAsEsm: ['.ts'],
  globalSetup: '<rootDir>/test/testkit/global-setup.ts',
  globalTeardown: '<rootDir>/test/testkit/global-teardown.ts',
  testTimeout: 60_000,
  // One more than the cores of the machine that this is measured on: many files wait, for leases, timeouts and other processes.
  maxWorkers: 3,
  testSequencer: '<rootDir>/test/testkit/longest-first.mjs',
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      {
        jsc: {
          target: 'es2022',
          parser: { syntax: 'typescript', decorators: true },
          transform: { legacyDecorator: true, decoratorMetadata: false },
        },
        module: { type: 'es6' },
      },
    ],
  },
};
