import type { FastifyInstance } from 'fastify'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { buildApp } from '../src/app.js'

let app: FastifyInstance

beforeAll(async () => {
  app = await buildApp()
})

afterAll(async () => {
  await app.close()
})

describe('the API', () => {
  it('says that it is healthy', async () => {
    const response = await app.inject('/healthz')
    expect(response.statusCode).toBe(200)
    expect(response.json()).toEqual({ status: 'ok' })
  })

  it('greets by name', async () => {
    const response = await app.inject({ method: 'POST', url: '/greetings', payload: { name: 'Ada' } })
    expect(response.statusCode).toBe(201)
    expect(response.json()).toEqual({ greeting: 'Hello, Ada!' })
  })

  it('says which field is missing', async () => {
    const response = await app.inject({ method: 'POST', url: '/greetings', payload: {} })
    expect(response.statusCode).toBe(400)
    expect(response.json()).toMatchObject({ message: expect.stringContaining("'name'") as string })
  })

  it('refuses what is not JSON', async () => {
    const headers = { 'content-type': 'application/json' }
    const response = await app.inject({ method: 'POST', url: '/greetings', headers, payload: '{' })
    expect(response.statusCode).toBe(400)
  })

  it('answers 404 elsewhere', async () => {
    expect((await app.inject('/nowhere')).statusCode).toBe(404)
  })
})
