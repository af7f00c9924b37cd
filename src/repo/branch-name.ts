/**
 * What is wrong with the name of a branch, or undefined. The rules of git-check-ref-format(1), and that it may
 * neither look like an option nor like an expression (`@{-1}`, `HEAD`).
 */
export function checkBranchName(name: string): string | undefined {
  if (name === '') return 'it is empty'
  if (Buffer.byteLength(name) > 244) return 'it is longer than 244 bytes'
  if (name.startsWith('-')) return 'it starts with "-"'
  if (name === '@' || name === 'HEAD' || name.startsWith('refs/')) return 'it is a name that git keeps for itself'
  // eslint-disable-next-line no-control-regex -- finding control characters is the purpose
  if (/[\u0000-\u0020\u007f]/.test(name)) return 'it has a space or control character'
  if (/[~^:?*[\\]/.test(name)) return 'it has one of ~ ^ : ? * [ \\'
  if (name.includes('..')) return 'it has ".."'
  if (name.includes('@{')) return 'it has "@{"'
  if (name.endsWith('.')) return 'it ends with "."'
  const segments = name.split('/')
  if (segments.includes('')) return 'it has an empty part between slashes'
  if (segments.some((segment) => segment.startsWith('.'))) return 'a part of it starts with "."'
  if (segments.some((segment) => segment.endsWith('.lock'))) return 'a part of it ends with ".lock"'
  return undefined
}
