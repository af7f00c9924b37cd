#!/usr/bin/env node
import { runCli } from './cli.js'
import { redactor } from './support/redact.js'
import { screenOf } from './support/screen.js'

const stopping = new AbortController()
const hurrying = new AbortController()
/** The first asks to end, the second to end at once, and what comes then is left to the system. */
const onSignal = (): void => {
  if (stopping.signal.aborted) {
    hurrying.abort()
    for (const signal of signals) process.off(signal, onSignal)
  }
  stopping.abort()
}
const signals = ['SIGINT', 'SIGTERM'] as const
for (const signal of signals) process.on(signal, onSignal)

/** The only place that ends the process. Output is flushed before: a pipe takes it asynchronously. */
async function exit(code: number): Promise<never> {
  await Promise.all([process.stdout, process.stderr].map((stream) => new Promise((done) => stream.write('', done))))
  process.exit(code)
}

// `devorch ls | head` ends the reader first.
process.stdout.on('error', () => {
  process.exit(0)
})

try {
  await exit(
    await runCli(process.argv.slice(2), {
      environment: process.env,
      print: (line) => process.stdout.write(`${line}\n`),
      complain: (line) => process.stderr.write(`${line}\n`),
      isTerminal: process.stdout.isTTY,
      screen: () => screenOf(process.stdin, process.stdout),
      signal: stopping.signal,
      hurry: hurrying.signal,
      onHangup: (listener) => {
        process.on('SIGHUP', listener)
      },
    }),
  )
} catch (error) {
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error)
  process.stderr.write(`devorch: unexpected failure\n${redactor()(text)}\n`)
  await exit(1)
}
