import { npmInstall, type Recipe, type Serving } from '../recipe.js'

const run = (script: string) => ['npm', 'run', script]
/** Nothing of a run is reported to a framework's makers. */
const quietly = (variable: string, command: readonly string[]) => ['env', `${variable}=1`, ...command]
const next = (command: readonly string[]) => quietly('NEXT_TELEMETRY_DISABLED', command)
const astro = (command: readonly string[]) => quietly('ASTRO_TELEMETRY_DISABLED', command)

const withPort = (script: string) => [...run(script), '--', '--port', '{port}']
const vitePreview: Serving = { serve: withPort('preview'), path: '/', shows: 'Clicked 0 times' }

export const recipes: readonly Recipe[] = [
  {
    template: 'astro-site',
    packages: ['chromium'],
    node: 24,
    steps: [npmInstall, run('lint'), run('test'), astro(run('build'))],
    page: { serve: astro(withPort('preview')), path: '/posts/first-steps/', shows: 'Every Markdown file' },
    ci: false,
  },
  {
    template: 'browser-extension',
    packages: ['chromium'],
    steps: [npmInstall, run('lint'), run('test'), run('build'), run('test:browser')],
    ci: false,
  },
  {
    template: 'nextjs',
    packages: ['chromium'],
    steps: [npmInstall, run('lint'), next(run('typecheck')), run('test'), next(run('build'))],
    page: { serve: next(withPort('start')), path: '/', shows: 'Clicked 0 times' },
    ci: false,
  },
  {
    template: 'react-typescript',
    packages: ['chromium'],
    steps: [npmInstall, run('lint'), run('typecheck'), run('test'), run('build')],
    page: vitePreview,
    ci: true,
  },
  {
    template: 'static-site',
    packages: ['chromium'],
    steps: [npmInstall, run('lint'), run('test')],
    page: {
      serve: ['npx', 'sirv', 'public', '--port', '{port}', '--host', 'localhost'],
      path: '/about.html',
      shows: 'Say here who makes this site',
    },
    ci: false,
  },
  {
    template: 'svelte-kit',
    packages: ['chromium'],
    node: 24,
    steps: [npmInstall, run('lint'), run('typecheck'), run('test'), run('build')],
    page: { ...vitePreview, serve: ['npm', 'start'] },
    ci: true,
  },
  {
    template: 'vue-typescript',
    packages: ['chromium'],
    steps: [npmInstall, run('lint'), run('typecheck'), run('test'), run('build')],
    page: vitePreview,
    ci: false,
  },
]
