import { defineConfig } from 'astro/config'

export default defineConfig({
  // The address that the site will have; canonical links and a sitemap need it.
  // site: 'https://example.org',
})
