import { printable } from '../support/text.js'
import type { CommandContext, ExitCode } from './context.js'
import { findUser, standingSessions, unitStates } from './install/ask.js'
import { lookAtFile } from './install/facts.js'
import { readManifest } from './install/manifest.js'
import { needRoot } from './install/need-root.js'
import { applyStep, formatStep } from './install/step.js'
import { planUninstall } from './install/uninstall-plan.js'

/**
 * `devorch uninstall`: takes the service away again. Jobs, configuration and secrets stay unless they are purged; projects and
 * sessions stay in any case. @throws Problem
 */
export async function uninstall(
  context: CommandContext,
  options: { readonly purge: boolean; readonly dryRun: boolean },
): Promise<ExitCode> {
  const { environment } = context
  await needRoot('uninstall')
  const manifest = await readManifest()
  if (manifest === undefined) {
    context.print('nothing to do: install has made nothing here')
    return 0
  }
  const user = await findUser(manifest.user, environment)
  const paths = Object.keys(manifest.files)
  const plan = planUninstall(
    {
      manifest,
      files: new Map(await Promise.all(paths.map(async (path) => [path, await lookAtFile(path)] as const))),
      units: await unitStates(environment),
      sessions: user === undefined ? [] : await standingSessions(user, manifest.socket_name, environment),
    },
    options.purge,
  )
  if (plan.steps.length === 0) context.print('nothing to do')
  for (const step of plan.steps) {
    if (options.dryRun) {
      // Of what is kept of the manifest nobody needs to read the text.
      context.print(formatStep(step)[0] ?? '')
      continue
    }
    context.print(`${step.kind === 'command' ? step.args.join(' ') : step.path}: ${step.what}`)
    await applyStep(step, environment)
  }
  for (const note of plan.notes) context.print(printable(note, 1000))
  return 0
}
