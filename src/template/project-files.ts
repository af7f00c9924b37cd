import * as z from 'zod'
import { jsonOf } from '../support/json.js'

/** A file by which a folder tells what it is. */
interface ProjectFile {
  readonly name: RegExp
  /** What its being there says. */
  readonly says: string
  /** The words of its content; undefined: it need not be read. */
  readonly words?: (text: string) => readonly string[]
}

const projectFiles: readonly ProjectFile[] = [
  { name: /^package\.json$/, says: '', words: packageWords },
  { name: /^tsconfig(?:\..+)?\.json$/, says: 'typescript' },
  { name: /^deno\.jsonc?$/, says: 'deno typescript', words: packageWords },
  { name: /^manifest\.json$/, says: '', words: manifestWords },
  { name: /^pyproject\.toml$/, says: 'python', words: tomlWords },
  { name: /^Pipfile$/, says: 'python', words: tomlWords },
  { name: /^requirements(?:[-_.].+)?\.txt$/, says: 'python', words: requirementsWords },
  { name: /^setup\.(?:py|cfg)$/, says: 'python' },
  { name: /^go\.mod$/, says: 'go golang', words: goWords },
  { name: /^Cargo\.toml$/, says: 'rust', words: tomlWords },
  { name: /^composer\.json$/, says: 'php', words: packageWords },
  { name: /^Gemfile$/, says: 'ruby', words: (text) => found(text, /^[ \t]*gem[ \t(]+["']([\w.-]+)/gm) },
  {
    name: /^pom\.xml$/,
    says: 'java maven',
    words: (text) => found(text, /<(?:artifactId|name|description)>([^<]+)</g),
  },
  { name: /^build\.gradle$/, says: 'java gradle', words: gradleWords },
  { name: /^build\.gradle\.kts$/, says: 'kotlin gradle', words: gradleWords },
  { name: /^pubspec\.yaml$/, says: 'dart', words: pubspecWords },
  { name: /^mix\.exs$/, says: 'elixir', words: (text) => found(text, /\{:(\w+),/g) },
  { name: /^Package\.swift$/, says: 'swift' },
  { name: /^CMakeLists\.txt$/, says: 'c++ cmake', words: cmakeWords },
  { name: /\.(?:csproj|sln)$/, says: 'c# dotnet' },
  { name: /^Chart\.yaml$/, says: 'helm kubernetes' },
  { name: /\.tf$/, says: 'terraform' },
  {
    name: /^action\.ya?ml$/,
    says: 'github action',
    words: (text) => found(text, /^(?:name|description):[ \t]*(.+)$/gm),
  },
  { name: /^(?:Dockerfile|compose\.ya?ml|docker-compose\.ya?ml)$/, says: 'docker' },
]

/** What a name at the top of a folder says, and what gives the words of its content; undefined where it says nothing. */
export function projectFile(name: string): Omit<ProjectFile, 'name'> | undefined {
  return projectFiles.find((one) => one.name.test(name))
}

const text = z.string().optional().catch(undefined)
const named = z.record(z.string(), z.unknown()).catch({})

/** What package.json, composer.json and deno.json have in common; what is not as it should be is left out. */
const packageSchema = z.object({
  name: text,
  description: text,
  keywords: z.array(z.string()).catch([]),
  dependencies: named,
  peerDependencies: named,
  imports: named,
  require: named,
  devDependencies: named,
  'require-dev': named,
})

function packageWords(source: string): string[] {
  const parsed = packageSchema.safeParse(jsonOf(source))
  if (!parsed.success) return []
  const { name, description, keywords, ...lists } = parsed.data
  const packages = Object.values(lists).flatMap((list) => Object.keys(list))
  // Types are there for the package itself, which is named too.
  const own = packages.filter((one) => !/^(?:@types\/|ext-|php$)/.test(one))
  return [name ?? '', description ?? '', ...keywords, ...own]
}

/** A browser's manifest.json; other programs use the name, too. */
function manifestWords(source: string): string[] {
  const schema = z.object({ manifest_version: z.number(), name: text, description: text })
  const parsed = schema.safeParse(jsonOf(source))
  return parsed.success ? ['browser extension', parsed.data.name ?? '', parsed.data.description ?? ''] : []
}

/** Of Cargo, of Python's standard and of poetry: names, descriptions, keywords, dependencies. Not a parser of TOML. */
function tomlWords(source: string): string[] {
  const words: string[] = []
  let section = ''
  /** Within a list over several lines. */
  let list = ''
  for (const line of source.split('\n')) {
    const heading = /^[ \t]*\[+([\w.\-" ]+)\]/.exec(line)?.[1]
    if (list === '' && heading !== undefined) {
      section = heading.trim()
      words.push(...(/^(?:dev-)?dependencies\.([\w-]+)$/.exec(section)?.slice(1) ?? []))
      continue
    }
    const [, key = '', value = ''] = /^[ \t]*([\w-]+)[ \t]*=(.*)$/.exec(line) ?? []
    const isList = list !== '' || value.trimStart().startsWith('[')
    const what = list === '' ? key : list
    if (isList) {
      const wanted = /^(?:keywords|dependencies)$/.test(what) || section.includes('dependenc')
      // `fastapi[standard]>=0.115`: what follows the name is its version.
      if (wanted) words.push(...found(list === '' ? value : line, /["']([\w][\w .-]*)/g).map((one) => one.trim()))
      list = /\][ \t]*(?:#.*)?$/.test(line) ? '' : what
    } else if (/(?:dependencies|packages)$/.test(section)) words.push(key)
    else if (/^(?:project|package|tool\.poetry)$/.test(section) && /^(?:name|description)$/.test(key)) {
      words.push(value.replaceAll(/["']/g, '').trim())
    }
  }
  return words.filter((word) => word !== 'python')
}

function requirementsWords(source: string): string[] {
  return found(source, /^[ \t]*([A-Za-z0-9][\w.-]*)/gm)
}

/** The host of a module says nothing: `github.com/gin-gonic/gin`. */
function goWords(source: string): string[] {
  const direct = source.replace(/^.*\/\/ indirect.*$/gm, '')
  return [
    ...found(direct, /^module[ \t]+(?:[\w-]+\.[\w.-]+\/)?(\S+)/gm),
    ...found(direct, /^(?:require)?[ \t]+[\w-]+\.[\w.-]+\/(\S+)[ \t]+v\d/gm),
  ]
}

function gradleWords(source: string): string[] {
  return [
    ...found(source, /\bid[ \t(]+["']([\w.-]+)/g),
    ...found(source, /["']([\w.-]+:[\w.-]+)/g).map((one) => one.replace(':', ' ')),
  ]
}

function pubspecWords(source: string): string[] {
  const [, dependencies = ''] = /^dependencies:[ \t]*\r?\n((?:[ \t#].*\r?\n|\r?\n)*)/m.exec(source) ?? []
  return [...found(source, /^(?:name|description):[ \t]*(.+)$/gm), ...found(dependencies, /^ {2}(\w+):/gm)]
}

function cmakeWords(source: string): string[] {
  return found(source, /\b(?:project|find_package)[ \t]*\([ \t]*([\w+.-]+)/gi)
}

/** The first group of each place. */
function found(source: string, pattern: RegExp): string[] {
  return [...source.matchAll(pattern)].map((match) => match[1] ?? '')
}
