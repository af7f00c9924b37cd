import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { onTestFinished } from 'vitest'

/** How the next requests for a message are answered. */
export type Answer =
  | { readonly kind: 'text'; readonly text: string; readonly delayMs?: number }
  | { readonly kind: 'tool'; readonly name: string; readonly input: Readonly<Record<string, unknown>> }
  | {
      readonly kind: 'error'
      readonly status: number
      readonly type: string
      readonly headers?: Readonly<Record<string, string>>
    }

/** A request for a message, as far as the tests look at it. */
export interface MessageRequest {
  /** All texts of `system`, joined with blank lines. */
  readonly system: string
  /** All texts of the messages of the role `user`, joined with blank lines. */
  readonly user: string
  /** Names of the tools that were offered; the requests of the conversation itself have many, side requests none. */
  readonly tools: readonly string[]
}

/** A stand-in for the Messages API on loopback. */
export interface MessagesApi {
  /** For ANTHROPIC_BASE_URL. */
  readonly url: string
  /** The requests of the conversation itself, oldest first. */
  readonly requests: readonly MessageRequest[]
  /** Requests to anything but what the API offers. */
  readonly strays: readonly string[]
  /** Answers of the conversation's next requests, one each; after the last of them, a short text. */
  answerWith(...answers: readonly Answer[]): void
}

/** Starts it on a free port; the calling test's end stops it. */
export async function messagesApi(): Promise<MessagesApi> {
  const requests: MessageRequest[] = []
  const strays: string[] = []
  const queue: Answer[] = []
  const handle = async (request: IncomingMessage, response: ServerResponse) => {
    const path = new URL(request.url ?? '/', 'http://localhost').pathname
    const body = await textOf(request)
    if (path === '/' && (request.method === 'GET' || request.method === 'HEAD')) {
      response.end()
      return
    }
    if (request.method === 'POST' && path === '/v1/messages/count_tokens') {
      sendJson(response, 200, { input_tokens: 1000 })
      return
    }
    if (request.method !== 'POST' || path !== '/v1/messages') {
      strays.push(`${request.method ?? ''} ${path}`)
      sendJson(response, 404, { type: 'error', error: { type: 'not_found_error', message: 'not found' } })
      return
    }
    const parsed: unknown = JSON.parse(body)
    const message = messageRequest(parsed)
    const isConversation = message.tools.length > 0
    if (isConversation) requests.push(message)
    const answer: Answer = (isConversation ? queue.shift() : undefined) ?? { kind: 'text', text: 'All done.' }
    await send(response, answer, field(parsed, 'stream') === true)
  }
  const server = createServer((request, response) => {
    handle(request, response).catch((error: unknown) => {
      response.destroy(error instanceof Error ? error : new Error(String(error)))
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(
    () =>
      new Promise<void>((resolve) => {
        server.close(() => {
          resolve()
        })
        server.closeAllConnections()
      }),
  )
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the stub has no port')
  return {
    url: `http://127.0.0.1:${address.port.toString()}`,
    requests,
    strays,
    answerWith: (...answers) => {
      queue.push(...answers)
    },
  }
}

async function send(response: ServerResponse, answer: Answer, isStream: boolean): Promise<void> {
  switch (answer.kind) {
    case 'error':
      for (const [name, value] of Object.entries(answer.headers ?? {})) response.setHeader(name, value)
      sendJson(response, answer.status, { type: 'error', error: { type: answer.type, message: 'told to fail' } })
      return
    case 'text':
      if (answer.delayMs !== undefined) await sleep(answer.delayMs)
      sendMessage(response, isStream, { type: 'text', text: answer.text }, 'end_turn')
      return
    case 'tool': {
      const id = `toolu_${Date.now().toString()}`
      sendMessage(response, isStream, { type: 'tool_use', id, name: answer.name, input: answer.input }, 'tool_use')
    }
  }
}

type Block =
  | { readonly type: 'text'; readonly text: string }
  | { readonly type: 'tool_use'; readonly id: string; readonly name: string; readonly input: unknown }

/** One message of one block, whole or as the events of a stream (Messages API, Streaming messages). */
function sendMessage(response: ServerResponse, isStream: boolean, block: Block, stopReason: string): void {
  const message = {
    id: `msg_${Date.now().toString()}`,
    type: 'message',
    role: 'assistant',
    model: 'claude-stub',
    content: [block],
    stop_reason: stopReason,
    stop_sequence: null,
    usage: { input_tokens: 10, output_tokens: 5 },
  }
  if (!isStream) {
    sendJson(response, 200, message)
    return
  }
  const empty = block.type === 'text' ? { ...block, text: '' } : { ...block, input: {} }
  const delta =
    block.type === 'text'
      ? { type: 'text_delta', text: block.text }
      : { type: 'input_json_delta', partial_json: JSON.stringify(block.input) }
  const events = [
    { type: 'message_start', message: { ...message, content: [], stop_reason: null } },
    { type: 'content_block_start', index: 0, content_block: empty },
    { type: 'content_block_delta', index: 0, delta },
    { type: 'content_block_stop', index: 0 },
    { type: 'message_delta', delta: { stop_reason: stopReason, stop_sequence: null }, usage: { output_tokens: 5 } },
    { type: 'message_stop' },
  ]
  response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-cache' })
  for (const event of events) response.write(`event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`)
  response.end()
}

function sendJson(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' })
  response.end(JSON.stringify(body))
}

async function textOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(Buffer.from(chunk as Uint8Array))
  return Buffer.concat(chunks).toString('utf8')
}

function messageRequest(body: unknown): MessageRequest {
  const messages = listOf(field(body, 'messages')).filter((message) => field(message, 'role') === 'user')
  return {
    system: textsOf(field(body, 'system')).join('\n\n'),
    user: messages.flatMap((message) => textsOf(field(message, 'content'))).join('\n\n'),
    tools: listOf(field(body, 'tools')).map((tool) => String(field(tool, 'name'))),
  }
}

/** The texts of a content: a string, or a list of blocks of which some have a text. */
function textsOf(content: unknown): string[] {
  if (typeof content === 'string') return [content]
  return listOf(content).flatMap((block) => {
    const text = field(block, 'text') ?? field(block, 'content')
    return text === undefined ? [] : textsOf(text)
  })
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : []
}

function field(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[name] : undefined
}
