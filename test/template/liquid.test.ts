import { describe, expect, it } from 'vitest'
import { Problem } from '../../src/support/problem.js'
import { RenderBudget, renderLiquid } from '../../src/template/liquid.js'
import { scopeOf } from '../../src/template/render.js'
import { variables } from './fixtures.js'

const thing = { templateId: 'sample', file: 'docs/a.md.liquid' }
const rendered = (source: string) => renderLiquid(source, scopeOf(variables), thing)

describe('renderLiquid', () => {
  it('knows the project in its spellings, and data stays data', async () => {
    expect(
      await rendered('{{ project }} {{ project_slug }} {{ project_snake }} {{ owner }}/{{ repository }} {{ year }}'),
    ).toBe('Green.House green-house green_house acme/green-house 2026')
    expect(await rendered('{{ summary | json }}')).toBe('"Say \\"hello\\""')
    const sly = scopeOf({ ...variables, summary: '{{ project }}{% include "x" %}', owner: null })
    expect(await renderLiquid('{{ summary }}{{ owner }}', sly, thing)).toBe('{{ project }}{% include "x" %}')
  })

  it('makes names that package managers take', () => {
    const names = (project: string) => {
      const scope = scopeOf({ ...variables, project })
      return [scope['project_slug'], scope['project_snake']]
    }
    expect(names('My__App-')).toEqual(['my-app', 'my_app'])
    expect(names('2048')).toEqual(['2048', 'app_2048'])
  })

  it.each([
    ['Green.House', 'green-house', 'green_house', 'GREEN_HOUSE', 'greenHouse', 'GreenHouse', 'Green House'],
    ['GraphQL-api', 'graphql-api', 'graphql_api', 'GRAPHQL_API', 'graphQLApi', 'GraphQLApi', 'GraphQL Api'],
    ['HTTPServer', 'httpserver', 'httpserver', 'HTTPSERVER', 'httpServer', 'HTTPServer', 'HTTPServer'],
    ['MY_APP', 'my-app', 'my_app', 'MY_APP', 'myApp', 'MyApp', 'My App'],
    [
      '2nd-My.App_x',
      '2nd-my-app-x',
      'app_2nd_my_app_x',
      'APP_2ND_MY_APP_X',
      'app2ndMyAppX',
      'App2ndMyAppX',
      '2nd My App X',
    ],
    ['a', 'a', 'a', 'A', 'a', 'A', 'A'],
    ['-.-', 'project', 'project', 'PROJECT', 'project', 'Project', 'Project'],
  ])('spells %s for packages, modules, constants, functions, classes and titles', (project, ...spellings) => {
    const scope = scopeOf({ ...variables, project })
    const names = ['kebab', 'snake', 'constant', 'camel', 'pascal', 'title'].map((name) => scope[`project_${name}`])
    expect(names).toEqual(spellings)
    expect(scope['project_slug']).toBe(scope['project_kebab'])
  })

  it("has the template's own variables, before which the job's go", async () => {
    const scope = scopeOf(variables, { port: 8080, tls: false, owner: 'nobody' })
    expect(await renderLiquid('{{ port }} {{ tls }} {{ owner }}', scope, thing)).toBe('8080 false acme')
  })

  it('ends where all of a template takes too long or becomes too much', async () => {
    const budget = new RenderBudget()
    budget.spend(thing, 0, 60 * 1024 * 1024)
    await expect(renderLiquid('x'.repeat(5 * 1024), {}, thing, budget)).resolves.toHaveLength(5 * 1024)
    const much = async () => {
      for (;;) await renderLiquid('x'.repeat(1024 * 1024), {}, thing, budget)
    }
    await expect(much()).rejects.toMatchObject({ because: 'docs/a.md.liquid: its files render to more than 64 MiB' })
    expect(() => {
      new RenderBudget().spend(thing, 10_001, 0)
    }).toThrow(/takes over 10 s/)
  })

  it.each([
    ['an unknown variable', 'a\nb {{ nope }}', /^docs\/a\.md\.liquid, line 2, column \d+: undefined variable: nope$/],
    ['a property from a prototype', '{{ project.constructor }}', /line 1, column \d+: undefined variable/],
    ['an unknown filter', '{{ project | nope }}', /line 1, column 1: undefined filter: nope$/],
    ['an open tag', 'a\n\n{% if project %}', /line 3, column 1: tag .* not closed$/],
    ['a file from elsewhere', '{% include "/etc/passwd" %}', /line 1, column 1: ENOENT/],
    ['a file from beside it', '{% render "./catalogue.ts" %}', /line 1, column 1: ENOENT/],
    ['a layout', '{% layout "x" %}', /line 1, column 1: ENOENT/],
    ['an expression for each item', '{{ "a" | split: "" | where_exp: "x", "x" }}', /undefined filter: where_exp$/],
    ['a wide date', "{{ 'now' | date: '%999999999N' }}", /limit exceeded$/],
    ['a long loop', '{% for i in (1..9000) %}{% for j in (1..9000) %}x{% endfor %}{% endfor %}', /limit exceeded$/],
    ['a huge range', '{% for i in (1..100000000) %}x{% endfor %}', /limit exceeded$/],
    [
      'a doubled text',
      '{% assign a = "x" %}{% for i in (1..60) %}{% assign a = a | append: a %}{% endfor %}',
      /limit exceeded$/,
    ],
    ['a huge result', `{% for i in (1..100) %}${'x'.repeat(50_000)}{% endfor %}`, /renders to more than 4 MiB$/],
  ])('refuses %s, with the place', async (_, source, because) => {
    const failure: unknown = await rendered(source).catch((error: unknown) => error)
    expect(failure).toBeInstanceOf(Problem)
    expect(failure).toMatchObject({
      doing: 'apply template sample',
      field: 'template_hint',
      because: expect.stringMatching(because) as string,
    })
  })

  it('names the variables that there are', async () => {
    await expect(rendered('{{ name }}')).rejects.toMatchObject({
      remedy:
        'variables are project, project_slug, project_kebab, project_snake, project_constant, project_camel, ' +
        'project_pascal, project_title, owner, repository, year, summary',
    })
  })
})
