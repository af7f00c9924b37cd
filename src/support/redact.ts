/** What stands in place of a secret. */
const mask = '[redacted]'

/** Shapes of well-known secrets; the first group, where there is one, is kept. */
const shapes: readonly RegExp[] = [
  // Up to the last @ before the path: a password may hold one that was not escaped.
  /\b([a-z][a-z0-9+.-]{0,30}:\/\/)[^\s/?#]+@/gi,
  /\b((?:authorization|proxy-authorization)["']?\s*[:=]\s*["']?(?:basic|bearer|token)\s+)[^\s"']+/gi,
  /\bgh[pousr]_[A-Za-z0-9]{20,}\b/g,
  /\bgithub_pat_[A-Za-z0-9_]{20,}\b/g,
  /\bglpat-[A-Za-z0-9_-]{16,}/g,
  /\bsk-[A-Za-z0-9_-]{16,}/g,
  /\bsha(?:1|256)=[0-9a-f]{40,64}\b/gi,
]

/** Takes secrets out of text that is about to be logged, answered or recorded. */
export type Redact = (text: string) => string

/**
 * A redactor for the well-known shapes (tokens, credentials in addresses) and the given exact values, such as
 * the configured secrets. Values under 6 characters are not searched for: they would mask ordinary words.
 */
export function redactor(values: readonly string[] = []): Redact {
  const exact = [...new Set(values)].filter((value) => value.length >= 6).sort((a, b) => b.length - a.length)
  return (text) => {
    let out = text
    for (const value of exact) out = out.replaceAll(value, mask)
    for (const shape of shapes) {
      out = out.replace(shape, (...match: unknown[]) => {
        const kept = typeof match[1] === 'string' ? match[1] : ''
        return kept.endsWith('://') ? `${kept}${mask}@` : `${kept}${mask}`
      })
    }
    return out
  }
}

/** Secrets that come to be known while the program runs: none that was known once is shown later. */
export interface KnownSecrets {
  readonly redact: Redact
  add(values: readonly string[]): void
}

export function knownSecrets(values: readonly string[] = []): KnownSecrets {
  const known = new Set(values)
  let redact = redactor(values)
  return {
    redact: (text) => redact(text),
    add(more) {
      if (more.every((value) => known.has(value))) return
      for (const value of more) known.add(value)
      redact = redactor([...known])
    },
  }
}
