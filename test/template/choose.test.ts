import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import { loadCatalogue, type Catalogue, type Template } from '../../src/template/catalogue.js'
import { chooseTemplate } from '../../src/template/choose.js'
import { parseRules } from '../../src/template/rules.js'
import { makeManyTemplates } from '../support/many-templates.js'
import { temporaryFolder } from '../support/temporary.js'
import { shipped } from './fixtures.js'

let catalogue: Catalogue

beforeAll(async () => {
  catalogue = await loadCatalogue([shipped])
})

const plain = (id: string, aliases: string[] = []): [string, Template] => [
  id,
  { id, folder: `/templates/${id}`, aliases, keywords: [], variables: {}, leftOut: [], steps: [], text: '' },
]

function withRules(text: string, ...ids: string[]): Catalogue {
  const read = parseRules(text)
  if (read.kind === 'broken') throw new Error(read.because)
  return { templates: new Map(ids.map((id) => plain(id))), rules: read.rules, broken: [] }
}

describe('the hint', () => {
  it.each([
    ['react-typescript', 'react-typescript'],
    ['React_TypeScript', 'react-typescript'],
    [' react typescript ', 'react-typescript'],
    ['Vite.React', 'react-typescript'],
    ['FASTAPI', 'python-fastapi'],
    ['express', 'express-typescript'],
    ['blank', 'generic-starter'],
  ])('%j is %s', async (hint, id) => {
    expect(await chooseTemplate(catalogue, { hint, summary: 'a Python web API' })).toEqual({
      id,
      by: 'hint',
      words: [hint.trim()],
      runnersUp: [],
    })
  })

  it('prefers the exact id, then ids, then aliases; of two equal the one of higher precedence', async () => {
    const own: Catalogue = {
      templates: new Map([plain('my-app'), plain('My_App'), plain('other', ['MYAPP', 'my-app'])]),
      rules: [],
      broken: [],
    }
    expect((await chooseTemplate(own, { hint: 'my-app' })).id).toBe('my-app')
    expect((await chooseTemplate(own, { hint: 'MY APP' })).id).toBe('My_App')
  })

  it('that matches nothing is reported with the nearest ids, and the rules decide', async () => {
    const choice = await chooseTemplate(catalogue, { hint: 'react-typscript', summary: 'A FastAPI service' })
    expect(choice).toMatchObject({ id: 'python-fastapi', by: 'rule', words: ['fastapi'] })
    expect(choice.hintProblem).toBe(
      'template_hint "react-typscript" matches no template; nearest: react-typescript, nextjs, koa-typescript',
    )
  })

  it('names ids, not aliases, as the nearest, and escapes what it repeats', async () => {
    expect((await chooseTemplate(catalogue, { hint: 'fastapy' })).hintProblem).toContain('nearest: python-fastapi')
    expect(await chooseTemplate(catalogue, { hint: '\u001b[31mzzzzzzzzzzzzzzzz' })).toEqual({
      id: 'generic-starter',
      by: 'fallback',
      words: [],
      runnersUp: [],
      hintProblem: 'template_hint "\\u001b[31mzzzzzzzzzzzzzzzz" matches no template; none is near it',
    })
  })

  it('says so where it names a template that is left out', async () => {
    const own = { ...catalogue, broken: [{ folder: '/t/My-Thing', because: 'it is odd', remedy: 'mend it' }] }
    expect((await chooseTemplate(own, { hint: 'my_thing' })).hintProblem).toBe(
      'template_hint "my_thing" names a template that is left out: it is odd; mend it',
    )
  })
})

