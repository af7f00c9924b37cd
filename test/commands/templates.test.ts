import { mkdir, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { makeWorkplace, root, type Workplace } from './workplace.js'

/** A folder of `templates_dirs` with one template, one of the home's, and a broken one. */
async function makeTemplates(place: Workplace): Promise<{ readonly own: string; readonly homes: string }> {
  const [own, homes] = [join(place.folder, 'boilerplates'), join(place.home, 'templates')]
  await mkdir(join(own, 'acme-portal'), { recursive: true })
  await mkdir(join(homes, 'node-cli'), { recursive: true })
  await writeFile(join(homes, 'node-cli', 'template.yaml'), 'title: Our own\n')
  await place.configure({ templates_dirs: [own] })
  return { own, homes }
}

it('templates list tells each template and where it is from', async () => {
  const place = await makeWorkplace()
  const { own, homes } = await makeTemplates(place)
  const plain = await place.devorch(['templates', 'list'])
  expect(plain).toMatchObject({ code: 0, stderr: '' })
  expect(plain.stdout).toMatch(/^TEMPLATE +FROM +TITLE$/m)
  expect(plain.stdout).toMatch(/^acme-portal +templates_dirs$/m)
  expect(plain.stdout).toMatch(/^node-cli +home +Our own$/m)
  expect(plain.stdout).toMatch(/^generic-starter +shipped +\w/m)
  const listed = JSON.parse((await place.devorch(['templates', 'list', '--json'])).stdout) as unknown
  expect(listed).toEqual(
    expect.arrayContaining([
      {
        id: 'acme-portal',
        title: null,
        description: null,
        aliases: [],
        from: 'templates_dirs',
        folder: join(own, 'acme-portal'),
        added: null,
      },
      expect.objectContaining({ id: 'node-cli', from: 'home', folder: join(homes, 'node-cli') }),
      expect.objectContaining({
        id: 'generic-starter',
        from: 'shipped',
        folder: join(root, 'templates', 'generic-starter'),
      }),
    ]),
  )
})

it('templates lint is content with what is shipped', async () => {
  const place = await makeWorkplace()
  await makeTemplates(place)
  const ended = await place.devorch(['templates', 'lint'])
  expect(ended).toMatchObject({ code: 0, stderr: '' })
  expect(ended.stdout).toMatch(/^\d+ templates, nothing wrong\n$/)
})

it('templates lint tells what is wrong with templates, their files and rules, and ends with 1', async () => {
  const place = await makeWorkplace()
  const { own, homes } = await makeTemplates(place)
  await writeFile(join(own, 'acme-portal', 'README.md.liquid'), '# A\n{{ projct }}\n')
  await mkdir(join(own, 'esc\u001b[31m'))
  await writeFile(join(homes, 'node-cli', 'template.yaml'), 'titel: x\n')
  await writeFile(join(homes, 'rules.yaml'), 'rules: [{ template: acme-protal, any: [portal] }]\n')
  await symlink('/etc/passwd', join(own, 'acme-portal', 'link'))

  const ended = await place.devorch(['templates', 'lint', '--json'])
  expect(ended).toMatchObject({ code: 1, stderr: '' })
  const { problems } = JSON.parse(ended.stdout) as { problems: unknown[] }
  expect(problems).toHaveLength(4)
  expect(problems).toEqual(
    expect.arrayContaining([
      expect.objectContaining({ folder: join(own, 'esc\\u001b[31m'), remedy: 'rename the folder' }),
      {
        folder: join(homes, 'node-cli'),
        because: 'template.yaml, line 1, column 1: titel: unknown field; did you mean title?',
        remedy: 'correct template.yaml',
      },
      {
        folder: join(homes, 'rules.yaml'),
        because: 'a rule names the template "acme-protal", which does not exist',
        remedy: 'did you mean acme-portal?',
      },
      { folder: join(own, 'acme-portal'), because: 'link is a symbolic link', remedy: 'replace it by a plain file' },
    ]),
  )
  const plain = await place.devorch(['templates', 'lint'])
  expect(plain.stdout).toContain('→ did you mean acme-portal?')
  expect(plain.stdout).toMatch(/^4 problems$/m)
  expect(plain.stdout).not.toContain('\u001b')
  expect(await place.devorch(['templates', 'list'])).toMatchObject({
    code: 0,
    stderr: '3 things are wrong with the catalogue; see `devorch templates lint`\n',
  })
})

it('templates lint looks at the folders that it is given', async () => {
  const place = await makeWorkplace()
  const { own, homes } = await makeTemplates(place)
  const mine = join(place.folder, 'mine')
  await mkdir(mine)
  await writeFile(join(mine, 'a.liquid'), '{{ b }}')
  await writeFile(join(homes, 'rules.yaml'), 'rules: [{ template: acme-portal, any: [portal] }]\n')
  const lint = (...folders: string[]) => place.devorch(['templates', 'lint', ...folders])
  expect(await lint(mine)).toMatchObject({
    code: 1,
    stdout: expect.stringContaining('a.liquid, line 1, column 4') as string,
  })
  expect(await lint(homes)).toMatchObject({ code: 0, stdout: '1 template, nothing wrong\n' })
  expect(await lint(own, join(homes, 'node-cli'))).toMatchObject({ code: 0, stdout: '2 templates, nothing wrong\n' })
  const nowhere = await lint(join(place.folder, 'nowhere'))
  expect(nowhere.code).toBe(1)
  expect(nowhere.stdout).toContain('name the folder of a template')
})

it('templates match tells which template a text gets, and by what', async () => {
  const place = await makeWorkplace()
  await makeTemplates(place)
  const match = (...args: string[]) => place.devorch(['templates', 'match', ...args])
  expect(await match('--hint', 'FastAPI', 'a React app')).toMatchObject({
    code: 0,
    stdout: 'python-fastapi\n  by hint: FastAPI\n',
    stderr: '',
  })
  expect(await match('Koa server, not Express')).toMatchObject({ code: 0, stderr: '' })
  expect((await match('Koa server, not Express')).stdout).toMatch(/^koa-typescript\n {2}by rule: koa server\n/)
  const ranked = await match('Every night tar and rsync to the NAS, from cron')
  expect(ranked.stdout).toMatch(/^bash-cli\n {2}by rank: .*rsync/)
  const nothing = await match('Details follow after the call')
  expect(nothing).toMatchObject({ code: 0, stderr: '' })
  expect(nothing.stdout).toMatch(/^generic-starter\n {2}by fallback\n/)
})

it('templates match reads the text from stdin, and prints JSON', async () => {
  const place = await makeWorkplace()
  await makeTemplates(place)
  const args = ['templates', 'match', '--json', '--hint', 'acme-protal', '-']
  const ended = await place.devorch(args, { input: 'FastAPI service\nfor the React client that exists\n' })
  expect(ended).toMatchObject({ code: 0, stderr: '' })
  expect(JSON.parse(ended.stdout)).toEqual({
    id: 'python-fastapi',
    by: 'rule',
    words: ['fastapi'],
    runners_up: expect.any(Array) as unknown,
    hint_problem: expect.stringContaining('nearest: acme-portal') as string,
  })
  const plain = await place.devorch(['templates', 'match', '--hint', 'acme-protal', 'FastAPI'])
  expect(plain.stdout).toMatch(/^python-fastapi\n/)
  expect(plain.stderr).toContain('acme-protal')
})
