import { join } from 'node:path'
import { readBounded } from '../../support/files.js'

/**
 * What of a person's npm settings says where packages come from and how to log in there: `registry`, `@scope:registry`,
 * what is set for a host (`//host/:_authToken`), and proxies. Of the environment and `~/.npmrc`
 * (npm-config(7)); the environment goes first. Syntax: npmrc(5), an ini file with `${NAME}` for variables.
 */
export async function readNpmSettings(
  environment: Readonly<Record<string, string | undefined>>,
): Promise<Record<string, string | boolean>> {
  const variables = new Map(
    Object.entries(environment).flatMap(([name, value]) => {
      const key = /^npm_config_(.+)$/i.exec(name)?.[1]
      return key === undefined || value === undefined || value === '' ? [] : [[keyOf(key), value] as const]
    }),
  )
  const path = variables.get('userconfig') ?? join(environment['HOME'] ?? '/nonexistent', '.npmrc')
  const read = await readBounded(path, 256 * 1024)
  const settings = new Map(read.kind === 'file' ? linesOf(read.bytes.toString('utf8'), environment) : [])
  for (const [key, value] of variables) settings.set(key, value)
  const options: Record<string, string | boolean> = {}
  for (const [key, value] of settings) {
    const option = optionOf(key)
    if (option === undefined || value === '' || value === 'null') continue
    options[option] = value === 'true' ? true : value === 'false' ? false : value
  }
  return options
}

/** npm takes `_` in the names of variables for `-`; what is set for a host or scope stays as it is. */
function keyOf(name: string): string {
  return /^(?:\/\/|@)/.test(name) ? name : name.toLowerCase().replace(/(?!^)_/g, '-')
}

/** The name under which pacote 21 and npm-registry-fetch 19 take a setting; undefined: it is of no matter here. */
function optionOf(key: string): string | undefined {
  if (key.startsWith('//') || /^@[^:]+:registry$/.test(key)) return key
  const names: Readonly<Record<string, string>> = {
    registry: 'registry',
    proxy: 'proxy',
    'https-proxy': 'httpsProxy',
    noproxy: 'noProxy',
    'strict-ssl': 'strictSSL',
  }
  return Object.hasOwn(names, key) ? names[key] : undefined
}

function linesOf(
  text: string,
  environment: Readonly<Record<string, string | undefined>>,
): (readonly [string, string])[] {
  return text.split(/\r?\n/).flatMap((line) => {
    const [, key, value] = /^\s*([^;#=\s][^=]*?)\s*=\s*(.*?)\s*$/.exec(line) ?? []
    if (key === undefined || value === undefined) return []
    const bare = /^(["'])(.*)\1$/.exec(value)?.[2] ?? value
    return [[key, bare.replace(/\$\{([^}]+)\}/g, (whole, name: string) => environment[name] ?? whole)] as const]
  })
}
