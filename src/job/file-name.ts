import { join } from 'node:path'

/**
 * A name in a folder as text. The bytes of one that is not UTF-8 become lone surrogates (U+DC80 to U+DCFF, as in PEP
 * 383), which no UTF-8 name contains, so that the name can be told from all others and found again.
 */
export function decodeFileName(raw: Buffer): string {
  const name = raw.toString('utf8')
  if (Buffer.from(name).equals(raw)) return name
  return [...raw].map((byte) => String.fromCharCode(byte < 0x80 ? byte : 0xdc00 + byte)).join('')
}

/** The path of such a name: bytes, where Node can't address the file by its name as text. */
export function pathOfName(folder: string, name: string): string | Buffer {
  if (!/\p{Cs}/u.test(name)) return join(folder, name)
  const bytes = Buffer.from(Array.from(name, (character) => character.charCodeAt(0) & 0xff))
  return Buffer.concat([Buffer.from(`${folder}/`), bytes])
}
