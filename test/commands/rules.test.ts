import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { parseJobId } from '../../src/job/id.js'
import { makeWorkplace } from './workplace.js'

const payload = {
  action: 'labeled',
  repository: { name: 'shop', full_name: 'acme/shop', clone_url: 'https://github.com/acme/shop.git' },
  sender: { login: 'ann', type: 'User' },
  issue: { number: 7, title: 'Totals', body: 'wrong', state: 'open', author_association: 'OWNER' },
  label: { name: 'dev-session' },
}

it('config rules lists the rules in force', async () => {
  const place = await makeWorkplace()
  const shown = await place.devorch(['config', 'rules'])
  expect(shown.code).toBe(0)
  expect(shown.stdout).toMatch(
    /^RULE +EVENT +ACTION +WHO +JOB +PROJECT\nissue labelled +issues +labeled +anyone +create/,
  )
  const listed = await place.devorch(['config', 'rules', '--json'])
  expect(JSON.parse(listed.stdout)).toContainEqual(expect.objectContaining({ name: 'command /dev', who: 'trusted' }))
  expect((await place.devorch(['config', '--json'])).stdout).toContain('"github.rules"')
})

it('config try-event tells what a payload would do, and queues nothing', async () => {
  const place = await makeWorkplace()
  const file = join(place.folder, 'payload.json')
  await writeFile(file, JSON.stringify(payload))
  const tried = await place.devorch(['config', 'try-event', 'issues', file, '--json'])
  expect(JSON.parse(tried.stdout)).toMatchObject({
    kind: 'job',
    rule: 'issue labelled',
    job: { project_name: 'shop-7' },
  })
  expect((await place.devorch(['config', 'try-event', 'star', file])).stdout).toContain(
    'no rule maps star labeled to a job',
  )
  expect((await place.devorch(['jobs'])).stdout).toBe('')
  await writeFile(file, 'no json')
  expect(await place.devorch(['config', 'try-event', 'issues', file])).toMatchObject({ code: 1 })
})

it('rules of one’s own that are wrong stop the start, with the line', async () => {
  const place = await makeWorkplace()
  const file = join(place.folder, 'rules.yaml')
  await writeFile(file, 'rules:\n  - name: mine\n    evnt: issues\n    job: { project_name: x }\n')
  await place.configure({ github: { rules: file } })
  for (const args of [['serve'], ['config', 'rules']]) {
    const ended = await place.devorch(args)
    expect(ended.code).toBe(1)
    expect(ended.stderr).toMatch(/line 3, column 5: rules\.0\.evnt: unknown field; did you mean event\?/)
  }
})

it('a job file with an idempotency key is submitted once', async () => {
  const place = await makeWorkplace()
  await place.configure()
  await place.devorch(['pause'])
  const input = `project_name: shop\nrepo_url: ${place.repository}\nidempotency_key: a-1\n...\n`
  const first = await place.devorch(['submit', '-'], { input })
  expect(parseJobId(first.stdout.trim())).toBeDefined()
  expect(await place.devorch(['submit', '-'], { input })).toMatchObject({ code: 0, stdout: first.stdout })
})
