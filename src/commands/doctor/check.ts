/** One line of `devorch doctor`. `FAIL`: something of the product does not work as it is. */
export type Check = { readonly subject: string; readonly finding: string } & (
  { readonly level: 'OK' } | { readonly level: 'WARN' | 'FAIL'; readonly remedy: string }
)

export function ok(subject: string, finding: string): Check {
  return { level: 'OK', subject, finding }
}

export function warn(subject: string, finding: string, remedy: string): Check {
  return { level: 'WARN', subject, finding, remedy }
}

export function fail(subject: string, finding: string, remedy: string): Check {
  return { level: 'FAIL', subject, finding, remedy }
}

/** Whether a version such as `2.39.5`, `3.3a` or `next-3.6` is at least `major.minor`; undefined where it has no numbers. */
export function atLeast(version: string, major: number, minor: number): boolean | undefined {
  const numbers = /(\d+)\.(\d+)/.exec(version)
  if (numbers === null) return undefined
  const [has, hasMinor] = [Number(numbers[1]), Number(numbers[2])]
  return has > major || (has === major && hasMinor >= minor)
}

/** The line with which Debian's packages are installed. */
export function aptInstall(...packages: readonly string[]): string {
  return `${process.getuid?.() === 0 ? '' : 'sudo '}apt-get install -y ${packages.join(' ')}`
}
