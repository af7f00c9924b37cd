import { request, type IncomingHttpHeaders } from 'node:http'

export interface Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly text: string
  /** The body as JSON; undefined where it is none. */
  readonly json: unknown
}

export interface Call {
  readonly method?: string
  readonly headers?: Readonly<Record<string, string | readonly string[]>>
  readonly body?: string | Uint8Array
  /** Sends it without Content-Length, in pieces of this many bytes. */
  readonly chunkBytes?: number
  readonly signal?: AbortSignal
}

/** One call over a connection of its own, which closes with the answer; rejects where there is none within 20 s. */
export function httpCall(url: string, call: Call = {}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const { body, chunkBytes } = call
    const length = body === undefined || chunkBytes !== undefined ? {} : { 'content-length': Buffer.byteLength(body) }
    const outgoing = request(url, {
      method: call.method ?? (body === undefined ? 'GET' : 'POST'),
      headers: { ...length, ...call.headers },
      agent: false,
      timeout: 20_000,
      ...(call.signal === undefined ? {} : { signal: call.signal }),
    })
    let answered = false
    outgoing.on('response', (response) => {
      answered = true
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('error', reject)
      response.on('end', () => {
        const text = Buffer.concat(chunks).toString('utf8')
        resolve({ status: response.statusCode ?? 0, headers: response.headers, text, json: parsed(text) })
        outgoing.destroy()
      })
    })
    outgoing.on('timeout', () => outgoing.destroy(new Error('no answer in time')))
    outgoing.on('error', (error) => {
      // Who was answered early may find the connection closed while it still sends.
      if (!answered) reject(error)
    })
    if (body !== undefined && chunkBytes !== undefined) {
      const bytes = Buffer.from(body)
      for (let at = 0; at < bytes.length; at += chunkBytes) outgoing.write(bytes.subarray(at, at + chunkBytes))
      outgoing.end()
    } else {
      outgoing.end(body)
    }
  })
}

/** The call with a JSON body. */
export function postJson(url: string, value: unknown, headers: Readonly<Record<string, string>> = {}): Promise<Answer> {
  return httpCall(url, { body: JSON.stringify(value), headers: { 'content-type': 'application/json', ...headers } })
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
