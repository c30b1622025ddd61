import tseslint from 'typescript-eslint';

/** Names that every reader has to spell out in his head. */
const SHORT_NAMES = ['err', 'opts', 'msg', 'conn', 'buf', 'cfg', 'cb', 'ctx', 'req', 'res', 'evt'];

const FORBIDDEN_SYNTAX = [
  { selector: 'ExportDefaultDeclaration', message: 'Export by name.' },
  { selector: 'TSEnumDeclaration', message: 'Use a union of literals.' },
  { selector: 'TSModuleDeclaration[kind!="global"]', message: 'Use a module.' },
  { selector: 'TSParameterProperty', message: 'Declare the field, assign it in the constructor.' },
  // What client and server both show is named one by one in that file, once for both.
  {
    selector: 'ExportAllDeclaration[source.value!="@wilco/endpoint/public"]',
    message: 'Name each export.',
  },
];

const FORBIDDEN_NULL = [
  { selector: 'Literal[raw="null"]', message: 'Say undefined, or leave it out.' },
  { selector: 'TSNullKeyword', message: 'Say undefined, or leave it out.' },
];

const TYPED = ['**/*.ts'];
const TESTS = ['packages/*/test/**/*.ts', 'test/**/*.ts', 'examples/**/*.test.ts'];

export default tseslint.config(
  { ignores: ['**/dist/**', '**/node_modules/**', '**/coverage/**'] },
  {
    linterOptions: { reportUnusedDisableDirectives: 'error' },
    rules: {
      eqeqeq: 'error',
      'no-var': 'error',
      'prefer-const': 'error',
      'object-shorthand': 'error',
      'max-lines': ['error', { max: 400 }],
      'max-depth': ['error', 3],
      'max-lines-per-function': ['error', { max: 60 }],
      // A switch over the kinds of a union is one decision, however many kinds there are.
      complexity: ['error', { max: 15, variant: 'modified' }],
      'id-denylist': ['error', ...SHORT_NAMES],
    },
  },
  {
    files: TYPED,
    extends: [tseslint.configs.strictTypeChecked, tseslint.configs.stylisticTypeChecked],
    languageOptions: {
      // One program for the whole tree: the purity of single packages is checked by `npm run types`.
      parserOptions: { project: './test/tsconfig.json', tsconfigRootDir: import.meta.dirname },
    },
    rules: {
      'no-restricted-syntax': ['error', ...FORBIDDEN_SYNTAX],
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      '@typescript-eslint/no-empty-function': 'off',
      // It asks for the ! that another rule forbids.
      '@typescript-eslint/non-nullable-type-assertion-style': 'off',
      // Callers without a compiler are checked as well, and fields change while a method is called.
      '@typescript-eslint/no-unnecessary-condition': 'off',
      '@typescript-eslint/no-unnecessary-type-conversion': 'off',
      // An emitter whose listener emits needs its type on the left.
      '@typescript-eslint/consistent-generic-constructors': 'off',
      // `a === undefined || a.b` says what it means.
      '@typescript-eslint/prefer-optional-chain': 'off',
      '@typescript-eslint/require-await': 'off',
      '@typescript-eslint/restrict-template-expressions': [
        'error',
        { allowNumber: true, allowBoolean: true },
      ],
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { considerDefaultExhaustiveForUnions: true },
      ],
    },
  },
  {
    files: ['packages/*/src/**/*.ts'],
    // Payloads may hold null, so their codecs must name it.
    ignores: ['packages/codec/src/**'],
    rules: { 'no-restricted-syntax': ['error', ...FORBIDDEN_SYNTAX, ...FORBIDDEN_NULL] },
  },
  {
    files: TESTS,
    rules: {
      // A describe block is a chapter, not a function; helpers inside are still short.
      'max-lines-per-function': 'off',
      // Loops over everything that there is.
      'max-depth': ['error', 6],
      // Tests reach for what is known to be there, and hand over what a type forbids.
      '@typescript-eslint/no-extraneous-class': 'off',
      '@typescript-eslint/no-misused-spread': 'off',
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/unbound-method': 'off',
    },
  },
  {
    files: ['test/vitest.config.ts', 'test/house/tsup.config.ts'],
    rules: { 'no-restricted-syntax': 'off' },
  },
);
