import { defineConfig } from 'eslint/config'
import tseslint from 'typescript-eslint'

/** Programs are started in one place each, so that every one has a time limit and a clean environment. */
const processStarters = {
  'node:child_process': 'start programs with run() of src/support/process.ts',
  child_process: 'start programs with run() of src/support/process.ts',
  execa: 'start programs with run() of src/support/process.ts',
  'simple-git': 'git is reached through src/repo/git.ts',
}

const restrictImports = (allowed = []) => [
  'error',
  {
    paths: Object.entries(processStarters)
      .filter(([name]) => !allowed.includes(name))
      .map(([name, message]) => ({ name, message })),
  },
]

const sync = 'the daemon never blocks: use the promise of it'
const notSync = [
  { selector: 'CallExpression[callee.name=/Sync$/]', message: sync },
  { selector: 'CallExpression[callee.property.name=/Sync$/]', message: sync },
  { selector: 'ImportSpecifier[imported.name=/Sync$/]', message: sync },
]
const noHiddenImport = {
  selector: 'ImportExpression[source.value=/^(node:)?child_process$|^execa$|^simple-git$/]',
  message: 'import it where the static rule can see it',
}
const noDefaultExport = { selector: 'ExportDefaultDeclaration', message: 'exports have names' }
const noBarrel = { selector: 'ExportAllDeclaration', message: 'no barrels: import from the file that has it' }

/** What eslint's own recommended set has beyond the compiler (the set is a package of its own, not needed otherwise). */
const core = [
  'eqeqeq',
  'no-async-promise-executor',
  'no-case-declarations',
  'no-constant-binary-expression',
  'no-control-regex',
  'no-dupe-else-if',
  'no-empty',
  'no-empty-character-class',
  'no-fallthrough',
  'no-invalid-regexp',
  'no-irregular-whitespace',
  'no-loss-of-precision',
  'no-misleading-character-class',
  'no-regex-spaces',
  'no-self-assign',
  'no-sparse-arrays',
  'no-unassigned-vars',
  'no-unsafe-finally',
  'no-unsafe-optional-chaining',
  'no-useless-assignment',
  'no-useless-catch',
  'no-useless-escape',
  'preserve-caught-error',
  'require-yield',
]

export default defineConfig(
  { ignores: ['dist/', 'templates/', '.cache/', '.demo/', 'coverage/'] },
  {
    files: ['src/**/*.ts', 'test/**/*.ts'],
    extends: [tseslint.configs.strictTypeChecked, tseslint.configs.stylisticTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    linterOptions: { reportUnusedDisableDirectives: 'error' },
    rules: {
      ...Object.fromEntries(core.map((rule) => [rule, 'error'])),
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        {
          allowDefaultCaseForExhaustiveSwitch: false,
          considerDefaultExhaustiveForUnions: false,
          requireDefaultForNonUnion: true,
        },
      ],
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'inline-type-imports' }],
      // The compiler's own convention: a leading underscore says that it is left unused on purpose.
      '@typescript-eslint/no-unused-vars': [
        'error',
        { argsIgnorePattern: '^_', destructuredArrayIgnorePattern: '^_', ignoreRestSiblings: true },
      ],
      // `env['NAME']` shows that the key comes from outside.
      '@typescript-eslint/dot-notation': ['error', { allowIndexSignaturePropertyAccess: true }],
      'no-restricted-syntax': ['error', noDefaultExport, noBarrel],
    },
  },
  {
    files: ['src/**/*.ts'],
    rules: {
      'no-console': 'error',
      'no-restricted-properties': [
        'error',
        { object: 'process', property: 'exit', message: 'only src/main.ts ends the process' },
        { object: 'process', property: 'abort', message: 'only src/main.ts ends the process' },
      ],
      'no-restricted-imports': restrictImports(),
      'no-restricted-syntax': ['error', noDefaultExport, noBarrel, noHiddenImport, ...notSync],
    },
  },
  { files: ['src/support/process.ts'], rules: { 'no-restricted-imports': restrictImports(['execa']) } },
  { files: ['src/repo/git.ts'], rules: { 'no-restricted-imports': restrictImports(['simple-git']) } },
  { files: ['src/main.ts'], rules: { 'no-console': 'off', 'no-restricted-properties': 'off' } },
  { files: ['src/cli.ts', 'src/commands/**/*.ts'], rules: { 'no-console': 'off' } },
)
