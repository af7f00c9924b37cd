import { lock } from 'proper-lockfile'
import { mkdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { testedClaudeVersion } from '../../src/agent/claude.js'
import { childEnvironment, describeFailure, run, type RunResult } from '../../src/support/process.js'

const installTimeoutMs = 300_000

/**
 * The real Claude Code, in the version that the project is tested with: installed once into the checkout's
 * `.cache/claude-code/` (364 MB), also when several test files ask at the same time.
 * @returns the path of `claude`; its folder is for PATH.
 */
export async function installClaudeCode(): Promise<string> {
  const folder = join(import.meta.dirname, '..', '..', '.cache', 'claude-code', testedClaudeVersion)
  const bin = join(folder, 'node_modules', '.bin', 'claude')
  await mkdir(folder, { recursive: true })
  const release = await lock(folder, {
    lockfilePath: `${folder}.lock`,
    stale: 20_000,
    retries: { retries: 600, factor: 1, minTimeout: 500, maxTimeout: 500 },
  })
  try {
    if (!(await isInstalled(bin))) await install(folder, bin)
  } finally {
    await release()
  }
  return bin
}

async function isInstalled(bin: string): Promise<boolean> {
  if ((await stat(bin).catch(() => undefined)) === undefined) return false
  const result = await run(bin, ['--version'], { timeoutMs: 30_000, env: childEnvironment(process.env) })
  return result.ended === 'exited' && result.code === 0 && result.stdout.startsWith(`${testedClaudeVersion} `)
}

/**
 * npm 11 runs no install script that is not allowed by the project, npm 10 knows no such list: so neither runs
 * one, and the package's own, which puts the program in place of a stub, is run by name.
 */
async function install(folder: string, bin: string): Promise<void> {
  const env = installEnvironment()
  const args = ['install', '--prefix', folder, '--no-save', '--no-audit', '--no-fund', '--ignore-scripts']
  const npm = await run('npm', [...args, `@anthropic-ai/claude-code@${testedClaudeVersion}`], {
    timeoutMs: installTimeoutMs,
    cwd: folder,
    env,
  })
  expectDone('npm install', npm)
  const own = join(folder, 'node_modules', '@anthropic-ai', 'claude-code')
  expectDone('install.cjs', await run(process.execPath, ['install.cjs'], { timeoutMs: 60_000, cwd: own, env }))
  if (!(await isInstalled(bin))) throw new Error(`${bin} is not Claude Code ${testedClaudeVersion}`)
}

function expectDone(what: string, result: RunResult): void {
  if (result.ended === 'exited' && result.code === 0) return
  throw new Error(`install Claude Code: ${what}: ${describeFailure(result)}\n${result.stderr}`)
}

/** Without what npm hands to the scripts it runs, but with how this machine reaches its registry. */
function installEnvironment(): Record<string, string> {
  const names =
    /^(?:npm_config_(?:registry|cafile|proxy|https_proxy|noproxy|userconfig|globalconfig)|.*_proxy|NODE_EXTRA_CA_CERTS|SSL_CERT_FILE)$/i
  const extra = Object.entries(process.env).flatMap(([name, value]) =>
    value !== undefined && names.test(name) ? [[name, value] as const] : [],
  )
  return childEnvironment(process.env, Object.fromEntries(extra))
}
