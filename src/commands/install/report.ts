import { homeAt } from '../../config/home.js'
import type { InstallFacts } from './facts.js'
import { credentialsFolder } from './manifest.js'
import type { InstallPlan } from './plan.js'
import { groupName, unitNames } from './unit-files.js'

/** What stands where, and what is to be done next. */
export function formatReport(facts: InstallFacts, plan: InstallPlan): string[] {
  const { user, base, settings, program, manifest } = facts
  const address = `${settings.host}:${settings.port.toString()}`
  const rows = [
    ['program', `${program.main}, version ${program.version}`],
    ['home', `${base} (config.yaml, inbox/, state/, logs/)`],
    ['projects', settings.projects],
    ['inbox', `${homeAt(base).inbox}; to let NAME drop jobs: usermod -aG ${groupName} NAME`],
    ['credentials', credentialsFolder],
    ['units', Object.values(unitNames).join(', ')],
    ['calls', `http://${address}/create-session`],
  ]
  const isFirst = manifest === undefined || Object.keys(manifest.files).length === 0
  const heading =
    plan.steps.length === 0
      ? `nothing to do: it is installed for ${user.name}, and up to date`
      : `${isFirst ? 'installed' : 'brought up to date'} for ${user.name}`
  return [
    '',
    heading,
    ...rows.map(([what = '', where = '']) => `  ${what.padEnd(12)} ${where}`),
    ...plan.notes.map((note) => `note: ${note}`),
    ...(isFirst ? nextSteps(settings.publicHost, address) : []),
  ]
}

/** The secrets, this once. */
export function formatSecrets({ githubSecret, token }: InstallPlan['made']): string[] {
  return [
    '',
    'Made now, and not shown again:',
    ...(githubSecret === undefined ? [] : [`  webhook secret  ${githubSecret}`]),
    ...(token === undefined ? [] : [`  token           ${token}`]),
  ]
}

function nextSteps(publicHost: string | null, address: string): string[] {
  const url = `https://${publicHost ?? 'YOUR-HOST'}/create-session`
  return [
    '',
    'Next:',
    `  1. a proxy with a certificate leads https://${publicHost ?? 'YOUR-HOST'} to http://${address} (docs/github.md)`,
    `  2. in GitHub, Settings → Webhooks → Add webhook: Payload URL ${url}, content type application/json,`,
    '     the webhook secret from above; events: Issues, Issue comments, Pull requests',
    '  3. devorch doctor, as the user, says what is still missing',
  ]
}
