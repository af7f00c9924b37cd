const maxCharacters = 4000

/** What stands in these sections of an issue is not what is asked for. */
const sectionsAside = /^(?:alternatives?\b|environment\b|system info\b|checklist\b|versions?$)/i

/** Lines that an issue form asks for: the reporter's own machine. */
const machineLine =
  /^[ \t]*[-*+]?[ \t]*(?:\*\*)?(?:os|operating system|browser|node|node version|npm|python version|device|version)(?:\*\*)?[ \t]*:.*$/gim

/**
 * The sentences of a summary or an issue, without what is no word of them: comments, tags, addresses, blocks of code,
 * what is struck through, unticked boxes, quoted lines, and sections that tell of alternatives or the reporter's machine.
 */
export function plainText(text: string): string {
  return withoutSectionsAside(
    text
      .slice(0, maxCharacters)
      .normalize('NFKC')
      .replace(/\r\n?/g, '\n')
      .replace(/<!--.*?(?:-->|$)/gs, ' . ')
      .replace(/```.*?(?:```|$)/gs, ' . ')
      .replace(/~~[^~\n]*~~/g, ' ')
      .replace(/<\/?[a-z][^<>\n]*>/gi, ' ')
      .replace(/&(?:[a-z]{2,8}|#\d{1,6});/gi, ' ')
      .replace(/\b[a-z][a-z0-9+.-]*:\/\/\S+/gi, ' ')
      .replace(/^[ \t]*[-*+][ \t]+\[ \][^\n]*$/gm, ' . ')
      .replace(/^[ \t]*>[^\n]*$/gm, ' . ')
      .replace(machineLine, ' . '),
  )
    .replace(/[ \t]*(?:→|⇒|->|=>|➜)[ \t]*/g, ' → ')
    .replace(/['’]s\b/g, '')
    .replace(/['’]/g, '')
}

function withoutSectionsAside(text: string): string {
  let aside = false
  return text
    .split('\n')
    .filter((line) => {
      const heading = /^\s*(?:#{1,6}\s+(.+?)|\*\*([^*]+)\*\*:?)\s*$/.exec(line)
      if (heading !== null) aside = sectionsAside.test((heading[1] ?? heading[2] ?? '').trim())
      return !aside
    })
    .join('\n')
}
