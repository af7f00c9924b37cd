import { fileURLToPath } from 'node:url'
import { Client } from '@modelcontextprotocol/client'
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

const main = fileURLToPath(new URL('../src/main.ts', import.meta.url))
const client = new Client({ name: 'test', version: '0.0.0' })

// As an application does it: the server is a process of its own, spoken to over its standard input and output.
beforeAll(async () => {
  await client.connect(new StdioClientTransport({ command: process.execPath, args: ['--import', 'tsx', main] }))
})

afterAll(async () => {
  await client.close()
})

describe('the server', () => {
  it('describes its tools', async () => {
    const { tools } = await client.listTools()
    expect(tools.map(({ name }) => name)).toEqual(['count-words'])
    for (const tool of tools) expect(tool.description, tool.name).toMatch(/\w/)
  })
})

describe('count-words', () => {
  it('counts', async () => {
    const result = await client.callTool({ name: 'count-words', arguments: { text: 'so much depends\nupon' } })
    expect(result.structuredContent).toEqual({ words: 4 })
    expect(result.content).toEqual([{ type: 'text', text: '{"words":4}' }])
  })

  it('refuses what its schema does not allow', async () => {
    const result = await client.callTool({ name: 'count-words', arguments: { text: 5 } })
    expect(result.isError).toBe(true)
  })
})
