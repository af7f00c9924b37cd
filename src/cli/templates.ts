import type { Command } from 'commander'
import type { ChangeArguments } from '../commands/templates/update.js'
import type { Json, Wrap } from './command.js'

/** Adds the commands for what projects are made from. */
export function addTemplateCommands(program: Command, command: Wrap): void {
  program.commandsGroup('Templates:')

  const templates = program.command('templates').description('what projects are made from')

  templates
    .command('list')
    .description('list the templates that can be chosen')
    .option('--json', 'print JSON', false)
    .action(
      command(async (context, options: Json) =>
        (await import('../commands/templates/list.js')).listTemplates(context, options.json),
      ),
    )

  templates
    .command('add <source>')
    .description("copy templates into the home's from a folder, a git address (//folder, #ref) or npm:PACKAGE")
    .option('--as <id>', "its id; of many, what stands in place of the source's name")
    .option('--whole', 'take the source for one template, whatever it looks like', false)
    .option('--json', 'print JSON', false)
    .action(
      command(async (context, source: string, options: Json & { as?: string; whole: boolean }) =>
        (await import('../commands/templates/add.js')).addTemplate(context, {
          source,
          as: options.as,
          whole: options.whole,
          json: options.json,
        }),
      ),
    )

  templates
    .command('update [id...]')
    .description('fetch added templates again; those that were changed here stay')
    .option('--force', 'replace changed ones too; the old is kept in templates/.removed/', false)
    .option('--json', 'print JSON', false)
    .action(
      command(async (context, ids: string[], options: Omit<ChangeArguments, 'ids'>) =>
        (await import('../commands/templates/update.js')).updateTemplate(context, {
          ids,
          force: options.force,
          json: options.json,
        }),
      ),
    )

  templates
    .command('remove <id...>')
    .description('move added templates to templates/.removed/')
    .option('--force', 'those that were changed here too', false)
    .option('--json', 'print JSON', false)
    .action(
      command(async (context, ids: string[], options: Omit<ChangeArguments, 'ids'>) =>
        (await import('../commands/templates/remove.js')).removeTemplate(context, {
          ids,
          force: options.force,
          json: options.json,
        }),
      ),
    )

  templates
    .command('lint [folder...]')
    .description(
      'say what is wrong with the templates and rules, or with these folders; exit code 1 where something is',
    )
    .option('--json', 'print JSON', false)
    .action(
      command(async (context, folders: string[], options: Json) =>
        (await import('../commands/templates/lint.js')).lintTemplates(context, folders, options.json),
      ),
    )

  templates
    .command('match <text>')
    .description('show which template a summary (- for stdin) would get, and why')
    .option('--hint <hint>', 'the template_hint of the job')
    .option('--json', 'print JSON', false)
    .action(
      command(async (context, text: string, options: Json & { hint?: string }) =>
        (await import('../commands/templates/match.js')).matchTemplate(context, {
          text,
          hint: options.hint,
          json: options.json,
        }),
      ),
    )
}
