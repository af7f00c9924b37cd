import { readFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { parseArgs } from 'node:util'
import { loadCatalogue, type Catalogue } from '../../src/template/catalogue.js'
import { chooseTemplate } from '../../src/template/choose.js'
import { belowFloors, isRight, parseCases, scoreOf, type Answer, type Case, type Share } from './score.js'

/** `npm run eval:selection -- [FILE.tsv…] [--misses] [--half tuned|held]`: how well texts lead to the right template. */
async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { misses: { type: 'boolean', default: false }, half: { type: 'string' } },
  })
  const catalogue = await loadCatalogue([join(process.cwd(), 'templates')])
  const own = parseCases(await readFile(join(process.cwd(), 'test', 'selection', 'cases.tsv'), 'utf8'))
  const sets: [string, Case[]][] = [
    ['own cases, the half that the rules were tuned on (odd numbers)', own.filter((one) => !isHeldOut(one))],
    ['own cases, the half that was held out (even numbers)', own.filter(isHeldOut)],
  ]
  if (values.half !== undefined) sets.splice(values.half === 'tuned' ? 1 : 0, 1)
  for (const file of positionals) sets.push([basename(file), parseCases(await readFile(file, 'utf8'))])
  for (const [name, cases] of sets) await report(name, cases, catalogue, values.misses)
}

function isHeldOut(one: Case): boolean {
  return Number(/\d+$/.exec(one.id)?.[0] ?? 1) % 2 === 0
}

async function report(name: string, cases: readonly Case[], catalogue: Catalogue, misses: boolean): Promise<void> {
  const answers: Answer[] = []
  for (const one of cases) {
    const { id, by, words } = await chooseTemplate(catalogue, { summary: one.text })
    answers.push({ case: one, id, by, words })
  }
  const score = scoreOf(answers)
  console.log(`\n${name}: ${cases.length.toString()} cases\n`)
  for (const [kind, found] of score.kinds) console.log(row(kind, found))
  console.log(row('overall', score.overall))
  console.log(row('wrong but confident *', score.wrongButConfident))
  if (misses) {
    for (const answer of answers.filter((one) => !isRight(one))) {
      const { id, kind, acceptable, text } = answer.case
      console.log(
        `\n${id} ${kind}: ${acceptable.join(' or ')}, but ${answer.id} by ${answer.by} [${answer.words.join(', ')}]`,
      )
      console.log(`  ${JSON.stringify(text)}`)
    }
  }
  for (const below of belowFloors(score)) {
    console.log(`BELOW THE FLOOR: ${below}`)
    process.exitCode = 1
  }
}

function row(name: string, { count, of, rate, low, high }: Share): string {
  const percent = (value: number) => (value * 100).toFixed(1).padStart(5)
  const counted = `${count.toString()}/${of.toString()}`.padStart(8)
  return `${name.padEnd(22)}${counted}  ${percent(rate)} %   (95 %: ${percent(low)} to ${percent(high)})`
}

await main()
