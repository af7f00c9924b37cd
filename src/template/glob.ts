/**
 * Whether a pattern of `leave_out` names a path or a folder above it. `*` and `?` stand for characters of one name,
 * `**` for any number of whole names; everything else for itself. A slash at the end makes no difference. The time it
 * takes grows with the product of the two lengths, whatever the pattern: patterns come from outside.
 * @param path relative, parts separated by `/`
 */
export function leavesOut(pattern: string, path: string): boolean {
  const names = pattern.replace(/^\.?\/+|\/+$/g, '').split(/\/+/)
  const parts = path.split('/')
  // reached[i]: the names so far may stand for the first i parts.
  let reached = [true, ...parts.map(() => false)]
  for (const name of names) {
    const next = reached.map(() => false)
    reached.forEach((isReached, at) => {
      if (name === '**') next[at] = isReached || (at > 0 && next[at - 1] === true)
      else if (isReached && at < parts.length) next[at + 1] = matchesName(name, parts[at] ?? '')
    })
    reached = next
  }
  // Where it stands for a beginning of the path, it names a folder above it.
  return reached.some((isReached, at) => isReached && at > 0)
}

/** Goes back to the last `*` only, which is enough where nothing but the length of what it stands for is open. */
function matchesName(pattern: string, name: string): boolean {
  let [at, from] = [0, 0]
  let star: { readonly at: number; from: number } | undefined
  while (from < name.length) {
    const wanted = pattern[at]
    if (wanted === '*') {
      star = { at, from }
      at += 1
    } else if (wanted !== undefined && (wanted === '?' || wanted === name[from])) {
      at += 1
      from += 1
    } else if (star !== undefined) {
      star.from += 1
      from = star.from
      at = star.at + 1
    } else {
      return false
    }
  }
  return /^\**$/.test(pattern.slice(at))
}
