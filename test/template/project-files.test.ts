import { expect, it } from 'vitest'
import { projectFile } from '../../src/template/project-files.js'

const wordsOf = (name: string, content: string): string => (projectFile(name)?.words?.(content) ?? []).join(' ').trim()

it.each([
  [
    'package.json',
    '{"name":"shop","description":"A shop","keywords":["cart"],"dependencies":{"react":"1"},"devDependencies":{"vite":"2","@types/react":"1"}}',
    'shop A shop cart react vite',
  ],
  [
    'composer.json',
    '{"name":"a/b","require":{"php":"^8","ext-json":"*","laravel/framework":"^11"}}',
    'a/b  laravel/framework',
  ],
  ['deno.json', '{"imports":{"@oak/oak":"jsr:@oak/oak"}}', '@oak/oak'],
  [
    'manifest.json',
    '{"manifest_version":3,"name":"Clip","description":"Saves pages"}',
    'browser extension Clip Saves pages',
  ],
  ['manifest.json', '{"name":"a web app"}', ''],
  [
    'pyproject.toml',
    '[project]\nname = "orders"\ndescription = "Order API"\nrequires-python = ">=3.11"\ndependencies = [\n  "fastapi[standard]>=0.115",\n  "uvicorn", # a server\n]\n\n[dependency-groups]\ndev = ["pytest>=8"]\n[tool.ruff]\nselect = ["E"]\n',
    'orders Order API fastapi uvicorn pytest',
  ],
  [
    'pyproject.toml',
    '[tool.poetry]\nname = "x"\n[tool.poetry.dependencies]\npython = "^3.11"\ndjango = "^5"\n[tool.poetry.group.dev.dependencies]\nblack = "*"\n',
    'x django black',
  ],
  [
    'Pipfile',
    '[packages]\nflask = "*"\n[dev-packages]\npytest = "*"\n[requires]\npython_version = "3.11"\n',
    'flask pytest',
  ],
  [
    'requirements.txt',
    '# comment\nflask==3.0\n-r other.txt\nSQLAlchemy>=2 ; python_version > "3.8"\n',
    'flask SQLAlchemy',
  ],
  [
    'Cargo.toml',
    '[package]\nname = "tool"\nkeywords = ["cli"]\n[dependencies]\nclap = { version = "4" }\n[dependencies.serde]\nversion = "1"\n[profile.release]\nlto = true\n',
    'tool cli clap serde',
  ],
  [
    'go.mod',
    'module github.com/acme/api\n\ngo 1.24\n\nrequire (\n\tgithub.com/gin-gonic/gin v1.10.0\n\tgolang.org/x/text v0.3.0 // indirect\n)\nrequire example.com/one v1.0.0\n',
    'acme/api gin-gonic/gin one',
  ],
  ['Gemfile', 'source "https://rubygems.org"\ngem "rails", "~> 8"\n  gem \'pg\'\n', 'rails pg'],
  ['pom.xml', '<project><artifactId>spring-boot-starter-web</artifactId></project>', 'spring-boot-starter-web'],
  [
    'build.gradle.kts',
    'plugins { id("org.springframework.boot") version "3" }\ndependencies { implementation("io.ktor:ktor-server:2") }\n',
    'org.springframework.boot io.ktor ktor-server',
  ],
  [
    'pubspec.yaml',
    'name: app\ndependencies:\n  flutter:\n    sdk: flutter\n  http: ^1\ndev_dependencies:\n  lints: ^5\n',
    'app flutter http',
  ],
  ['mix.exs', 'defp deps do\n [{:phoenix, "~> 1.7"}]', 'phoenix'],
  ['CMakeLists.txt', 'project(engine CXX)\nfind_package(Boost REQUIRED)\n', 'engine Boost'],
  ['action.yml', 'name: Label issues\ndescription: Puts labels\nruns:\n  using: node24\n', 'Label issues Puts labels'],
])('%s gives what it names', (name, content, words) => {
  expect(wordsOf(name, content)).toBe(words)
})

it.each([
  ['no JSON', '{"name": '],
  ['another type', '[1, 2]'],
  ['fields of other types', '{"name":7,"keywords":"a","dependencies":["react"]}'],
  ['a prototype', '{"__proto__":{"name":"evil","dependencies":{"evil":"1"}}}'],
])('package.json with %s has no words, and harms nothing', (_, content) => {
  expect(wordsOf('package.json', content)).toBe('')
  expect({}).not.toHaveProperty('name')
})

it('a file name can speak for itself', () => {
  expect(projectFile('Dockerfile')).toMatchObject({ says: 'docker' })
  expect(projectFile('Shop.csproj')).toMatchObject({ says: 'c# dotnet' })
  expect(projectFile('notes.txt')).toBeUndefined()
})
