import { Problem } from '../../src/support/problem.js'
import { describeFailure, run } from '../../src/support/process.js'

const env = { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LANG: 'C.UTF-8', DEBIAN_FRONTEND: 'noninteractive' }

/** The versions of those packages that are installed, by name. */
export async function installedVersions(packages: readonly string[]): Promise<ReadonlyMap<string, string>> {
  if (packages.length === 0) return new Map()
  const format = '${Package}\t${db:Status-Abbrev}\t${Version}\n'
  // It ends with 1 where it does not know one of them, and tells of the others all the same.
  const done = await run('dpkg-query', ['--show', '--showformat', format, '--', ...packages], {
    timeoutMs: 30_000,
    env,
  })
  const versions = new Map<string, string>()
  for (const line of done.stdout.split('\n')) {
    const [name, state, version] = line.split('\t')
    if (name !== undefined && state?.startsWith('ii') === true && version !== undefined) versions.set(name, version)
  }
  return versions
}

/** Installs packages; for root. @throws Problem */
export async function installPackages(packages: readonly string[]): Promise<void> {
  const apt = (...args: readonly string[]) =>
    run('apt-get', ['-q', '-o', 'DPkg::Lock::Timeout=300', ...args], { timeoutMs: 1_200_000, env })
  const install = () => apt('install', '-y', '--no-install-recommends', '--', ...packages)
  const first = await install()
  if (first.ended === 'exited' && first.code === 0) return
  // The lists of a fresh image are empty or old.
  await apt('update')
  const second = await install()
  if (second.ended === 'exited' && second.code === 0) return
  throw new Problem({
    doing: `install ${packages.join(' ')}`,
    because: describeFailure(second),
    remedy: 'install them by hand',
  })
}
