import { basename } from 'node:path'
import { nearest, printable } from '../support/text.js'
import type { Catalogue, Template } from './catalogue.js'

/** The template that a hint names: compared without case and separators, with ids first, then aliases. */
export function byHint(catalogue: Catalogue, hint: string): Template | undefined {
  const exact = catalogue.templates.get(hint)
  if (exact !== undefined) return exact
  const wanted = foldHint(hint)
  const latestFirst = [...catalogue.templates.values()].reverse()
  return (
    latestFirst.find((template) => foldHint(template.id) === wanted) ??
    latestFirst.find((template) => template.aliases.some((alias) => foldHint(alias) === wanted))
  )
}

/** Case and separators make no difference, except that a name of nothing but separators stays itself. */
export function foldHint(hint: string): string {
  const folded = hint.normalize('NFKC').toLowerCase()
  const bare = folded.replace(/[\s._-]+/gu, '')
  return bare === '' ? folded : bare
}

/** What is said of a hint that names no template. */
export function hintProblem(catalogue: Catalogue, hint: string): string {
  const shown = printable(hint, 80)
  const left = catalogue.broken.find((broken) => foldHint(basename(broken.folder)) === foldHint(hint))
  if (left !== undefined)
    return `template_hint "${shown}" names a template that is left out: ${left.because}; ${left.remedy}`
  const idOf = new Map<string, string>()
  for (const template of catalogue.templates.values()) {
    for (const name of [...template.aliases, template.id]) idOf.set(name, template.id)
  }
  const near = [...new Set(nearest(hint.slice(0, 100), [...idOf.keys()], 10).map((name) => idOf.get(name) ?? name))]
  const nearText = near.length === 0 ? 'none is near it' : `nearest: ${near.slice(0, 3).join(', ')}`
  return `template_hint "${shown}" matches no template; ${nearText}`
}
