import type { Catalogue } from './catalogue.js'
import type { Word } from './words.js'

const idsByCatalogue = new WeakMap<Catalogue, ReadonlyMap<string, string>>()

const maxWords = 8
const leadingWords = /^(?:use|uses|using|with|on|from|like|our|the|their|its|is|template|boilerplate|starter)$/
const kindWords = /^(?:template|boilerplate|starter|skeleton|scaffold|scaffolding|layout|blueprint|kit|base)$/

/**
 * The template whose id a text names as it is written, hyphens and all (`use our acme-portal boilerplate`): behind a word
 * like `use`, or before or behind one like `boilerplate`, which an id without hyphens needs.
 */
export function namedTemplate(
  catalogue: Catalogue,
  words: readonly Word[],
  taken: ReadonlySet<number>,
): string | undefined {
  const ids = idsOf(catalogue)
  for (const [at, word] of words.entries()) {
    if (taken.has(at) || words[at - 1]?.tied === true) continue
    let end = at
    while (words[end]?.tied === true && end - at < maxWords) end++
    const parts = end === at ? [word] : words.slice(at, end + 1)
    const id = ids.get(parts.map((one) => one.text).join('-'))
    if (id === undefined) continue
    const near = [words[at - 1], words[end + 1]]
      .filter((one) => one?.clause === word.clause)
      .map((one) => one?.text ?? '')
    const isKind = near.some((text) => kindWords.test(text))
    const isLed = end > at && [words[at - 1], words[at - 2]].some((one) => leadingWords.test(one?.text ?? ''))
    if (isKind || (isLed && words[end + 1]?.clause !== word.clause)) return id
  }
  return undefined
}

function idsOf(catalogue: Catalogue): ReadonlyMap<string, string> {
  const known = idsByCatalogue.get(catalogue)
  if (known !== undefined) return known
  const ids = new Map<string, string>()
  for (const id of catalogue.templates.keys()) {
    const parts = id
      .normalize('NFKC')
      .toLowerCase()
      .replaceAll('.', '')
      .match(/[\p{L}\p{N}_]+(?:\+\+|#)?/gu)
    if (parts !== null) ids.set(parts.join('-'), id)
  }
  idsByCatalogue.set(catalogue, ids)
  return ids
}
