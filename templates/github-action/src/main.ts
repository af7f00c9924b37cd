import * as core from '@actions/core'
import { greetingFor } from './greeting.js'

/* The only file that knows of GitHub: inputs in, outputs and failure out. */

try {
  const name = core.getInput('name', { required: true })
  const greeting = greetingFor(name, { loud: core.getBooleanInput('loud') })
  core.info(greeting)
  core.setOutput('greeting', greeting)
} catch (error) {
  core.setFailed(error instanceof Error ? error.message : String(error))
}
