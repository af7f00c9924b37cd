/** How many columns of a terminal a text takes. */
export type TextWidth = (text: string) => number

// What takes one column each, for sure.
const plain = /^[\x20-\x7e…]*$/

/** Fits these texts. Wide characters need tables that take time to load: they are not where no text has any. */
export async function widthFor(texts: readonly string[]): Promise<TextWidth> {
  if (texts.every((text) => plain.test(text))) return (text) => text.length
  const { default: stringWidth } = await import('string-width')
  return (text) => stringWidth(text)
}

/** The text, its end given up for `…` where it takes more than `columns`. */
export function cutTo(text: string, columns: number, width: TextWidth): string {
  if (width(text) <= columns) return text
  let kept = ''
  for (const character of text) {
    if (width(`${kept}${character}…`) > columns) break
    kept += character
  }
  return columns < 1 ? '' : `${kept}…`
}
