import * as z from 'zod'
import { environmentEntries, repositoryEnvironment } from './environment.js'

const name = z.string().min(1, 'is empty; give it a value or leave it out')
/** An empty secret would let everybody in. */
const secret = z.string().regex(/\S/, 'is empty; give it a value or leave it out')
const count = z.number().int().min(0)
const atLeastOne = z.number().int().min(1)
/** Of what a timer waits for: one of Node's takes at most 24 days, and fires at once beyond. */
const dayS = 24 * 60 * 60

const agent = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('claude'),
    command: z.array(name).min(1).default(['claude']),
    permission_mode: z
      .enum(['dontAsk', 'acceptEdits', 'plan', 'manual', 'auto', 'bypassPermissions'])
      .default('dontAsk'),
    allow: z.array(name).default(['Read', 'Glob', 'Grep', 'Edit', 'Write', 'Bash']),
    deny: z.array(name).default([]),
    repository_settings: z.enum(['ignore', 'use']).default('ignore'),
    environment: environmentEntries,
  }),
  z.strictObject({
    kind: z.literal('command'),
    command: z.array(name).min(1),
    send: z.boolean().optional(),
    environment: environmentEntries,
  }),
])

const credential = z.union([z.strictObject({ token_file: name }), z.strictObject({ ssh_key: name, known_hosts: name })])

/** Where a token is sent: nothing but https, or this machine. Without the slash at the end. */
const apiUrl = z
  .string()
  .refine(isApiUrl, 'is not the address of an API; use https://HOST/api/v3 for GitHub Enterprise Server')
  .transform((url) => url.replace(/\/+$/, ''))

function isApiUrl(text: string): boolean {
  if (!URL.canParse(text)) return false
  const { protocol, hostname, username, password, search, hash } = new URL(text)
  const isLoopback = /^(?:localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(hostname)
  if (protocol !== 'https:' && !(protocol === 'http:' && isLoopback)) return false
  return `${username}${password}${search}${hash}` === '' && !/[{}\s?#]/.test(text)
}

/**
 * config.yaml: every key optional, the defaults those of the documentation. The keys keep the file's spelling in
 * the code, so that a word has one form wherever it stands.
 */
export const configSchema = z.strictObject({
  server: z
    .strictObject({
      host: name.default('127.0.0.1'),
      port: z.number().int().min(0).max(65535).default(8080),
      trusted_proxies: z.array(name).default([]),
      public_host: name.nullable().default(null),
    })
    .prefault({}),
  auth: z
    .strictObject({
      github_secrets: z.array(secret).default([]),
      tokens: z.array(secret).default([]),
      basic: z.array(z.strictObject({ user: name, password: secret })).default([]),
    })
    .prefault({}),
  limits: z
    .strictObject({
      queued_jobs: count.default(10_000),
      requests_per_minute: count.default(300),
      body_mb: z.number().positive().max(100).default(25),
    })
    .prefault({}),
  projects_dir: name.default('~/projects'),
  repositories: z
    .strictObject({
      protocols: z.array(z.enum(['https', 'ssh', 'http', 'git', 'file'])).default(['https', 'ssh']),
      hosts: z.array(name).default([]),
      private_addresses: z.boolean().default(false),
      credentials: z.record(name, credential).default({}),
      environment: repositoryEnvironment,
      mirrors_gb: z.number().min(0).default(20),
    })
    .prefault({}),
  worker: z
    .strictObject({
      concurrency: atLeastOne.default(2),
      attempts: atLeastOne.default(3),
      step_timeout_s: atLeastOne.max(dayS).default(600),
      max_sessions: count.default(0),
      min_free_memory_mb: count.default(1024),
    })
    .prefault({}),
  inbox: z
    .strictObject({
      quiet_ms: count.default(2000),
      rescan_ms: count
        .min(100)
        .max(dayS * 1000)
        .default(5000),
      require_end_marker: z.boolean().default(false),
    })
    .prefault({}),
  retention: z
    .strictObject({
      done_days: count.default(90),
      failed_days: count.default(90),
      records: count.default(10_000),
      trash_days: count.default(14),
      trash_free_gb: z.number().min(0).default(2),
    })
    .prefault({}),
  tmux: z
    .strictObject({
      socket_name: z
        .string()
        .regex(/^[A-Za-z0-9_-]{1,64}$/, 'must be a plain name; use letters, digits, _ and -')
        .default('default'),
    })
    .prefault({}),
  templates_dirs: z.array(name).default([]),
  layout: name.default('default'),
  watch: z.enum(['own', 'any', 'off']).default('own'),
  default_agent: name.default('claude'),
  agents: z.record(name, agent).default({}),
  environment: environmentEntries,
  sessions: z
    .strictObject({
      restore: z.boolean().default(true),
      killed: z.enum(['record', 'restore']).default('record'),
      resume_attempts: count.default(3),
      idle_days: count.default(0),
      ttl_days: count.default(0),
    })
    .prefault({}),
  github: z
    .strictObject({
      rules: name.default('default'),
      trusted: z.array(name).default(['OWNER', 'MEMBER', 'COLLABORATOR']),
      senders: z.array(name).default([]),
      repositories: z.array(name).default([]),
      forks: z.boolean().default(false),
      untrusted_text: z.enum(['omit', 'include']).default('omit'),
      token_file: name.nullable().default(null),
      api_url: apiUrl.default('https://api.github.com'),
      comment: z.boolean().default(true),
    })
    .prefault({}),
  log: z
    .strictObject({
      level: z.enum(['error', 'warn', 'info', 'debug']).default('info'),
      days: atLeastOne.default(14),
    })
    .prefault({}),
})

/** The configuration in force. */
export type Config = z.infer<typeof configSchema>
export type AgentConfig = z.infer<typeof agent>

/** Where a value in force came from. */
export type Source = 'default' | 'file' | 'environment' | 'credential'
