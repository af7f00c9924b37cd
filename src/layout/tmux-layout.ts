/** tmux's own arrangements (tmux(1), Windows and panes; the mirrored ones since 3.5). */
export const arrangements = [
  'even-horizontal',
  'even-vertical',
  'main-horizontal',
  'main-horizontal-mirrored',
  'main-vertical',
  'main-vertical-mirrored',
  'tiled',
] as const

/**
 * Whether tmux can take a text as the layout of a window with so many panes: one of its names, or what its format
 * `#{window_layout}` prints, `9d53,220x50,0,0{…}`, with a right checksum and a cell for each pane.
 */
export function isWindowLayout(text: string, panes: number): boolean {
  if ((arrangements as readonly string[]).includes(text)) return true
  const [, sum, description] = /^([0-9a-f]{4}),([0-9x,{}[\]]+)$/.exec(text) ?? []
  if (sum === undefined || description === undefined) return false
  if (checksum(description) !== Number.parseInt(sum, 16)) return false
  const cells = description.match(/\d+x\d+,\d+,\d+(?![\d[{])/g) ?? []
  return cells.length >= panes
}

/** layout_checksum() of tmux 3.3a, layout-custom.c. */
function checksum(description: string): number {
  let sum = 0
  for (const character of description) {
    sum = (sum >> 1) + ((sum & 1) << 15)
    sum = (sum + character.charCodeAt(0)) & 0xffff
  }
  return sum
}
