import { Liquid } from 'liquidjs'
import { parseJobBody, type Job } from '../../job/job.js'
import { formatFieldProblem } from '../../support/field-problem.js'
import { messageOf } from '../../support/problem.js'
import { printable } from '../../support/text.js'
import { commandOf, parsePayload, valuesAt, type Payload } from './payload.js'
import type { Condition, Rule } from './rules.js'
import { isTrustedActor, isTrustedText, refusedBecause, type TrustPolicy } from './trust.js'

/** What an event comes to. `steps`: what was looked at, for the one who asks why. */
export type Decision =
  | {
      readonly kind: 'job'
      readonly rule: string
      readonly job: Job
      /** `acme/shop#7`: two events of one subject are about the same session. */
      readonly subject: string
      readonly sender: string | null
      readonly steps: readonly string[]
    }
  | { readonly kind: 'ignored'; readonly reason: string; readonly steps: readonly string[] }

/**
 * Decides what a verified event does: the first rule that fits makes a job, everything else is ignored with a reason.
 * Text from outside becomes values of job fields and nothing else; the job is then checked like any other.
 */
export async function decideEvent(
  event: string,
  body: unknown,
  rules: readonly Rule[],
  policy: TrustPolicy,
): Promise<Decision> {
  const payload = parsePayload(body)
  const ignored = (reason: string, steps: readonly string[] = []): Decision => ({ kind: 'ignored', reason, steps })
  if (payload === undefined) return ignored('the payload is not of the form that GitHub documents')
  const refused = refusedBecause(payload, policy)
  if (refused !== undefined) return ignored(refused)
  const facts = { ...payload, subject: subjectOf(payload, policy), command: commandOf(payload) }
  const steps: string[] = []
  let nearly: string | undefined
  for (const rule of rules) {
    const unfit = unfitBecause(rule, event, payload.action, facts)
    if (unfit !== undefined) {
      steps.push(`${rule.name}: ${unfit}`)
      continue
    }
    if (rule.who === 'trusted' && !isTrustedActor(payload, policy)) {
      nearly = `${payload.sender?.login ?? 'the sender'} may not do this (github.trusted, github.senders)`
      steps.push(`${rule.name}: ${nearly}`)
      continue
    }
    return await applyRule(rule, payload, facts, [...steps, `${rule.name}: fits`])
  }
  if (facts.command?.verb === 'other') nearly ??= `the command /dev ${printable(facts.command.word, 40)} is not known`
  const what =
    payload.action === undefined ? printable(event, 60) : `${printable(event, 60)} ${printable(payload.action, 60)}`
  return ignored(nearly ?? `no rule maps ${what} to a job`, steps)
}

/** Why a rule is not for this event; undefined: it is. */
function unfitBecause(rule: Rule, event: string, action: string | undefined, facts: unknown): string | undefined {
  if (!rule.event.includes(event)) return `it is for ${rule.event.join(', ')}`
  if (rule.action !== undefined && !rule.action.includes(action ?? '')) return `it is for ${rule.action.join(', ')}`
  const failing = rule.when.find((condition) => !holds(condition, facts))
  return failing === undefined ? undefined : `${failing.field} is not what it asks for`
}

function holds(condition: Condition, facts: unknown): boolean {
  const values = valuesAt(facts, condition.field)
  if ('exists' in condition) return values.length > 0 === condition.exists
  if ('equals' in condition) return values.includes(condition.equals)
  if ('one_of' in condition) return condition.one_of.some((value) => values.includes(value))
  const texts = values.filter((value) => typeof value === 'string')
  if ('starts_with' in condition) return texts.some((text) => text.startsWith(condition.starts_with))
  return texts.some((text) => text === condition.label || text.startsWith(`${condition.label}:`))
}

/** What the templates and filters see of an issue or pull request. Text of a stranger is not in it unless allowed. */
interface Subject {
  readonly reference: string
  readonly number: number
  readonly url: string
  readonly title: string
  readonly body: string
  readonly included: boolean
}

function subjectOf(payload: Payload, policy: TrustPolicy): Subject | undefined {
  const source = payload.pull_request ?? payload.issue
  if (source === undefined) return undefined
  const included = policy.untrusted_text === 'include' || isTrustedText(payload, policy)
  return {
    reference: `${payload.repository?.full_name ?? ''}#${source.number.toString()}`,
    number: source.number,
    url: source.html_url ?? '',
    title: included ? source.title : '',
    body: included ? (source.body ?? '') : '',
    included,
  }
}