describe('the shipped rules', () => {
  const react = 'react-typescript'
  const express = 'express-typescript'
  const fastapi = 'python-fastapi'
  const cli = 'node-cli'
  const generic = 'generic-starter'

  it.each([
    ['A small react dashboard', react],
    ['React to-do list with drag and drop', react],
    ['ReactJS front-end for the allotment club, uses TypeScript', react],
    ['Build the seat map in React.', react],
    ['We moved to React last year, so please use that for the new intranet', react],
    ['small Express server in TypeScript for sensor readings', express],
    ['API with Express.js and JWT', express],
    ['Webhooks arrive over HTTP. Node with Express, please.', express],
    ['REST API in TypeScript for bookings', express],
    ['FastAPI service with Pydantic models', fastapi],
    ['We need a JSON API in Python that tells the stock per shop', fastapi],
    ['Use the python-fastapi layout', fastapi],
    ['A command line tool in TypeScript that renames photos', cli],
    ['Node CLI to compare lock files, runnable with npx', cli],
    // Named in order to be taken back.
    ['Not React: plain HTML and CSS', 'static-site'],
    ['Please no React this time', generic],
    ["Don't use React or anything with a build step", generic],
    ['It must not be written in React', generic],
    ['A booking page without React', generic],
    ['a booking page without using React', generic],
    ['Migrate off Django, use FastAPI', fastapi],
    ['Migrate off Express to FastAPI', fastapi],
    ['Moving the orders service away from Express', generic],
    ['Rewrite our Express API in FastAPI', fastapi],
    ['Rewrite it in React', react],
    ['Replace the FastAPI backend by an Express server', express],
    ['Migrate the shop from React to Elm', generic],
    ['Instead of Express use FastAPI here', fastapi],
    ['FastAPI rather than Express API', fastapi],
    ['React is not an option', generic],
    ['The React client already exists. This repository is the FastAPI backend only.', fastapi],
    ['React app, not a game', react],
    ['no login needed, just a React page', react],
    ['~~React~~ plain page', generic],
    ['Copy the look of https://react.dev/learn', generic],
    // The same word, another meaning.
    ['A form where visitors express interest in a flat', generic],
    ['People should express their opinion over an HTTP endpoint', generic],
    ['Book express delivery from a web server', generic],
    ['Alert the team so that they can react to the incident', generic],
    ['Users react with emojis to each photo', generic],
    ['We need a fast API response', generic],
    ['A timetable that compares express and local routes', generic],
    ['A reactive, expressive design', generic],
    // What it comes with, what it is for, what there is no template for, or too little.
    ['React Native app for drivers', generic],
    ['Next.js shop with React server components', 'nextjs'],
    ['React front end and a FastAPI backend', generic],
    ['Vue dashboard', 'vue-typescript'],
    ['NestJS with the Express adapter, REST', 'nestjs-api'],
    ['A Rust CLI for the terminal that reads Node lock files', 'rust-cli'],
    ['A Python package that wraps a REST API', 'python-library'],
    ['command line tool', generic],
    ['', generic],
  ])('%j → %s', async (summary, id) => {
    expect((await chooseTemplate(catalogue, { summary })).id).toBe(id)
  })

  it('say which words decided', async () => {
    expect(await chooseTemplate(catalogue, { summary: 'A CLI in TypeScript' })).toEqual({
      id: cli,
      by: 'rule',
      words: ['typescript', 'cli'],
      runnersUp: [],
    })
  })
})

