import { appendFile, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { fill, pathsIn, temporaryFolder } from '../fixtures.js'
import { startLab, type Lab } from './lab.js'

/** A lab with two templates of one package, which has a newer version since. */
async function outdated(): Promise<Lab> {
  const lab = await startLab()
  const files = { 'template-one/package.json': '{}', 'template-two/package.json': '{}' }
  lab.registry.publish('create-kit', '1.0.0', files)
  await lab.add('npm:create-kit')
  lab.registry.publish('create-kit', '2.0.0', {
    ...files,
    'template-one/new.txt': 'new',
    'template-one/package.json': '{"a":1}',
  })
  return lab
}

describe('update', () => {
  it('replaces what is new in the source, whole, and leaves no old one behind', async () => {
    const lab = await outdated()
    await fill(lab.templates, { 'mine/x': 'a person wrote this' })
    expect(await lab.update()).toEqual([
      { id: 'create-kit-one', outcome: 'updated', kept: undefined },
      { id: 'create-kit-two', outcome: 'current' },
    ])
    expect(await pathsIn(join(lab.templates, 'create-kit-one'))).toEqual([
      '.devorch-source.yaml',
      'new.txt',
      'package.json',
      'template.yaml',
    ])
    expect(await readFile(join(lab.templates, 'create-kit-two', '.devorch-source.yaml'), 'utf8')).toContain('2.0.0')
    expect(await pathsIn(join(lab.templates, '.removed'))).toEqual([])
    expect(await lab.byHint('kit-one')).toBe('create-kit-one')
    expect((await lab.update()).map(({ outcome }) => outcome)).toEqual(['current', 'current'])
  })

  it.each([
    ['changed a file', (folder: string) => appendFile(join(folder, 'package.json'), '\n')],
    ['added a file', (folder: string) => writeFile(join(folder, 'own.txt'), 'mine')],
    ['added what is never copied', (folder: string) => fill(folder, { '.git/config': 'x' })],
    ['removed a file', (folder: string) => rm(join(folder, 'package.json'))],
  ])('leaves one alone where a person has %s, and with force keeps the old', async (_, change) => {
    const lab = await outdated()
    const folder = join(lab.templates, 'create-kit-one')
    await change(folder)
    const before = await pathsIn(folder)
    expect(await lab.update(['create-kit-one'])).toMatchObject([{ outcome: 'changed-here' }])
    expect(await pathsIn(folder)).toEqual(before)
    const [forced] = await lab.update(['create-kit-one'], true)
    if (forced?.outcome !== 'updated' || forced.kept === undefined) throw new Error(JSON.stringify(forced))
    expect(await pathsIn(forced.kept)).toEqual(before)
    expect(await pathsIn(folder)).toContain('new.txt')
    expect([...(await lab.catalogue()).templates.keys()].filter((id) => id.includes('removed'))).toEqual([])
  })

  it('leaves everything as it is where the source, or a folder in it, is gone or cannot be one any more', async () => {
    const lab = await startLab()
    const source = join(await temporaryFolder(), 'kits')
    await fill(source, { 'a/package.json': '{}', 'b/package.json': '{}', 'c/package.json': '{}' })
    await lab.add(source)
    const before = await pathsIn(lab.templates)
    await rm(join(source, 'a'), { recursive: true })
    await fill(source, { 'b/cookiecutter.json': '{}' })
    const [a, b, c] = await lab.update()
    expect([a, b, c]).toMatchObject([
      { outcome: 'failed', because: 'its folder a is not in the source any more' },
      { outcome: 'failed', because: "it is in cookiecutter's format, which is not supported yet" },
      { outcome: 'current' },
    ])
    await rm(source, { recursive: true })
    expect(await lab.update(['c'])).toMatchObject([
      { outcome: 'failed', because: expect.stringContaining('no such folder') as string },
    ])
    expect(await pathsIn(lab.templates)).toEqual(before)
  })
})

it('follows no record that leads out of its source', async () => {
  const lab = await outdated()
  const record = join(lab.templates, 'create-kit-one', '.devorch-source.yaml')
  await writeFile(record, (await readFile(record, 'utf8')).replace('path: template-one', 'path: ../../../user'))
  expect(await lab.update(['create-kit-one'])).toMatchObject([
    { outcome: 'failed', because: expect.stringContaining('path: must lead down into the source') as string },
  ])
})

describe('remove', () => {
  it('moves an added one away, and no other', async () => {
    const lab = await outdated()
    await fill(lab.templates, { 'mine/x': 'a person wrote this' })
    const [removed] = await lab.remove(['create-kit-two'])
    if (removed?.outcome !== 'removed') throw new Error(JSON.stringify(removed))
    expect(await pathsIn(removed.kept)).toContain('package.json')
    expect(await lab.byHint('create-kit-two')).toBeUndefined()
    await expect(lab.remove(['mine'])).rejects.toThrow('it was not added by `devorch templates add`')
    await expect(lab.remove(['../mine'])).rejects.toThrow('it was not added')
    await expect(lab.remove(['create-kit-on'])).rejects.toThrow('did you mean create-kit-one?')
    expect(await readFile(join(lab.templates, 'mine', 'x'), 'utf8')).toBe('a person wrote this')
  })

  it('leaves a changed one, unless it is told', async () => {
    const lab = await outdated()
    await writeFile(join(lab.templates, 'create-kit-one', 'own.txt'), 'mine')
    expect(await lab.remove(['create-kit-one'])).toMatchObject([{ outcome: 'changed-here' }])
    const [forced] = await lab.remove(['create-kit-one'], true)
    if (forced?.outcome !== 'removed') throw new Error(JSON.stringify(forced))
    expect(await readFile(join(forced.kept, 'own.txt'), 'utf8')).toBe('mine')
  })
})
