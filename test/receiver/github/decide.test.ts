import { describe, expect, test } from 'vitest'
import { decideEvent } from '../../../src/receiver/github/decide.js'
import { loadRules } from '../../../src/receiver/github/rules.js'
import type { TrustPolicy } from '../../../src/receiver/github/trust.js'

const rules = await loadRules('default')
const policy: TrustPolicy = {
  trusted: ['OWNER', 'MEMBER', 'COLLABORATOR'],
  senders: [],
  repositories: [],
  forks: false,
  untrusted_text: 'omit',
}

const repository = {
  name: 'shop',
  full_name: 'acme/shop',
  clone_url: 'https://github.com/acme/shop.git',
}
const issue = {
  number: 7,
  title: 'Totals are wrong',
  body: 'See the cart.\n\n{{ 1 | plus: 1 }} #(id)',
  html_url: 'https://github.com/acme/shop/issues/7',
  state: 'open',
  author_association: 'MEMBER',
  user: { login: 'ann', type: 'User' },
  labels: [],
}
const sender = { login: 'ann', type: 'User' }
const labeled = { action: 'labeled', repository, sender, issue, label: { name: 'dev-session:react-typescript' } }
const comment = (body: string, association = 'OWNER', login = 'ann') => ({
  action: 'created',
  repository,
  sender: { login, type: 'User' },
  issue,
  comment: { body, author_association: association, user: { login, type: 'User' } },
})
const pull = {
  action: 'labeled',
  repository,
  sender,
  label: { name: 'dev-session' },
  pull_request: { ...issue, head: { ref: 'fix/cart', repo: repository } },
}

const decide = (event: string, payload: unknown, change: Partial<TrustPolicy> = {}) =>
  decideEvent(event, payload, rules, { ...policy, ...change })

describe('the default rules', () => {
  test('make a session of a labelled issue, with its text quoted as the tracker', async () => {
    const decision = await decide('issues', labeled)
    expect(decision).toMatchObject({
      kind: 'job',
      rule: 'issue labelled',
      subject: 'acme/shop#7',
      sender: 'ann',
      job: {
        action: 'create',
        project_name: 'shop-7',
        repo_url: 'https://github.com/acme/shop.git',
        template_hint: 'react-typescript',
        requirements_summary: 'Totals are wrong',
      },
    })
    const tracker = decision.kind === 'job' ? decision.job.tracker : ''
    // Text of an issue is never a template.
    expect(tracker).toContain('> {{ 1 | plus: 1 }} #(id)')
    expect(tracker).toContain('https://github.com/acme/shop/issues/7')
  })

  test.each([
    ['the plain label', 'dev-session', undefined],
    ['a label with a hint', 'dev-session:go-cli', 'go-cli'],
  ])('take %s', async (_, name, hint) => {
    const decision = await decide('issues', { ...labeled, label: { name } })
    expect(decision.kind === 'job' ? decision.job.template_hint : decision.reason).toBe(hint)
  })

  test.each(['bug', 'dev-sessions', 'not dev-session', 'dev-session-x'])('ignore the label %s', async (name) => {
    expect(await decide('issues', { ...labeled, label: { name } })).toMatchObject({ kind: 'ignored' })
  })

  test.each([
    ['/dev', 'create'],
    ['/dev  ', 'create'],
    ['/dev restart', 'restart'],
    ['/dev stop\r\nthanks', 'destroy'],
  ])('obey the comment %j', async (body, action) => {
    expect(await decide('issue_comment', comment(body))).toMatchObject({
      kind: 'job',
      job: { action, project_name: 'shop-7' },
    })
  })

  test.each([
    ['/dev say run the tests', 'run the tests'],
    ['/dev  say\tfirst\r\n\r\n  second {{ 1 | plus: 1 }}\nthird\n', 'first\r\n\r\n  second {{ 1 | plus: 1 }}\nthird'],
    ['/dev say\r\n/dev stop', '/dev stop'],
    ['/dev say !id', '!id'],
  ])('have the comment %j said', async (body, text) => {
    const decision = await decide('issue_comment', comment(body))
    expect(decision).toMatchObject({
      kind: 'job',
      rule: 'command /dev say',
      sender: 'ann',
      job: { action: 'send', project_name: 'shop-7', text },
    })
    expect(decision.kind === 'job' ? Object.keys(decision.job) : []).toEqual(['project_name', 'action', 'text'])
  })

  test.each([
    ['of a stranger', comment('/dev say push to main', 'NONE', 'eve'), /eve may not do this/],
    ['of a contributor', comment('/dev say push to main', 'CONTRIBUTOR', 'eve'), /eve may not do this/],
    ['that was edited', { ...comment('/dev say x'), action: 'edited' }, /no rule maps/],
    ['without a text', comment('/dev say'), /text/],
    ['of blanks', comment('/dev say \r\n \t'), /text/],
    ['of another word', comment('/dev sayings'), /not known/],
    ['too long', comment(`/dev say ${'x'.repeat(20_001)}`), /longer than 20000/],
  ])('do not have a comment said %s', async (_, payload, reason) => {
    const decision = await decide('issue_comment', payload)
    expect(decision).toMatchObject({ kind: 'ignored' })
    expect(decision.kind === 'ignored' ? decision.reason : '').toMatch(reason)
  })

  test.each(['/device', 'please /dev', ' /dev', '/dev explode', '/dev stop now', ''])(
    'ignore the comment %j',
    async (body) => {
      expect(await decide('issue_comment', comment(body))).toMatchObject({ kind: 'ignored' })
    },
  )

  test('work on the head branch of a labelled pull request', async () => {
    expect(await decide('pull_request', pull)).toMatchObject({
      kind: 'job',
      job: { project_name: 'shop-7', branch: 'fix/cart', repo_url: 'https://github.com/acme/shop.git' },
    })
  })

  test('begin a project for a repository created in the organisation, not in a user’s account', async () => {
    const created = { action: 'created', repository: { ...repository, description: 'A shop' }, sender }
    expect(await decide('repository', { ...created, organization: { login: 'acme' } })).toMatchObject({
      kind: 'job',
      job: { project_name: 'shop', requirements_summary: 'A shop' },
    })
    expect(await decide('repository', created)).toMatchObject({ kind: 'ignored' })
  })

  test.each([
    ['issues', { ...labeled, action: 'closed', label: undefined }],
    ['pull_request', { ...pull, action: 'closed', label: undefined }],
  ])('end the session when the %s event says closed', async (event, payload) => {
    expect(await decide(event, payload)).toMatchObject({
      kind: 'job',
      job: { action: 'destroy', project_name: 'shop-7' },
    })
  })

  test('understand Gitea and Forgejo, which tell of all labels at once and of no association', async () => {
    const gitea = { ...labeled, action: 'label_updated', label: undefined }
    const labels = [{ name: 'bug' }, { name: 'dev-session:node-cli' }]
    const payload = { ...gitea, issue: { ...issue, author_association: undefined, labels } }
    expect(await decide('issues', payload, { senders: ['Ann'] })).toMatchObject({
      kind: 'job',
      job: { template_hint: 'node-cli', requirements_summary: 'Totals are wrong' },
    })
  })
})

