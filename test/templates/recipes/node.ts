import { npmInstall, type Recipe } from '../recipe.js'

export const recipes: readonly Recipe[] = [
  {
    template: 'generic-starter',
    packages: [],
    steps: [['test', '-s', 'README.md']],
    ci: true,
  },
  {
    template: 'express-typescript',
    packages: [],
    steps: [npmInstall, ['npm', 'run', 'lint'], ['npm', 'run', 'typecheck'], ['npm', 'test'], ['npm', 'run', 'build']],
    answer: { serve: ['npm', 'start'], path: '/healthz', shows: '{"status":"ok"}' },
    ci: true,
  },
  {
    template: 'node-cli',
    packages: [],
    steps: [
      npmInstall,
      ['npm', 'run', 'lint'],
      ['npm', 'run', 'typecheck'],
      ['npm', 'test'],
      ['npx', '.', 'count', 'README.md'],
    ],
    ci: false,
  },
]
