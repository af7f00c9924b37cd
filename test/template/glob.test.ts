import { expect, it } from 'vitest'
import { leavesOut } from '../../src/template/glob.js'

it.each([
  ['docs', ['docs', 'docs/a', 'docs/a/b'], ['doc', 'docs2', 'a/docs']],
  ['docs/', ['docs', 'docs/a'], ['docs2']],
  ['./docs', ['docs/a'], ['a/docs']],
  ['*.md', ['a.md', '.md', 'a.md/b'], ['a.mdx', 'sub/a.md']],
  ['**/*.md', ['a.md', 'x/a.md', 'x/y/a.md'], ['a.txt', 'x/a.txt']],
  ['docs/**', ['docs/a', 'docs/a/b'], ['a/docs']],
  ['a/**/z', ['a/z', 'a/b/z', 'a/b/c/z', 'a/z/more'], ['z', 'a', 'a/b', 'b/z']],
  ['a/*/z', ['a/b/z'], ['a/z', 'a/b/c/z']],
  ['x?.ts', ['x1.ts'], ['x.ts', 'x12.ts', 'x/.ts']],
  ['a*b*c', ['abc', 'a1b2c', 'abbc'], ['ab', 'abcd']],
  ['a.b', ['a.b'], ['axb']],
  ['(a|b)', ['(a|b)'], ['a', 'b']],
])('%s leaves out what it names and what is in it', (pattern, matching, other) => {
  expect(matching.filter((path) => !leavesOut(pattern, path))).toEqual([])
  expect(other.filter((path) => leavesOut(pattern, path))).toEqual([])
})

it('takes no longer for a pattern that makes others go round for years', () => {
  const path = Array.from({ length: 32 }, () => 'a'.repeat(120)).join('/')
  expect(leavesOut(`${'**/'.repeat(60)}${'*a'.repeat(100)}b`, path)).toBe(false)
})
