import type { Recipe } from '../recipe.js'

const venvPackages = ['python3', 'python3-venv', 'python3-pip', 'python3-setuptools', 'python3-wheel', 'python3-pytest']

/**
 * A virtual environment that sees Debian's Python packages, with the project in it. pip finds out whether those satisfy its
 * dependencies, and fetches nothing.
 */
const venv = ['/usr/bin/python3', '-m', 'venv', '--system-site-packages', '.venv']
const pipInstall = ['.venv/bin/pip', '--isolated', 'install', '--quiet', '--no-index', '--no-build-isolation']
const pipWheel = ['.venv/bin/pip', '--isolated', 'wheel', '--quiet', '--no-index', '--no-build-isolation', '--no-deps']
const install = [venv, [...pipInstall, '--editable', '.']]

const ruff = ['npx', '--yes', '--package', '@astral-sh/ruff-wasm-nodejs@0.17', '--', 'node', '{tools}/ruff.js']
const mypy = ['.venv/bin/python', '-m', 'mypy']
const nbconvert = ['.venv/bin/python', '-m', 'nbconvert']
const pytest = ['.venv/bin/python', '-m', 'pytest']

// Go links its net package with a C compiler.
const goPackages = ['golang-go', 'gcc', 'libc6-dev']
const goSteps = [
  ['sh', '-c', 'test -z "$(gofmt -l .)"'],
  ['go', 'vet', './...'],
  ['go', 'test', './...'],
]

/** Debian's crates in place of crates.io; after the subcommand, because cargo-clippy starts cargo anew. */
const debianCrates = [
  ['--config', 'source.crates-io.replace-with="debian"'],
  ['--config', 'source.debian.directory="/usr/share/cargo/registry"'],
].flat()

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
  {
    template: 'python-cli',
    packages: [...venvPackages, 'python3-click', 'python3-mypy'],
    steps: [...install, ruff, mypy, pytest, ['.venv/bin/2nd-my-app-x', 'count', '--json', 'README.md']],
    ci: false,
  },
  {
    template: 'python-library',
    packages: [...venvPackages, 'python3-mypy'],
    steps: [...install, ruff, mypy, pytest, [...pipWheel, '--wheel-dir', 'dist', '.']],
    ci: false,
  },
  {
    template: 'data-science',
    packages: [
      ...venvPackages,
      'python3-pandas',
      'python3-matplotlib',
      'python3-sklearn',
      'python3-nbconvert',
      'python3-ipykernel',
    ],
    steps: [
      ...install,
      ruff,
      pytest,
      // Debian's kernel would start Debian's Python, which does not see the project.
      ['.venv/bin/python', '-m', 'ipykernel', 'install', '--sys-prefix', '--name', 'python3'],
      [...nbconvert, '--execute', '--to', 'html', '--output-dir', 'build', 'notebooks/01-growth.ipynb'],
      ['test', '-s', 'figures/growth.png', '-a', '-s', 'data/processed/plants-predicted.csv'],
    ],
    ci: false,
  },
  {
    template: 'go-service',
    packages: goPackages,
    steps: [...goSteps, ['go', 'build', '-o', 'bin/', './cmd/...']],
    answer: {
      serve: ['env', 'ADDRESS=localhost:{port}', 'bin/2nd-my-app-x'],
      path: '/healthz',
      shows: '{"status":"ok"}',
    },
    ci: true,
  },
  {
    template: 'go-cli',
    packages: goPackages,
    steps: [
      ...goSteps,
      ['go', 'build', '-o', 'bin/', './cmd/...'],
      ['bin/2nd-my-app-x', 'count', '-json', 'README.md'],
    ],
    ci: false,
  },
  {
    template: 'rust-cli',
    packages: ['cargo', 'rustc', 'rustfmt', 'rust-clippy', 'librust-clap-dev'],
    steps: [
      ['cargo', 'fmt', '--check'],
      ['cargo', 'clippy', ...debianCrates, '--all-targets', '--', '-D', 'warnings'],
      ['cargo', 'test', ...debianCrates],
      ['cargo', 'run', ...debianCrates, '--quiet', '--', 'count', 'README.md'],
    ],
    ci: true,
  },
  {
    template: 'cpp-cmake',
    packages: ['cmake', 'ninja-build', 'g++', 'libgtest-dev', 'clang-format', 'clang-tidy'],
    steps: [
      // An installed GoogleTest is enough: nothing may be downloaded.
      ['cmake', '--preset', 'sanitize', '-D', 'FETCHCONTENT_FULLY_DISCONNECTED=ON'],
      ['cmake', '--build', '--preset', 'sanitize'],
      ['ctest', '--preset', 'sanitize'],
      [
        'clang-format',
        '--dry-run',
        '-Werror',
        'src/main.cpp',
        'src/words.cpp',
        'src/words.hpp',
        'tests/words_test.cpp',
      ],
      ['clang-tidy', '-quiet', '-p', 'build/sanitize', 'src/main.cpp', 'src/words.cpp'],
      ['cmake', '--preset', 'release'],
      ['cmake', '--build', '--preset', 'release'],
      ['build/release/2nd-my-app-x', 'count', 'README.md'],
    ],
    ci: true,
  },
  {
    template: 'bash-cli',
    packages: ['bats', 'shellcheck', 'shfmt', 'make'],
    steps: [
      ['make', 'check'],
      ['make', 'install', 'PREFIX=../tmp/usr'],
      ['../tmp/usr/bin/2nd-my-app-x', 'count', 'README.md'],
    ],
    ci: true,
  },
]
