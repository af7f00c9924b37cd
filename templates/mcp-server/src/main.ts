#!/usr/bin/env node
import { serveStdio } from '@modelcontextprotocol/server/stdio'
import { createServer } from './server.js'

// stdout belongs to the protocol: messages for people go to stderr, by console.error.
const handle = serveStdio(createServer, { onerror: console.error })

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => void handle.close())
}
