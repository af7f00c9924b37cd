import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createApp } from '../src/app.js'

let server: Server
let base: string

beforeAll(async () => {
  server = createApp().listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  base = `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`
})

afterAll(async () => {
  server.closeAllConnections()
  await new Promise((resolve) => server.close(resolve))
})

function post(path: string, body: string): Promise<Response> {
  return fetch(`${base}${path}`, { method: 'POST', headers: { 'content-type': 'application/json' }, body })
}

describe('the API', () => {
  it('says that it is healthy', async () => {
    const response = await fetch(`${base}/healthz`)
    expect(response.status).toBe(200)
    expect(await response.json()).toEqual({ status: 'ok' })
  })

  it('greets by name', async () => {
    const response = await post('/greetings', JSON.stringify({ name: 'Ada' }))
    expect(response.status).toBe(201)
    expect(await response.json()).toEqual({ greeting: 'Hello, Ada!' })
  })

  it('says which field is missing', async () => {
    const response = await post('/greetings', '{}')
    expect(response.status).toBe(422)
    expect(await response.json()).toEqual({ error: 'name: a text is required' })
  })

  it('refuses what is not JSON', async () => {
    expect((await post('/greetings', '{')).status).toBe(400)
  })

  it('answers 405 for another method, and 404 elsewhere', async () => {
    expect((await fetch(`${base}/greetings`)).status).toBe(405)
    expect((await fetch(`${base}/nowhere`)).status).toBe(404)
  })
})