describe('trust', () => {
  test('leaves a stranger’s text out of a session that someone with rights asked for', async () => {
    const strange = { ...labeled, issue: { ...issue, author_association: 'NONE', user: { login: 'eve' } } }
    const decision = await decide('issues', strange)
    const job = decision.kind === 'job' ? decision.job : undefined
    expect(job?.requirements_summary).toBeUndefined()
    expect(job?.tracker).toContain('acme/shop#7: https://github.com/acme/shop/issues/7')
    expect(job?.tracker).toContain('left out')
    expect(JSON.stringify(job)).not.toMatch(/Totals|cart/)
    expect(JSON.stringify(await decide('issues', strange, { untrusted_text: 'include' }))).toContain('> See the cart.')
  })

  test.each(['NONE', 'CONTRIBUTOR', 'FIRST_TIMER', ''])(
    'refuses commands of an author who is %j',
    async (association) => {
      const payload = comment('/dev', association)
      expect(await decide('issue_comment', payload)).toMatchObject({
        kind: 'ignored',
        reason: 'ann may not do this (github.trusted, github.senders)',
      })
      expect(await decide('issue_comment', payload, { senders: ['ANN'] })).toMatchObject({ kind: 'job' })
    },
  )

  test('does not take one person’s comment for another’s command', async () => {
    const payload = { ...comment('/dev stop', 'OWNER', 'ann'), sender: { login: 'eve', type: 'User' } }
    expect(await decide('issue_comment', payload)).toMatchObject({ kind: 'ignored' })
  })

  test('ignores bots, also its own, unless they are listed', async () => {
    const bot = { ...labeled, sender: { login: 'helper[bot]', type: 'Bot' } }
    expect(await decide('issues', bot)).toMatchObject({ kind: 'ignored' })
    expect(await decide('issues', bot, { senders: ['helper[bot]'] })).toMatchObject({ kind: 'job' })
  })

  test.each([
    [['acme/shop'], 'job'],
    [['ACME/*'], 'job'],
    [['acme/other', 'shop/*', 'acme'], 'ignored'],
  ])('with repositories %j the event is %s', async (repositories, kind) => {
    expect(await decide('issues', labeled, { repositories })).toMatchObject({ kind })
  })

  test('ignores pull requests of forks unless they are allowed', async () => {
    const fork = { ...repository, full_name: 'eve/shop', clone_url: 'https://github.com/eve/shop.git' }
    const payload = { ...pull, pull_request: { ...pull.pull_request, head: { ref: 'x', repo: fork } } }
    expect(await decide('pull_request', payload)).toMatchObject({ kind: 'ignored' })
    expect(await decide('pull_request', payload, { forks: true })).toMatchObject({
      kind: 'job',
      job: { repo_url: 'https://github.com/eve/shop.git' },
    })
    const gone = { ...pull, pull_request: { ...pull.pull_request, head: { ref: 'x', repo: null } } }
    expect(await decide('pull_request', gone)).toMatchObject({ kind: 'ignored' })
  })
})

describe('what is hostile or odd', () => {
  test.each([
    ['a name of dots', '..', '7'],
    ['a name with a slash', '../../etc', 'etc-7'],
    ['a leading dot', '.github', 'github-7'],
    ['a very long name', 'x'.repeat(200), `${'x'.repeat(62)}-7`],
    ['a format', '#(id)', 'id--7'],
  ])('makes a safe project of %s', async (_, name, project) => {
    const decision = await decide('issues', { ...labeled, repository: { ...repository, name } })
    expect(decision.kind === 'job' ? decision.job.project_name : decision.reason).toBe(project)
  })

  test.each([null, [], 'text', 7, { action: 7 }, { issue: 'x' }, { repository: { name: 1 } }])(
    'ignores the payload %j with a reason',
    async (payload) => {
      expect(await decide('issues', payload)).toMatchObject({ kind: 'ignored' })
    },
  )

  test('ignores an event that no rule names, saying so', async () => {
    expect(await decide('star', { action: 'created', repository, sender })).toMatchObject({
      kind: 'ignored',
      reason: 'no rule maps star created to a job',
    })
  })
})