describe('what is named', () => {
  it.each([
    // An ambiguous word needs evidence beside it.
    ['Go live is next Monday; the team reacts swiftly to rust and spring rain', 'generic-starter'],
    ['Book the express train and view the flask display', 'generic-starter'],
    ['Use Go for the price service, over HTTP', 'go-service'],
    ['in rust: print the words of a file in the terminal', 'rust-cli'],
    ['React single page app for the lab to track each flask', 'react-typescript'],
    ['Our ball python needs a feeding schedule', 'generic-starter'],
    ['Die Anwendung soll in Vue 3 gebaut werden', 'vue-typescript'],
    // What is made leads, and what it is made with follows.
    ['Browser extension with a React popup', 'browser-extension'],
    ['npm workspaces: a Next.js shop and a Fastify API', 'monorepo-npm'],
    ['GitHub Action that lints Rust code', 'github-action'],
    ['Discord bot in Python', 'generic-starter'],
    ['Command line tool in Rust that lints Python notebooks', 'rust-cli'],
    ['A Next.js dashboard for our Discord bot', 'nextjs'],
    ['Astro site with React islands', 'astro-site'],
    // What stands beside is not asked for.
    ['Laravel backend for our existing React Native app', 'generic-starter'],
    ['Our shop is written in Django. What we need is a TypeScript client library for npm', 'typescript-library'],
    ['Plain HTML landing page for our FastAPI product', 'static-site'],
    ['CLI in Go that works with React and Vue projects', 'go-cli'],
    // What is left behind.
    ['Gatsby → Astro', 'astro-site'],
    ['From Nuxt to SvelteKit', 'svelte-kit'],
    ['Express to Fastify migration of the pricing service', 'fastify-typescript'],
    ["Don't use React, Vue or Angular; Svelte it should be, a Svelte app", 'svelte-kit'],
    ['Django? No. Flask app', 'python-flask'],
    ['Rewrite the Django shop in Laravel', 'generic-starter'],
    ['The Go service keeps crashing. Build it anew as a Rust command line tool', 'rust-cli'],
    // Slips of the pen, other languages, issue forms.
    ['pls setup djnago proyect', 'python-django'],
    ['raect app', 'react-typescript'],
    ['The zoo has one panda and a unicorn', 'generic-starter'],
    ['Reactで社内ダッシュボードを作りたい', 'react-typescript'],
    ['不要React,用Vue写一个前端', 'vue-typescript'],
    ['### What\nA `golang` HTTP service\n### Environment\n- Node: 20\n### Alternatives\nFlask', 'go-service'],
    ['- [ ] React\n- [x] Vue app', 'vue-typescript'],
    // What is asked for, and what stands beside it.
    ['The shop is React and its admin Django, both exist. What is missing is a Go service between them', 'go-service'],
    ['Nest backend for the Angular app that the other team builds', 'nestjs-api'],
    ['Chrome extension written in Svelte that reads our FastAPI', 'browser-extension'],
    ['Vue app, deployed in an Express container', 'vue-typescript'],
    ['Let agents see the Go API through an MCP server in TypeScript', 'mcp-server'],
    ['We have a Laravel shop and a React Native app. Build a Koa server for both', 'koa-typescript'],
    ['The storefront is Next.js. Please build the webhook consumer in Go', 'go-service'],
    ['The catalogue is Django. Beside it we need an API. Do that in Fastify', 'fastify-typescript'],
    ['As discussed, SvelteKit', 'svelte-kit'],
    ['It used to be a Jenkins plugin. Now make it a GitHub Action', 'github-action'],
    ['Rewrite the Node notification service in Go', 'go-service'],
    ["We'll choose between React and Vue in January", 'generic-starter'],
    ['React pages, rendered on the server for SEO', 'nextjs'],
    ['React pages behind a login, no server rendering', 'react-typescript'],
    ["Everyone else uses React, we don't want to. Vue for the intranet.", 'vue-typescript'],
    ['API for our Flutter app and our React admin, NestJS with TypeORM', 'nestjs-api'],
    ['Python scripts feed it and a Vue dashboard reads from it: the Go service for states', 'go-service'],
    ["I was told to use WordPress but I'd rather have plain HTML and CSS", 'static-site'],
    ['It is written in C++ today, we want the command line tool in Rust', 'rust-cli'],
    // Slips of the pen within a phrase, and compounds.
    ['rust comand line thing', 'rust-cli'],
    ['disord bot', 'discord-bot'],
    ['Befehlszeilenprogramm in Go', 'go-cli'],
    ['Een commandoregelprogramma in Node', 'node-cli'],
    // Nothing is named, and many words lead one way, or too few do.
    ['A button in the toolbar that highlights prices on any website I visit', 'browser-extension'],
    ['Nightly cron job: rsync to the NAS, mail me on failure', 'bash-cli'],
    ['A page about the club', 'generic-starter'],
  ])('%j → %s', async (summary, id) => {
    expect((await chooseTemplate(catalogue, { summary })).id).toBe(id)
  })

  it('without a template is told, with the fallback', async () => {
    expect(await chooseTemplate(catalogue, { summary: 'Laravel app for the vineyard' })).toMatchObject({
      id: 'generic-starter',
      by: 'fallback',
      words: ['laravel'],
    })
  })

  it('by many words says which, and who came next', async () => {
    const choice = await chooseTemplate(catalogue, { summary: 'Every night tar and rsync to the NAS, from cron' })
    expect(choice).toMatchObject({ id: 'bash-cli', by: 'rank' })
    expect(choice.words).toEqual(expect.arrayContaining(['rsync', 'nas', 'from cron', 'tar']))
  })

  it('leads to the same template beside 300 folders of others', async () => {
    const folder = await temporaryFolder()
    await makeManyTemplates(folder, 300)
    const both = await loadCatalogue([shipped, folder])
    expect(both.templates.size).toBe(catalogue.templates.size + 300)
    const texts = [
      'An HTTP service in Go that stores readings',
      'The Java service eats 2 GB of memory. I want it done again in Go.',
      'React dashboard for the sensors',
      'Next.js 14 shop with stripe',
      'Django site for a blog, with postgres and docker',
      'Spring Boot 3 service',
      'A command line tool in Rust',
      'Every night tar and rsync to the NAS, from cron',
    ]
    for (const summary of texts) {
      const { id } = await chooseTemplate(catalogue, { summary })
      expect([summary, (await chooseTemplate(both, { summary })).id]).toEqual([summary, id])
    }
  })
})

