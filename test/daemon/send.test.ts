import { expect, test, vi } from 'vitest'
import { pasted, rawReader } from '../support/raw-reader.js'
import { temporaryFolder } from '../support/temporary.js'
import { createAndWait, get, makeLab } from './lab.js'

vi.setConfig({ testTimeout: 120_000 })
const patient = { timeout: 20_000 }

test('action: send by a call and by a file puts its text before the agent, once, and never as a command', async () => {
  const lab = await makeLab()
  const reader = rawReader(await temporaryFolder())
  const daemon = await lab.start({
    agents: { raw: { kind: 'command', command: reader.command } },
    default_agent: 'raw',
  })
  await createAndWait(daemon, { project_name: 'shop', repo_url: lab.repository })
  await expect.poll(() => reader.bytes(), patient).toBe('')

  const call = { project_name: 'shop', action: 'send', text: 'run\nthe tests', idempotency_key: 'once' }
  const answer = await createAndWait(daemon, call)
  expect(answer).toMatchObject({ status: 200, json: { status: 'success', session: 'shop-dev' } })
  const { job_id: id } = answer.json as { job_id: string }
  expect(await get(daemon, `/jobs/${id}`)).toMatchObject({
    json: { state: 'done', result: { status: 'sent', delivery: 'entered' } },
  })
  expect(await createAndWait(daemon, call)).toMatchObject({ json: { status: 'duplicate', job_id: id } })
  await lab.drop('say.yaml', 'project_name: shop\naction: send\ntext: |\n  and\n    the docs\n...\n')
  const all = [`${pasted('run\nthe tests')}\r`, `${pasted('and\n  the docs')}\r`].join('')
  await expect.poll(() => reader.bytes(), patient).toBe(all)

  const escape = await createAndWait(daemon, { ...call, idempotency_key: 'two', text: 'a\u001b[201~' })
  expect(escape).toMatchObject({ status: 422 })
  const command = await createAndWait(daemon, { ...call, idempotency_key: 'three', text: '!rm -rf ~' })
  expect(command).toMatchObject({ status: 500 })
  expect((command.json as { message: string }).message).toMatch(/begins with !.*command; begin with a word/)
  const nobody = await createAndWait(daemon, { project_name: 'other', action: 'send', text: 'text' })
  expect((nobody.json as { message: string }).message).toMatch(/knows no such session/)
  expect(await reader.bytes()).toBe(all)
})
