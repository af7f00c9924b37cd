import { createApp } from './app.js'

const port = Number(process.env['PORT'] ?? 3000)
const host = process.env['HOST'] ?? '127.0.0.1'

const server = createApp().listen(port, host, () => {
  console.log(`Listening on http://${host}:${String(port)}`)
})

server.once('error', (error) => {
  console.error(`Cannot listen on ${host}:${String(port)}: ${error.message}`)
  process.exitCode = 1
})

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    server.close()
    server.closeIdleConnections()
  })
}
