import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { test } from 'node:test'

const site = resolve(import.meta.dirname, '../public')
const pages = readdirSync(site, { recursive: true }).filter((path) => path.endsWith('.html'))

/** The file that a link within the site leads to, or undefined where it leads elsewhere. */
function targetOf(link, page) {
  const [path] = link.split(/[?#]/)
  if (path === '' || /^([a-z][a-z+.-]*:|\/\/)/i.test(path)) return undefined
  const from = path.startsWith('/') ? site : dirname(join(site, page))
  const file = join(from, decodeURIComponent(path))
  return path.endsWith('/') ? join(file, 'index.html') : file
}

test('there is a start page', () => {
  assert.ok(pages.includes('index.html'))
})

for (const page of pages) {
  const html = readFileSync(join(site, page), 'utf8')

  test(`${page} links to nothing that is missing`, () => {
    const links = [...html.matchAll(/\s(?:href|src)="([^"]*)"/g)].map((match) => match[1])
    const missing = links.filter((link) => {
      const target = targetOf(link, page)
      return target !== undefined && !existsSync(target)
    })
    assert.deepEqual(missing, [])
  })

  test(`${page} has one title and one heading of the first level`, () => {
    assert.equal(html.match(/<title>[^<]+<\/title>/g)?.length, 1)
    assert.equal(html.match(/<h1[\s>]/g)?.length, 1)
  })
}
