import { npmInstall, type Recipe } from '../recipe.js'

const script = (name: string): readonly string[] => ['npm', 'run', name]

/** What each of these templates' README.md tells of. */
const checks = [npmInstall, script('lint'), script('typecheck'), ['npm', 'test'], script('build')]

export const recipes: readonly Recipe[] = [
  {
    template: 'generic-starter',
    packages: [],
    steps: [['test', '-s', 'README.md']],
    ci: false,
  },
  {
    template: 'express-typescript',
    packages: [],
    steps: checks,
    answer: { serve: ['npm', 'start'], path: '/healthz', shows: '{"status":"ok"}' },
    ci: true,
  },
  {
    template: 'koa-typescript',
    packages: [],
    steps: checks,
    answer: { serve: ['npm', 'start'], path: '/healthz', shows: '{"status":"ok"}' },
    ci: false,
  },
  {
    template: 'fastify-typescript',
    packages: [],
    steps: checks,
    answer: { serve: ['npm', 'start'], path: '/healthz', shows: '{"status":"ok"}' },
    ci: false,
  },
  {
    template: 'graphql-api',
    packages: [],
    steps: checks,
    answer: { serve: ['npm', 'start'], path: '/graphql?query={notes{id}}', shows: '{"data":{"notes":[]}}' },
    ci: false,
  },
  {
    template: 'node-cli',
    packages: [],
    steps: [npmInstall, script('lint'), script('typecheck'), ['npm', 'test'], ['npx', '.', 'count', 'README.md']],
    ci: false,
  },
  {
    template: 'typescript-library',
    packages: [],
    steps: [...checks, script('check:package')],
    ci: false,
  },
  { template: 'discord-bot', packages: [], steps: checks, ci: false },
  { template: 'mcp-server', packages: [], steps: checks, ci: false },
  { template: 'github-action', packages: [], steps: checks, leaves: ['dist/'], ci: false },
  {
    template: 'nestjs-api',
    packages: [],
    steps: [...checks, script('format:check'), script('test:e2e')],
    answer: { serve: ['npm', 'run', 'start:prod'], path: '/healthz', shows: '{"status":"ok"}' },
    ci: false,
  },
  {
    template: 'monorepo-npm',
    packages: [],
    steps: [...checks, ['npm', 'start', '--workspace', 'packages/cli', '--', 'Ada']],
    answer: {
      serve: ['npm', 'start', '--workspace', 'packages/api'],
      path: '/greeting?name=Ada',
      shows: '{"greeting":"Hello, Ada!"}',
    },
    ci: false,
  },
]
