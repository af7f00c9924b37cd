import { describe, expect, test } from 'vitest'
import { configSchema } from '../../src/config/schema.js'
import { parseJobBody, type Job } from '../../src/job/job.js'
import { parseSessionName, sessionNameOf } from '../../src/session/name.js'
import { checkJob, planSession } from '../../src/session/plan.js'

const config = configSchema.parse({
  projects_dir: '/home/dev/projects',
  agents: { claude: { kind: 'claude' }, cat: { kind: 'command', command: ['cat'] } },
})

const layouts = ['default', 'wider']

function job(fields: Record<string, unknown>): Job {
  const parsed = parseJobBody({ project_name: 'shop', repo_url: 'https://github.com/acme/shop.git', ...fields })
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems))
  return parsed.job
}

describe('planSession', () => {
  test('says where everything will be', () => {
    expect(planSession(job({ branch: 'next', agent: 'cat' }), config, layouts)).toMatchObject({
      ok: true,
      plan: {
        name: 'shop-dev',
        project: 'shop',
        repository: { url: 'https://github.com/acme/shop.git', owner: 'acme', name: 'shop' },
        branch: 'next',
        workingCopy: '/home/dev/projects/shop',
        agentName: 'cat',
        agent: { kind: 'command', command: ['cat'] },
      },
    })
  })

  test.each([
    ['repo_url', { repo_url: 'https://user:secret@github.com/a/b' }],
    ['repo_url', { repo_url: 'ext::sh -c id' }],
    ['repo_url', { repo_url: 'http://127.0.0.1/a/b' }],
    ['branch', { branch: '--upload-pack=id' }],
    ['branch', { branch: 'a..b' }],
    ['agent', { agent: 'clade' }],
    ['agent', { agent: '__proto__' }],
    ['layout', { layout: 'wide' }],
    ['tracker', { tracker: ' \n\t' }],
  ])('refuses a bad %s, naming the field: %j', (field, wrong) => {
    const planned = planSession(job(wrong), config, layouts)
    expect(planned.ok ? [] : planned.problems.map((problem) => problem.field)).toEqual([field])
    expect(JSON.stringify(planned)).not.toContain('secret')
  })

  test('names the nearest known agent', () => {
    expect(checkJob(job({ agent: 'clade' }), config, layouts)).toEqual([
      { field: 'agent', message: 'no agent is called "clade"', remedy: 'use claude' },
    ])
  })

  test('tells all that is wrong at once', () => {
    const planned = planSession(job({ branch: '-x', agent: 'none', layout: 'wide' }), config, layouts)
    expect(planned.ok ? [] : planned.problems.map((problem) => problem.field)).toEqual(['branch', 'agent', 'layout'])
  })
})

describe('a session name', () => {
  test.each([
    ['test-app', 'test-app-dev'],
    ['a.b', 'a-b-dev'],
    ['x'.repeat(64), `${'x'.repeat(64)}-dev`],
  ])('of %s is %s', (project, name) => {
    expect(sessionNameOf(project)).toBe(name)
    expect(parseSessionName(name)).toBe(name)
  })

  test.each(['', '../x', 'a b', 'a/b', '#(id)', 'a:b', 'x'.repeat(81)])('is never %j', (text) => {
    expect(parseSessionName(text)).toBeUndefined()
  })
})