describe('beside templates of one’s own', () => {
  const own = (): Catalogue => ({
    ...catalogue,
    templates: new Map([
      ...catalogue.templates,
      ...['acme-portal', 'laravel-blade', 'react-vite-tailwind', 'real-time'].map((id) => plain(id)),
    ]),
  })

  it.each([
    ['Start from our acme-portal boilerplate', 'acme-portal', 'rule'],
    ['Please use acme-portal', 'acme-portal', 'rule'],
    ["Don't use acme-portal, a Flask app it is", 'python-flask', 'rule'],
    ['A real-time dashboard in React', 'react-typescript', 'rule'],
    ['React app with Vite and Tailwind', 'react-typescript', 'rule'],
    ['Laravel app for the vineyard', 'laravel-blade', 'rank'],
  ])('%j → %s by %s', async (summary, id, by) => {
    expect(await chooseTemplate(own(), { summary })).toMatchObject({ id, by })
  })

  it('their own conditions are met where no stack is named', async () => {
    const [id, template] = plain('tides')
    const when = { all: [['tide', 'tides']], any: [], none: ['moon'] }
    const with_ = { ...catalogue, templates: new Map([...catalogue.templates, [id, { ...template, when }]]) }
    expect(await chooseTemplate(with_, { summary: 'A table of tides' })).toMatchObject({ id, words: ['tides'] })
    expect((await chooseTemplate(with_, { summary: 'Tides and the moon' })).id).toBe('generic-starter')
  })
})

describe('rules', () => {
  it('go from the top: all, any, none', async () => {
    const own = withRules(
      `rules:
        - { template: a, all: [one, [two, zwei]], none: [never] }
        - { template: b, any: [one, two words] }`,
      'a',
      'b',
    )
    const id = async (summary: string) => (await chooseTemplate(own, { summary })).id
    expect(await id('zwei and one')).toBe('a')
    expect(await id('one, two, never mind')).toBe('b')
    expect(await id('two words')).toBe('b')
    expect(await id('two. Words')).toBe('generic-starter')
    expect(await id('twowords')).toBe('generic-starter')
  })

  it('that name a missing template are passed over', async () => {
    const own = withRules('rules: [{ template: gone, any: [one] }, { template: a, any: [one] }]', 'a')
    expect((await chooseTemplate(own, { summary: 'one' })).id).toBe('a')
  })

  it('overlook what ignore names, but still see the word elsewhere', async () => {
    const own = withRules('ignore: [go to]\nrules: [{ template: a, any: [go] }]', 'a')
    expect((await chooseTemplate(own, { summary: 'I go to school' })).by).toBe('fallback')
    expect((await chooseTemplate(own, { summary: 'I go to school and write Go' })).by).toBe('rule')
  })
})

it('chooses an existing template for any text, quickly', async () => {
  const word = fc.constantFrom(
    'react',
    'express',
    'no',
    'not',
    'api',
    'python',
    'instead of',
    'to',
    '.',
    '-',
    '<!--',
    '~~',
    '://',
  )
  await fc.assert(
    fc.asyncProperty(
      fc.oneof(
        fc.string({ unit: 'binary' }),
        fc.array(word).map((words) => words.join(' ')),
      ),
      async (text) => {
        const { id } = await chooseTemplate(catalogue, { hint: text, summary: text })
        expect(catalogue.templates.has(id)).toBe(true)
      },
    ),
    { numRuns: 300 },
  )
})
