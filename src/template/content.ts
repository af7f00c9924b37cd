import { join } from 'node:path'
import { readBounded } from '../support/files.js'
import type { Template } from './catalogue.js'
import { maxFileBytes } from './listing.js'
import { refusal } from './refuse.js'

/** Reads a plain file of a template. @throws Problem where it is no longer one */
export async function readTemplateFile(template: Template, path: string): Promise<Buffer> {
  const read = await readBounded(join(template.folder, path), maxFileBytes)
  const refuse = (because: string) => refusal(template.id, `${path} ${because}`, 'correct the template')
  switch (read.kind) {
    case 'file':
      return read.bytes
    case 'missing':
      throw refuse('is gone')
    case 'odd':
      throw refuse(`is ${read.what}`)
    case 'too-large':
      throw refuse('is over 16 MiB')
  }
}

/** @throws Problem where the bytes are not UTF-8 */
export function textOf(template: Template, path: string, bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch (error) {
    throw refusal(template.id, `${path} is not UTF-8 text`, 'save it as UTF-8, or drop the suffix .liquid', {
      cause: error,
    })
  }
}
