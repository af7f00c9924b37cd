import { foldHint } from '../hint.js'
import type { Member } from './members.js'

/** What a member of a source is going to be called. */
export interface NamedMember {
  readonly member: Member
  readonly id: string
  /** Other names that nothing else has. */
  readonly aliases: readonly string[]
}

/**
 * Ids for the members of a source: each one's own name where it tells enough and nothing else has it, else with the
 * source's before it; the other of the two is an alias, where it is free. `taken` and the result are compared as hints
 * are, so that no name that led to a template before leads to another now.
 * @param name of the source: `create-vite`
 * @param taken the ids and aliases of the catalogue
 */
export function nameMembers(members: readonly Member[], name: string, taken: Iterable<string>): NamedMember[] {
  const used = new Set([...taken].map(foldHint))
  const isFree = (candidate: string) => !used.has(foldHint(candidate))
  const source = safeId(name)
  const named = members.map((member) => {
    const own = member.name === undefined ? source : safeId(member.name)
    const long = member.name === undefined ? source : joined(source, own)
    const wanted = member.isHalfNamed ? long : own
    const id = [wanted, long].find(isFree) ?? numbered(long, isFree)
    used.add(foldHint(id))
    return {
      member,
      id,
      others: member.name === undefined ? [] : [own, long, joined(source.replace(/^create-/, ''), own)],
    }
  })
  // After all ids are given, so that none gives way to an alias.
  return named.map(({ member, id, others }) => {
    const aliases: string[] = []
    for (const other of others) {
      if (!isFree(other)) continue
      used.add(foldHint(other))
      aliases.push(other)
    }
    return { member, id, aliases }
  })
}

/** A name as an id that is safe as a folder's: lower case, `a-z`, `0-9`, `.`, `_` and `-`, at most 64 characters. */
export function safeId(name: string): string {
  const safe = name
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .toLowerCase()
    .replaceAll('+', 'p')
    .replaceAll('#', '-sharp')
    .replace(/[^a-z0-9._-]+/g, '-')
    .replace(/^[._-]+/, '')
    .slice(0, 64)
    .replace(/[._-]+$/, '')
  return safe === '' || safe === 'node_modules' ? 'template' : safe
}

function joined(source: string, own: string): string {
  return own === source || own.startsWith(`${source}-`) ? own : safeId(`${source.slice(0, 40)}-${own}`)
}

function numbered(id: string, isFree: (candidate: string) => boolean): string {
  for (let number = 2; ; number++) {
    const candidate = `${id.slice(0, 56)}-${number.toString()}`
    if (isFree(candidate)) return candidate
  }
}
