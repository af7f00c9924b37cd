import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { createApp } from '../src/app.js'

const server = createApp()
let base: string

beforeAll(async () => {
  server.listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  base = `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`
})

afterAll(async () => {
  server.closeAllConnections()
  await new Promise((resolve) => server.close(resolve))
})

it.each([
  ['/healthz', 200, { status: 'ok' }],
  ['/greeting?name=Ada', 200, { greeting: 'Hello, Ada!' }],
  ['/greeting', 400, { error: 'the name is empty' }],
  ['/nowhere', 404, { error: 'There is nothing at this address' }],
])('GET %s', async (path, status, body) => {
  const response = await fetch(`${base}${path}`)
  expect(response.status).toBe(status)
  expect(await response.json()).toEqual(body)
})
