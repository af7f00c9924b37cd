import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { applyTemplate } from '../../src/template/apply.js'
import { loadCatalogue } from '../../src/template/catalogue.js'
import { pathsIn, shipped, temporaryFolder, variables } from './fixtures.js'

const { templates } = await loadCatalogue([shipped])
const jobs = [
  { ...variables, project: '2nd-My.App_x', owner: null, summary: null },
  { ...variables, project: '7', owner: 'group/sub group"', summary: '"</title>{{ x }}\\\n' },
  { ...variables, project: 'a'.repeat(64) },
]

describe.each([...templates.values()])('$id', (template) => {
  it.each(jobs)('can be applied for the project $project', async (job) => {
    const folder = await temporaryFolder()
    const { created } = await applyTemplate({ template, folder, mode: 'whole', variables: job })
    expect(created).toEqual(expect.arrayContaining(['README.md', '.gitignore']))
    expect(await readFile(join(folder, 'README.md'), 'utf8')).toContain(`# ${job.project}\n`)
    const paths = await pathsIn(folder)
    for (const path of paths.filter((name) => name.endsWith('package.json'))) {
      expect(JSON.parse(await readFile(join(folder, path), 'utf8')), path).toHaveProperty('name')
    }
    const script = /^npm (?:run )?(?<name>\S+)$/.exec(template.watch?.command ?? '')?.groups?.name
    if (script !== undefined) {
      expect(JSON.parse(await readFile(join(folder, 'package.json'), 'utf8'))).toHaveProperty(['scripts', script])
    }
    expect(paths.filter((path) => /[{}%]|\.liquid$|lock\.json$|\.lock$|go\.sum$/.test(path))).toEqual([])
  })
})

it('has something to watch in every one but the plain starter', () => {
  const without = [...templates.values()].filter(({ watch }) => watch === undefined).map(({ id }) => id)
  expect(without).toEqual(['generic-starter'])
})
