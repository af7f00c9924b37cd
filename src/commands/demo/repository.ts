import { mkdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { runGit, type GitRun } from '../../repo/git.js'
import { publish } from '../../support/files.js'
import { Problem } from '../../support/problem.js'
import { exists } from './place.js'

const readme = `# Demo app

A small repository that \`devorch demo\` made. The template that the webhook named added the rest, and left this
file as it was.
`

/** Makes a bare repository with one commit on \`main\`, unless it is there already. @throws Problem */
export async function makeRepository(
  path: string,
  environment: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<'made' | 'there'> {
  if (await exists(path)) return 'there'
  const making = `${path}.making`
  const files = `${path}.files`
  // Left by a run that was cut off.
  await removeBoth(making, files)
  await mkdir(files, { recursive: true })
  const git = async (run: Pick<GitRun, 'args' | 'gitFolder'>): Promise<void> => {
    const identity = [
      ['user.name', 'devorch demo'],
      ['user.email', 'demo@example.com'],
    ] as const
    const result = await runGit({ folder: files, ...run, config: identity, environment, timeoutMs: 20_000, signal })
    if (result.ended === 'exited' && result.code === 0) return
    throw new Problem({
      doing: `make the demo's repository (git ${run.args.find((word) => !word.startsWith('-')) ?? ''})`,
      because: result.ended === 'exited' ? result.stderr.trim() : result.ended,
      remedy: 'see whether git works here: git --version',
    })
  }
  try {
    await publish(join(files, 'README.md'), readme, { mode: 0o644 })
    await git({ args: ['init', '--quiet', '--bare', '--', making] })
    await git({ args: [`--work-tree=${files}`, 'add', '--all'], gitFolder: making })
    await git({ args: [`--work-tree=${files}`, 'commit', '--quiet', '--message', 'Begin'], gitFolder: making })
    await rename(making, path)
  } finally {
    await removeBoth(making, files)
  }
  return 'made'
}

async function removeBoth(...paths: readonly string[]): Promise<void> {
  for (const path of paths) await rm(path, { recursive: true, force: true })
}
