import { homedir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { Problem } from '../../src/support/problem.js'
import { childEnvironment, describeFailure, run } from '../../src/support/process.js'

/**
 * What the steps of a recipe are given: a home and a folder for temporary files of their own, Debian's programs before
 * others, and this machine's way to the npm registry with npm's cache, which is shared.
 */
export function environmentIn(folder: string, nodeFolder: string): Record<string, string> {
  const passed = Object.entries(process.env).filter(
    ([name, value]) => value !== undefined && /^(?:(?:https?|no)_proxy|NODE_EXTRA_CA_CERTS|SSL_CERT_FILE)$/i.test(name),
  ) as [string, string][]
  return childEnvironment(process.env, {
    ...Object.fromEntries(passed),
    HOME: join(folder, 'home'),
    TMPDIR: join(folder, 'tmp'),
    PATH: [...new Set([nodeFolder, '/usr/bin', '/bin', ...ownPath()])].join(delimiter),
    CI: 'true',
    NO_COLOR: '1',
    npm_config_cache: process.env['npm_config_cache'] ?? join(homedir(), '.npm'),
    npm_config_userconfig: process.env['npm_config_userconfig'] ?? join(homedir(), '.npmrc'),
    npm_config_update_notifier: 'false',
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_CONFIG_GLOBAL: '/dev/null',
  })
}

/** The PATH without what `npm run` has put there: a project must not find the programs of this one. */
function ownPath(): readonly string[] {
  const entries = (process.env['PATH'] ?? '').split(delimiter)
  return entries.filter((entry) => entry !== '' && !/\/node_modules\/\.bin$|\/node-gyp-bin$/.test(entry))
}

/** The folder of a node of at least that version: of the running one, or of npm's copy. */
export async function nodeFolderFor(least: 24 | undefined, folder: string, signal: AbortSignal): Promise<string> {
  const running = dirname(process.execPath)
  if (least === undefined || Number.parseInt(process.versions.node, 10) >= least) return running
  const packaged = `node@${least.toString()}`
  const done = await run('npx', ['--yes', '--package', packaged, '--', 'node', '-p', 'process.execPath'], {
    timeoutMs: 300_000,
    cwd: folder,
    env: environmentIn(folder, running),
    signal,
  })
  if (done.ended === 'exited' && done.code === 0) return dirname(done.stdout.trim())
  const because = describeFailure(done)
  throw new Problem({ doing: `get ${packaged} from npm`, because, remedy: 'see whether the registry can be reached' })
}
