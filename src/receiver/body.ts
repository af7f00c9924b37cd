import type { IncomingMessage } from 'node:http'

/** The raw bytes of a request, or why there are none. `aborted`: the caller went away. */
export type RawBody =
  { readonly kind: 'bytes'; readonly bytes: Buffer } | { readonly kind: 'too-large' } | { readonly kind: 'aborted' }

/** Reads a body whole, as the bytes that were signed. Stops reading at the limit. */
export async function readRawBody(request: IncomingMessage, maxBytes: number): Promise<RawBody> {
  if (Number(request.headers['content-length'] ?? 0) > maxBytes) return { kind: 'too-large' }
  const chunks: Buffer[] = []
  let length = 0
  try {
    for await (const chunk of request as AsyncIterable<Buffer>) {
      length += chunk.length
      if (length > maxBytes) return { kind: 'too-large' }
      chunks.push(chunk)
    }
  } catch {
    return { kind: 'aborted' }
  }
  return { kind: 'bytes', bytes: Buffer.concat(chunks) }
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
    return { ok: false, message: `the body is not JSON: ${error instanceof Error ? error.message : ''}` }
  }
}
