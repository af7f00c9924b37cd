import * as z from 'zod'
import { canonicalHost } from '../support/address.js'
import { wrongVariableName } from '../support/variable-name.js'

const variableName = z.string().superRefine((name, context) => {
  const wrong = wrongVariableName(name)
  if (wrong !== undefined) context.addIssue({ code: 'custom', message: `${wrong.because}; ${wrong.remedy}` })
})

/** Of panes, in the layout in force. A pane without a role gets what is not for certain ones. */
const panes = z
  .array(
    z.enum(['agent', 'terminal', 'files', 'apps'], 'is no role of a pane; use agent, terminal, files or apps'),
    'must be a list of roles; write [agent]',
  )
  .min(1, 'is empty; name a role or leave it out')
  .optional()

const path = z
  .string('must be text; quote it')
  .min(1, 'is empty; give it a path')
  .refine((value) => !value.includes('\0'), 'is no path; correct it')

/** As systemd takes them (systemd.exec(5), LoadCredential=), and no path. */
const credentialName = z
  .string('must be text; quote it')
  .regex(/^(?!\.)[A-Za-z0-9._-]{1,255}$/, 'is no name of a credential; use letters, digits and ._-')

/** Where a value is, and for which panes; undefined: for all that the list is for. */
export type ValueSource = ({ readonly file: string } | { readonly credential: string }) & {
  readonly panes?: readonly ('agent' | 'terminal' | 'files' | 'apps')[]
}

const forms = '{ file: PATH } or { credential: NAME }'

const source = z
  .strictObject(
    { file: path.optional(), credential: credentialName.optional(), panes },
    `must say where the value is, and never be the value; write ${forms}`,
  )
  .transform(({ file, credential, panes }, context): ValueSource => {
    const only = panes === undefined ? {} : { panes }
    if (file !== undefined && credential === undefined) return { file, ...only }
    if (credential !== undefined && file === undefined) return { credential, ...only }
    context.addIssue({ code: 'custom', message: `must say where the value is; write one of ${forms}` })
    return z.NEVER
  })

const sources = z.record(variableName, source)

/** By what stands there, so that what is wrong is said of that form alone. */
const entry = z.unknown().transform((value, context): string | z.infer<typeof sources> => {
  const isName = typeof value === 'string'
  if (!isName && (typeof value !== 'object' || value === null || Array.isArray(value))) {
    context.addIssue({ code: 'custom', message: `must be NAME, or NAME: ${forms}; correct it` })
    return z.NEVER
  }
  const parsed = isName ? variableName.safeParse(value) : sources.safeParse(value)
  if (parsed.success) return parsed.data
  for (const issue of parsed.error.issues) {
    // What is wrong with a key of a record is within.
    const message = (issue.code === 'invalid_key' ? issue.issues[0]?.message : undefined) ?? issue.message
    context.issues.push({ code: 'custom', path: issue.path, message, input: value })
  }
  return z.NEVER
})

/** Variables of panes: `NAME`, passed on, or `NAME:` and where its value is. */
export const environmentEntries = z.array(entry, 'must be a list; write lines like - NAME').default([])

export type EnvironmentEntries = z.infer<typeof environmentEntries>

/** `HOST/OWNER/NAME` with a port or a user where the address has one, `/PATH` of a local one; `/*` for all in a folder. */
const repositoryPattern = z
  .string()
  .refine(isRepositoryPattern, 'is no repository; write HOST/OWNER/NAME, or HOST/OWNER/* for all of an owner')

export const repositoryEnvironment = z.record(repositoryPattern, environmentEntries).default({})

function isRepositoryPattern(text: string): boolean {
  const [authority = '', ...rest] = text.split('/')
  const segments = rest.at(-1) === '*' ? rest.slice(0, -1) : rest
  const isPlain = (segment: string) =>
    /^(?!-)[A-Za-z0-9._~+@-]+$/.test(segment) && !['.', '..', '.git'].includes(segment)
  if (segments.length === 0 || !segments.every(isPlain)) return false
  if (authority === '') return true
  const parts = /^(?:[A-Za-z0-9_][A-Za-z0-9._-]{0,63}@)?(\[[^\]]+\]|[^:@]+)(?::(\d{1,5}))?$/.exec(authority)
  const port = Number(parts?.[2] ?? 1)
  return parts?.[1] !== undefined && canonicalHost(parts[1]) !== undefined && port >= 1 && port <= 65535
}

/** The lists of a configuration by their keys, `agents.claude.environment`. */
export function environmentLists(config: {
  readonly environment: EnvironmentEntries
  readonly repositories: { readonly environment: Readonly<Record<string, EnvironmentEntries>> }
  readonly agents: Readonly<Record<string, { readonly environment: EnvironmentEntries }>>
}): readonly { readonly key: string; readonly entries: EnvironmentEntries }[] {
  const { environment, repositories, agents } = config
  return [
    { key: 'environment', entries: environment },
    ...Object.entries(repositories.environment).map(([pattern, entries]) => ({
      key: `repositories.environment.${pattern}`,
      entries,
    })),
    ...Object.entries(agents).map(([name, agent]) => ({
      key: `agents.${name}.environment`,
      entries: agent.environment,
    })),
  ]
}

/** The variables of a list in its order; `own`: the daemon's own variable. */
export function variablesOf(entries: EnvironmentEntries): (readonly [name: string, source: ValueSource | 'own'])[] {
  return entries.flatMap((entry): [string, ValueSource | 'own'][] =>
    typeof entry === 'string' ? [[entry, 'own']] : Object.entries(entry),
  )
}

/** The list with its paths made absolute. */
export function absoluteEntries(entries: EnvironmentEntries, absolute: (path: string) => string): EnvironmentEntries {
  return entries.map((entry) =>
    typeof entry === 'string'
      ? entry
      : Object.fromEntries(
          Object.entries(entry).map(([name, source]) => [
            name,
            'file' in source ? { ...source, file: absolute(source.file) } : source,
          ]),
        ),
  )
}
