import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

/** A stack as people name it in folders, and the files that tell it. */
interface Stack {
  readonly name: string
  readonly files: (id: string, about: string) => Readonly<Record<string, string>>
}

const npm =
  (...dependencies: readonly string[]) =>
  (id: string, about: string) => ({
    'package.json': JSON.stringify({
      name: id,
      description: about,
      private: true,
      dependencies: Object.fromEntries(dependencies.map((one) => [one, '^1.0.0'])),
      devDependencies: { eslint: '^9.0.0', typescript: '^5.0.0', vitest: '^3.0.0' },
    }),
    'src/index.ts': `console.log('${id}')\n`,
  })

const python =
  (...dependencies: readonly string[]) =>
  (id: string, about: string) => ({
    'pyproject.toml': `[project]\nname = "${id}"\ndescription = "${about}"\ndependencies = [\n${dependencies
      .map((one) => `  "${one}>=1",\n`)
      .join('')}]\n`,
    'main.py': 'print(1)\n',
  })

const stacks: readonly Stack[] = [
  { name: 'react-vite', files: npm('react', 'react-dom', 'vite') },
  { name: 'vue-vite', files: npm('vue', 'pinia', 'vite') },
  { name: 'svelte-kit', files: npm('svelte', '@sveltejs/kit') },
  { name: 'next-app', files: npm('next', 'react') },
  { name: 'express-api', files: npm('express', 'zod') },
  { name: 'nest-api', files: npm('@nestjs/core', '@nestjs/common') },
  { name: 'discord-bot', files: npm('discord.js') },
  { name: 'electron-app', files: npm('electron') },
  { name: 'fastapi', files: python('fastapi', 'uvicorn') },
  { name: 'django-site', files: python('django') },
  { name: 'jupyter-lab', files: python('jupyterlab', 'pandas', 'matplotlib') },
  {
    name: 'go-service',
    files: (id) => ({ 'go.mod': `module example.com/${id}\n\nrequire github.com/go-chi/chi v5.0.0\n` }),
  },
  { name: 'rust-cli', files: (id) => ({ 'Cargo.toml': `[package]\nname = "${id}"\n\n[dependencies]\nclap = "4"\n` }) },
  {
    name: 'laravel',
    files: (id) => ({ 'composer.json': `{"name":"acme/${id}","require":{"laravel/framework":"^11"}}` }),
  },
  { name: 'rails', files: () => ({ Gemfile: "gem 'rails'\ngem 'pg'\n" }) },
]

const extras = [
  '',
  'tailwind',
  'auth',
  'postgres',
  'docker',
  'graphql',
  'monorepo',
  'i18n',
  'stripe',
  'redis',
  'mongo',
  'e2e',
]
const domains = ['dashboard', 'shop', 'blog', 'chat', 'crm', 'booking', 'inventory', 'analytics', 'portfolio', 'wiki']

/** The id of one of the folders that `makeManyTemplates` makes, as people name theirs: `react-vite-tailwind-shop-7`. */
export function manyTemplateId(index: number): string {
  const [stack, extra, domain] = partsOf(index)
  return [stack.name, extra, domain, index.toString()].filter((part) => part !== '').join('-')
}

/** Makes plain folders, none with a template.yaml: a README each and what their stack has. */
export async function makeManyTemplates(folder: string, count: number): Promise<void> {
  for (let index = 0; index < count; index += 1) {
    const [stack, extra, domain] = partsOf(index)
    const id = manyTemplateId(index)
    const about = `A starter for a ${domain} with ${stack.name.replace('-', ' ')}${extra === '' ? '' : ` and ${extra}`}`
    const readme = `# ${id}\n\n${about}.\n\n\`\`\`sh\nmake dev\n\`\`\`\n\n${'How it is put together. '.repeat(20)}\n`
    for (const [path, content] of Object.entries({ 'README.md': readme, ...stack.files(id, about) })) {
      await mkdir(join(folder, id, path, '..'), { recursive: true })
      await writeFile(join(folder, id, path), content)
    }
  }
}

/** Neighbours differ in everything, and every combination comes up. */
function partsOf(index: number): [stack: Stack, extra: string, domain: string] {
  const pick = <T>(list: readonly T[], at: number): T => {
    const found = list[at % list.length]
    if (found === undefined) throw new Error('a list is empty')
    return found
  }
  const rest = Math.floor(index / stacks.length)
  return [pick(stacks, index), pick(extras, index + rest), pick(domains, rest + Math.floor(rest / domains.length))]
}
