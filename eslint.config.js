/** Lint: the strictest type-checked rules, minus what would only cost readability here. */
import js from '@eslint/js';
import { defineConfig, globalIgnores } from 'eslint/config';
import tseslint from 'typescript-eslint';

const BROWSER = ['document', 'fetch', 'sessionStorage', 'localStorage', 'URL', 'React', 'ReactDOM', 'GraphiQL'];
const NODE = [
  'process',
  'console',
  'Buffer',
  'URL',
  'URLSearchParams',
  'fetch',
  'setTimeout',
  'clearTimeout',
  'setImmediate',
  'performance',
  'structuredClone',
  'AbortController',
  'AbortSignal',
  'TextDecoder',
  'TextEncoder',
];

const globals = (names) => Object.fromEntries(names.map((name) => [name, 'readonly']));

export default defineConfig(
  globalIgnores(['dist/', 'data/', 'coverage/', 'src/db/generated/', 'examples/approval-check/operations.ts', 'bench/']),
  { linterOptions: { reportUnusedDisableDirectives: 'error' } },
  js.configs.recommended,
  {
    files: ['src/**/*.ts', 'test/**/*.ts', 'scripts/**/*.ts', 'examples/**/*.ts'],
    extends: [tseslint.configs.strictTypeChecked, tseslint.configs.stylisticTypeChecked],
    languageOptions: { parserOptions: { project: './tsconfig.json', tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/no-import-type-side-effects': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      '@typescript-eslint/prefer-readonly': 'error',
      '@typescript-eslint/promise-function-async': 'off',
      // A number in a message is no surprise; an object or null is.
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
      // `() => void f()` says that the result is dropped on purpose.
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true, ignoreVoidOperator: true }],
      // type-graphql's classes carry decorators only.
      '@typescript-eslint/no-extraneous-class': ['error', { allowWithDecorator: true }],
      // tsc's noUnusedLocals and noUnusedParameters say the same; a leading underscore marks a parameter that must stand.
      '@typescript-eslint/no-unused-vars': [
        'error',
        { argsIgnorePattern: '^_', varsIgnorePattern: '^_', ignoreRestSiblings: true },
      ],
      // With noPropertyAccessFromIndexSignature both notations are meant: brackets mark a key that is data.
      '@typescript-eslint/dot-notation': 'off',
      // Where access is decided, `=== true` is meant: whatever is not true denies.
      '@typescript-eslint/no-unnecessary-boolean-literal-compare': 'off',
      // Spreading a string into code points is how lengths and masks count here (catalogued lengths are in code points).
      '@typescript-eslint/no-misused-spread': ['error', { allow: ['string'] }],
      // type-graphql's classes describe shapes; the values behind them are plain objects.
      '@typescript-eslint/no-unsafe-class-instance-assignment': 'off',
      // `== null` asks for null and undefined at once.
      eqeqeq: ['error', 'always', { null: 'ignore' }],
      'no-console': 'error',
      'no-restricted-properties': [
        'error',
        { object: 'process', property: 'env', message: 'Settings are read in src/config.ts alone.' },
      ],
      'no-restricted-syntax': ['error', { selector: 'ExportDefaultDeclaration', message: 'Named exports only.' }],
    },
  },
  { files: ['src/config.ts', 'test/**', 'scripts/**', 'examples/**'], rules: { 'no-restricted-properties': 'off' } },
  { files: ['scripts/**', 'test/**/*.mjs', 'examples/**'], rules: { 'no-console': 'off' } },
  {
    files: ['test/**/*.ts'],
    rules: {
      // Matchers such as expect.any() are typed any; the assertion around them checks the value.
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-argument': 'off',
      '@typescript-eslint/no-unsafe-call': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
      '@typescript-eslint/no-unsafe-return': 'off',
      '@typescript-eslint/no-non-null-assertion': 'off',
      // Jest's globalSetup and globalTeardown must be default exports.
      'no-restricted-syntax': 'off',
    },
  },
  { files: ['*.js', '**/*.mjs', '*.config.ts'], languageOptions: { globals: globals(NODE) } },
  { files: ['test/browser/*.mjs'], languageOptions: { globals: globals([...NODE, ...BROWSER]) } },
  { files: ['examples/dashboard/*.js'], languageOptions: { globals: globals([...BROWSER, 'setInterval']) } },
  { files: ['explorer/*.js'], languageOptions: { sourceType: 'script', globals: globals(BROWSER) } },
  { files: ['*.config.ts'], extends: [tseslint.configs.base] },
);
