import type { Recipe } from '../recipe.js'

const venvPackages = ['python3', 'python3-venv', 'python3-pip', 'python3-setuptools', 'python3-wheel', 'python3-pytest']

/**
 * A virtual environment that sees Debian's Python packages, with the project in it. pip finds out whether those satisfy its
 * dependencies, and fetches nothing.
 */
const venv = ['/usr/bin/python3', '-m', 'venv', '--system-site-packages', '.venv']
const pipInstall = ['.venv/bin/pip', '--isolated', 'install', '--quiet', '--no-index', '--no-build-isolation']
const install = [venv, [...pipInstall, '--editable', '.']]

const ruff = ['npx', '--yes', '--package', '@astral-sh/ruff-wasm-nodejs@0.17', '--', 'node', '{tools}/ruff.js']
const pytest = ['.venv/bin/python', '-m', 'pytest']

export const recipes: readonly Recipe[] = [
  {
    template: 'python-fastapi',
    packages: [...venvPackages, 'python3-fastapi', 'python3-uvicorn', 'python3-httpx'],
    // Debian 12's fastapi wants an older starlette than Debian 12 has.
    steps: [venv, [...pipInstall, '--no-deps', '--editable', '.'], ruff, pytest],
    answer: {
      serve: ['.venv/bin/python', '-m', 'uvicorn', 'app.main:app', '--port', '{port}'],
      path: '/healthz',
      shows: '{"status":"ok"}',
    },
    ci: true,
  },
  {
    template: 'python-flask',
    packages: [...venvPackages, 'python3-flask', 'chromium'],
    steps: [...install, ruff, pytest],
    page: {
      serve: ['.venv/bin/python', '-m', 'flask', '--app', 'app', 'run', '--port', '{port}'],
      path: '/greeting?name=Ada',
      shows: 'Hello, Ada!',
    },
    ci: false,
  },
  {
    template: 'python-django',
    packages: [...venvPackages, 'python3-django', 'chromium'],
    steps: [
      ...install,
      ruff,
      ['.venv/bin/python', 'manage.py', 'check', '--fail-level', 'WARNING'],
      ['.venv/bin/python', 'manage.py', 'makemigrations', '--check', '--dry-run'],
      ['.venv/bin/python', 'manage.py', 'test'],
      ['env', 'DJANGO_DEBUG=0', 'DJANGO_SECRET_KEY=0', '.venv/bin/python', 'manage.py', 'check', '--deploy'],
      ['.venv/bin/python', 'manage.py', 'migrate', '--verbosity', '0'],
    ],
    page: {
      serve: ['.venv/bin/python', 'manage.py', 'runserver', '--noreload', '{port}'],
      path: '/',
      shows: 'There is none yet.',
    },
    ci: false,
  },
]
