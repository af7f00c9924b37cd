import { beforeEach, describe, expect, it } from 'vitest'
import { createApp } from '../src/app.js'

let app: ReturnType<typeof createApp>

beforeEach(() => {
  app = createApp({ production: true })
})

async function ask(query: string, variables: Record<string, unknown> = {}): Promise<unknown> {
  const response = await app.fetch('http://localhost/graphql', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ query, variables }),
  })
  return response.json()
}

const addNote = 'mutation ($text: String!) { addNote(text: $text) { id text } }'

describe('notes', () => {
  it('begin with none', async () => {
    expect(await ask('{ notes { id } }')).toEqual({ data: { notes: [] } })
  })

  it('are kept in their order', async () => {
    expect(await ask(addNote, { text: ' buy milk ' })).toEqual({ data: { addNote: { id: '1', text: 'buy milk' } } })
    await ask(addNote, { text: 'call home' })
    expect(await ask('{ notes { text } }')).toEqual({ data: { notes: [{ text: 'buy milk' }, { text: 'call home' }] } })
  })

  it('say what is wrong with an empty one', async () => {
    expect(await ask(addNote, { text: ' ' })).toMatchObject({
      errors: [{ message: 'text: it is empty', extensions: { code: 'BAD_USER_INPUT' } }],
    })
  })
})

describe('the server', () => {
  it('refuses what is not in the schema', async () => {
    expect(await ask('{ secrets }')).toMatchObject({
      errors: [{ message: expect.stringContaining('secrets') as string }],
    })
  })

  it('says that it is healthy', async () => {
    expect((await app.fetch('http://localhost/healthz')).status).toBe(200)
  })
})