async function applyRule(
  rule: Rule,
  payload: Payload,
  facts: { readonly subject: Subject | undefined },
  steps: readonly string[],
): Promise<Decision> {
  const fields: Record<string, string> = {}
  for (const [field, template] of Object.entries(rule.job)) {
    let text: string
    try {
      text = await renderField(template, facts)
    } catch (error) {
      const reason = `the rule "${rule.name}" can't be followed: ${field}: ${printable(messageOf(error), 200)}`
      return { kind: 'ignored', reason, steps }
    }
    if (text.trim() !== '') fields[field] = field === 'tracker' ? text : text.trim()
  }
  const parsed = parseJobBody(fields)
  if (!parsed.ok) {
    const reason = `the rule "${rule.name}" gives no valid job: ${parsed.problems.map(formatFieldProblem).join('; ')}`
    return { kind: 'ignored', reason, steps }
  }
  return {
    kind: 'job',
    rule: rule.name,
    job: parsed.job,
    subject: facts.subject?.reference ?? `${payload.repository?.full_name ?? ''} ${parsed.job.project_name}`,
    sender: payload.sender?.login ?? null,
    steps,
  }
}

/** Only values of the payload's own are seen, nothing of their prototypes; rendering is bounded in time and size. */
const liquid = new Liquid({
  ownPropertyOnly: true,
  strictFilters: true,
  renderLimit: 1000,
  memoryLimit: 50_000_000,
  parseLimit: 100_000,
})

/** `shop`, 7 → `shop-7`: at most 64 characters of which the number is kept, beginning with a letter or digit. */
liquid.registerFilter('project', (name: unknown, number: unknown) => {
  const end = typeof number === 'number' ? `-${number.toString()}` : ''
  const safe = String(name)
    .replace(/[^A-Za-z0-9._-]/g, '-')
    .replace(/^[^A-Za-z0-9]+/, '')
  return `${safe.slice(0, 64 - end.length)}${end}`.replace(/^-/, '')
})

/** `dev-session:react-typescript` → `react-typescript`; of several labels the first that carries a hint. */
liquid.registerFilter('hint', (labels: unknown) => {
  const names = Array.isArray(labels) ? valuesAt(labels, 'name') : [labels]
  const hinting = names.find((name) => typeof name === 'string' && /^dev-session:./.test(name))
  return typeof hinting === 'string' ? hinting.slice('dev-session:'.length).trim().slice(0, 200) : ''
})

/** The tracker of a session for an issue or pull request: its text as a quotation, or the word that it was left out. */
liquid.registerFilter('tracker', (subject: unknown) => (isSubject(subject) ? trackerFor(subject) : ''))

function isSubject(value: unknown): value is Subject {
  return typeof value === 'object' && value !== null && 'reference' in value && 'included' in value
}

function trackerFor(subject: Subject): string {
  const head = ['# Progress tracker', '', `This session is about ${subject.reference}: ${subject.url}`, '']
  const steps = [
    '## Next steps',
    '',
    '- [ ] Read the repository and what is asked for',
    '- [ ] List the steps here',
    '',
  ]
  if (!subject.included) {
    const left = 'Its text was written by somebody who is not trusted here, and is left out. Ask a person what to do.'
    return [...head, left, '', ...steps].join('\n')
  }
  const text = `${subject.title}\n\n${subject.body}`.slice(0, 500_000).trimEnd()
  const quoted = text.split(/\r?\n/).map((line) => (line === '' ? '>' : `> ${line}`))
  return [...head, 'What was written there:', '', ...quoted, '', ...steps].join('\n')
}

/** The templates of the rules that were used, parsed: the rules stay the same while the daemon runs. */
const parsedTemplates = new Map<string, ReturnType<typeof liquid.parse>>()

async function renderField(template: string, facts: object): Promise<string> {
  const parsed = parsedTemplates.get(template) ?? liquid.parse(template)
  parsedTemplates.set(template, parsed)
  const rendered: unknown = await liquid.render(parsed, facts)
  return String(rendered)
}
