import { randomBytes } from 'node:crypto'
import { resolve } from 'node:path'
import type { CommandContext, ExitCode } from './context.js'
import { readFacts } from './install/facts.js'
import { needRoot } from './install/need-root.js'
import { planInstall, type InstallPlan } from './install/plan.js'
import { formatReport, formatSecrets } from './install/report.js'
import { applyStep, formatStep } from './install/step.js'

/**
 * `devorch install`: makes this program a service of the machine, for the sessions of one user. A second time it changes only
 * what is out of date: it is the upgrade, too. @throws Problem
 */
export async function install(
  context: CommandContext,
  options: { readonly user: string | undefined; readonly dryRun: boolean },
): Promise<ExitCode> {
  const { environment } = context
  await needRoot('install')
  const given = context.home ?? environment['DEVORCH_HOME']
  const home = given === undefined || given === '' ? undefined : resolve(given)
  const facts = await readFacts({ user: options.user, home }, environment)
  const plan = planInstall(facts, { githubSecret: randomSecret(), token: randomSecret() })
  if (options.dryRun) {
    if (plan.steps.length === 0) context.print('nothing to do')
    for (const line of plan.steps.flatMap(formatStep)) context.print(line)
    for (const note of plan.notes) context.print(`note: ${note}`)
    return 0
  }
  await apply(context, plan)
  for (const line of formatReport(facts, plan)) context.print(line)
  return 0
}

/** What was made is shown also where a later step fails: it is told this once. */
async function apply(context: CommandContext, plan: InstallPlan): Promise<void> {
  let secretsWritten = 0
  try {
    for (const step of plan.steps) {
      context.print(`${step.kind === 'command' ? step.args.join(' ') : step.path}: ${step.what}`)
      await applyStep(step, context.environment)
      if (step.kind === 'file' && step.secret === true) secretsWritten += 1
    }
  } finally {
    if (secretsWritten > 0) for (const line of formatSecrets(plan.made)) context.print(line)
  }
}

function randomSecret(): string {
  return randomBytes(32).toString('hex')
}
