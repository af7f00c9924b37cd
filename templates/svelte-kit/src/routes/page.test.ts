import { render, screen } from '@testing-library/svelte'
import { expect, it } from 'vitest'
import { siteName } from '#lib/site.ts'
import Page from './+page.svelte'

it('shows the name of the site', () => {
  render(Page)
  expect(screen.getByRole('heading', { level: 1 }).textContent).toBe(siteName)
  expect(document.title).toBe(siteName)
})
