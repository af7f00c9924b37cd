import { experimental_AstroContainer as AstroContainer } from 'astro/container'
import { expect, it } from 'vitest'
import PostCard from '../src/components/PostCard.astro'

it('links to the post and says when it was written', async () => {
  const container = await AstroContainer.create()
  const html = await container.renderToString(PostCard, {
    props: {
      href: '/posts/seeds/',
      title: 'Seeds & soil',
      description: 'What to sow in March',
      date: new Date('2026-03-01'),
    },
  })
  expect(html).toContain('href="/posts/seeds/"')
  expect(html).toContain('Seeds &amp; soil')
  expect(html).toContain('datetime="2026-03-01"')
  expect(html).toContain('What to sow in March')
})
