import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import { loadCatalogue, type Catalogue, type Template } from '../../src/template/catalogue.js'
import { chooseTemplate } from '../../src/template/choose.js'
import { parseRules } from '../../src/template/rules.js'
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
  ])('%j is %s', (hint, id) => {
    expect(chooseTemplate(catalogue, { hint, summary: 'a Python web API' })).toEqual({
      id,
      by: 'hint',
      words: [hint.trim()],
    })
  })

  it('prefers the exact id, then ids, then aliases; of two equal the one of higher precedence', () => {
    const own: Catalogue = {
      templates: new Map([plain('my-app'), plain('My_App'), plain('other', ['MYAPP', 'my-app'])]),
      rules: [],
      broken: [],
    }
    expect(chooseTemplate(own, { hint: 'my-app' }).id).toBe('my-app')
    expect(chooseTemplate(own, { hint: 'MY APP' }).id).toBe('My_App')
  })

  it('that matches nothing is reported with the nearest ids, and the rules decide', () => {
    const choice = chooseTemplate(catalogue, { hint: 'react-typscript', summary: 'A FastAPI service' })
    expect(choice).toMatchObject({ id: 'python-fastapi', by: 'rule', words: ['fastapi'] })
    expect(choice.hintProblem).toBe(
      'template_hint "react-typscript" matches no template; nearest: react-typescript, express-typescript, node-cli',
    )
  })

  it('names ids, not aliases, as the nearest, and escapes what it repeats', () => {
    expect(chooseTemplate(catalogue, { hint: 'fastapy' }).hintProblem).toContain('nearest: python-fastapi')
    expect(chooseTemplate(catalogue, { hint: '\u001b[31mzzzzzzzzzzzzzzzz' })).toEqual({
      id: 'generic-starter',
      by: 'fallback',
      words: [],
      hintProblem: 'template_hint "\\u001b[31mzzzzzzzzzzzzzzzz" matches no template; none is near it',
    })
  })

  it('says so where it names a template that is left out', () => {
    const own = { ...catalogue, broken: [{ folder: '/t/My-Thing', because: 'it is odd', remedy: 'mend it' }] }
    expect(chooseTemplate(own, { hint: 'my_thing' }).hintProblem).toBe(
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
    ['Not React: plain HTML and CSS', generic],
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
    // Something else, or too little.
    ['React Native app for drivers', generic],
    ['Next.js shop with React server components', generic],
    ['React front end and a FastAPI backend', generic],
    ['Vue dashboard', generic],
    ['NestJS with the Express adapter, REST', generic],
    ['A Rust CLI for the terminal that reads Node lock files', generic],
    ['A Python package that wraps a REST API', generic],
    ['command line tool', generic],
    ['', generic],
  ])('%j → %s', (summary, id) => {
    expect(chooseTemplate(catalogue, { summary }).id).toBe(id)
  })

  it('say which words decided', () => {
    expect(chooseTemplate(catalogue, { summary: 'A CLI in TypeScript' })).toEqual({
      id: cli,
      by: 'rule',
      words: ['typescript', 'cli'],
    })
  })
})

describe('rules', () => {
  it('go from the top: all, any, none', () => {
    const own = withRules(
      `rules:
        - { template: a, all: [one, [two, zwei]], none: [never] }
        - { template: b, any: [one, two words] }`,
      'a',
      'b',
    )
    const id = (summary: string) => chooseTemplate(own, { summary }).id
    expect(id('zwei and one')).toBe('a')
    expect(id('one, two, never mind')).toBe('b')
    expect(id('two words')).toBe('b')
    expect(id('two. Words')).toBe('generic-starter')
    expect(id('twowords')).toBe('generic-starter')
  })

  it('that name a missing template are passed over', () => {
    const own = withRules('rules: [{ template: gone, any: [one] }, { template: a, any: [one] }]', 'a')
    expect(chooseTemplate(own, { summary: 'one' }).id).toBe('a')
  })

  it('overlook what ignore names, but still see the word elsewhere', () => {
    const own = withRules('ignore: [go to]\nrules: [{ template: a, any: [go] }]', 'a')
    expect(chooseTemplate(own, { summary: 'I go to school' }).by).toBe('fallback')
    expect(chooseTemplate(own, { summary: 'I go to school and write Go' }).by).toBe('rule')
  })
})

it('chooses an existing template for any text, quickly', () => {
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
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string({ unit: 'binary' }),
        fc.array(word).map((words) => words.join(' ')),
      ),
      (text) => {
        expect(catalogue.templates.has(chooseTemplate(catalogue, { hint: text, summary: text }).id)).toBe(true)
      },
    ),
    { numRuns: 300 },
  )
})
