import type { IncomingMessage } from 'node:http'
import type { Context } from 'koa'
import { koaBody } from 'koa-body'

/** The bytes of a body, or why there are none. `aborted`: the caller went away. */
export type RawBody =
  { readonly kind: 'bytes'; readonly bytes: Buffer } | { readonly kind: 'too-large' } | { readonly kind: 'aborted' }

/**
 * Reads a body as the bytes that were signed. What comes beyond the limit is discarded while the caller is answered:
 * a connection closed with unread bytes is reset, and the answer lost (RFC 9112, 9.6).
 */
export function readRawBody(request: IncomingMessage, maxBytes: number): Promise<RawBody> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = []
    let length = 0
    const settle = (body: RawBody) => {
      request.off('data', onData).off('end', onEnd).off('close', onClose)
      request.resume()
      resolve(body)
    }
    const onData = (chunk: Buffer) => {
      length += chunk.length
      if (length > maxBytes) settle({ kind: 'too-large' })
      else chunks.push(chunk)
    }
    const onEnd = () => {
      settle({ kind: 'bytes', bytes: Buffer.concat(chunks) })
    }
    const onClose = () => {
      settle({ kind: 'aborted' })
    }
    // Stays: what happens to the connection later is no error of the daemon's.
    request.on('error', () => undefined)
    if (Number(request.headers['content-length'] ?? 0) > maxBytes) settle({ kind: 'too-large' })
    else request.on('data', onData).once('end', onEnd).once('close', onClose)
  })
}

/**
 * Reads the body of a caller who is known already, with koa-body. It reads it as `binary` text, in which a character
 * is a byte: as UTF-8 it would silently replace what is none (koa-body 8.0).
 */
export function bodyReader(maxBytes: number): (context: Context) => Promise<RawBody> {
  const read = koaBody({
    json: false,
    urlencoded: false,
    multipart: false,
    text: true,
    textTypes: ['application/json'],
    textLimit: maxBytes,
    encoding: 'binary',
    patchNode: false,
    onError: (error) => {
      throw error
    },
  })
  return async (context) => {
    try {
      await read(context, () => Promise.resolve())
    } catch (error) {
      context.req.resume()
      switch (error instanceof Error && 'status' in error ? error.status : undefined) {
        case 413:
          return { kind: 'too-large' }
        case 400:
          return { kind: 'aborted' }
        default:
          throw error
      }
    }
    const { body } = context.request as { body?: unknown }
    return { kind: 'bytes', bytes: Buffer.from(typeof body === 'string' ? body : '', 'latin1') }
  }
}

/** The JSON value of UTF-8 bytes, or why they are none. */
export function parseJson(
  bytes: Uint8Array,
): { readonly ok: true; readonly value: unknown } | { readonly ok: false; readonly message: string } {
  let text: string
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    return { ok: false, message: 'the body is not UTF-8' }
  }
  try {
    return { ok: true, value: JSON.parse(text) as unknown }
  } catch (error) {
    return {
      ok: false,
      message: `the body is not JSON: ${error instanceof Error ? withoutExcerpt(error.message) : ''}`,
    }
  }
}

/** V8 of Node 20 quotes the text, `Unexpected token 'a', "…" is not valid JSON`, which the log must not. */
function withoutExcerpt(message: string): string {
  return message.replace(/, (?:\.\.\.)?".*$/s, '').replace(/(?<=^Unexpected token).*$/s, '')
}
