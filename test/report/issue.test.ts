import { expect, test } from 'vitest'
import { isOn, parseIssue } from '../../src/report/issue.js'

test('an issue is read from the subject of a job', () => {
  expect(parseIssue('acme/shop.js#7')).toEqual({ owner: 'acme', repo: 'shop.js', number: 7 })
})

test.each([
  ...['acme/shop shop', 'acme/shop#0', 'acme/shop#07', 'acme/..#7', 'acme/.#7', '../shop#7', 'acme/a/b#7'],
  ...['acme/shop#7\n', 'acme/sh%2fop#7', 'acme/shop#7?x', `acme/${'x'.repeat(101)}#7`, '#7', 'acme/shop#7e3'],
])('%j is none', (subject) => {
  expect(parseIssue(subject)).toBeUndefined()
})

const github = 'https://api.github.com'
const enterprise = 'https://ghe.example.com/api/v3'

test.each([
  [github, 'https://github.com/acme/shop.git', true],
  [github, 'https://GitHub.com/acme/shop', true],
  [github, 'git@github.com:acme/shop.git', true],
  [github, 'ssh://git@github.com/acme/shop.git', true],
  [github, 'https://gitea.example.com/acme/shop.git', false],
  [github, 'https://github.com.example.com/acme/shop.git', false],
  [github, 'https://github.com@example.com/acme/shop.git', false],
  [github, '/srv/git/shop.git', false],
  [github, '--upload-pack=x', false],
  [enterprise, 'https://ghe.example.com/acme/shop.git', true],
  [enterprise, 'https://github.com/acme/shop.git', false],
])('%s has the issues of %s: %s', (api, repository, expected) => {
  expect(isOn(api, repository)).toBe(expected)
})
