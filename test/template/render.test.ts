import { symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { loadCatalogue } from '../../src/template/catalogue.js'
import { renderTemplateTracker } from '../../src/template/render.js'
import { shipped, templateOf, variables } from './fixtures.js'

it('renders the tracker of a template, or copies a plain one', async () => {
  const liquid = await templateOf({ 'PROGRESS_TRACKER.md.liquid': '# {{ project }}\n' })
  const plain = await templateOf({ 'PROGRESS_TRACKER.md': '# {{ project }}\n' })
  expect(await renderTemplateTracker(liquid, variables)).toBe('# Green.House\n')
  expect(await renderTemplateTracker(plain, variables)).toBe('# {{ project }}\n')
  expect(await renderTemplateTracker(await templateOf({ 'docs/PROGRESS_TRACKER.md': 'x' }), variables)).toBeUndefined()
})

it('refuses a tracker that is a link or does not render', async () => {
  const link = await templateOf({})
  await symlink('/etc/hostname', join(link.folder, 'PROGRESS_TRACKER.md'))
  await expect(renderTemplateTracker(link, variables)).rejects.toMatchObject({
    because: 'PROGRESS_TRACKER.md is a symbolic link',
    field: 'template_hint',
  })
  const wrong = await templateOf({ 'PROGRESS_TRACKER.md.liquid': '{{ x }}' })
  await expect(renderTemplateTracker(wrong, variables)).rejects.toMatchObject({
    because: expect.stringContaining('PROGRESS_TRACKER.md.liquid, line 1') as string,
  })
})

it('finds a first plan in every shipped template', async () => {
  const { templates } = await loadCatalogue([shipped])
  for (const template of templates.values()) {
    const tracker = await renderTemplateTracker(template, variables)
    expect(tracker, template.id).toMatch(/^# Green\.House: progress\n/)
    expect(tracker, template.id).toContain('- [ ] ')
  }
})
