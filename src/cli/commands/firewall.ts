import type { JsonValue } from '../../base/canonical-json.ts'
import type { Command, CommandContext } from '../command.ts'
import { EXIT_CODES } from '../exit-codes.ts'
import { type FlagTable, choiceFlag, listFlag, numberFlag, requiredList, textFlag, usageError } from '../flags.ts'
import { readBytes } from '../read-bytes.ts'
import { listOf, membersOf, textOf } from '../registered-policies.ts'
import { operatorName, useControl } from '../running-control.ts'
import { visibleText } from '../visible-text.ts'

const FILE_BYTES_MAX = 1_048_576

const PLANS =
  'A plan is JSON: {"proposedBy": "agent", "writtenAfter": [], "sources": [{"id", "kind", "locator", "confidentiality", "integrity"}], "sinks": [{"id", "kind", "locator"}], "steps": [{"id", "action", "uses": [], "sink"}]}. The rules are those of `firewall` in the configuration, and what the node knows of the places that the plan reads.'

/** What the firewall says of a plan. */
export const firewallCheckCommand: Command = {
  name: 'firewall check',
  summary: 'say whether a plan may be carried out, and which rules it breaks',
  synopsis: 'PLAN.json',
  positionalsMax: 1,
  flags: {},
  details: [
    PLANS,
    'Nothing is done and nothing is remembered. Exit 3 where it is refused; a refusal that is approvable is lifted by `kernell firewall approve`.',
  ],
  examples: ['kernell firewall check plan.json', 'kernell firewall check plan.json --json'],
  async run(context) {
    const { isJson, terminal } = context
    const answer = await ask(context, { op: 'check', plan: readPlan(context) })
    const isAllowed = membersOf(answer)['allowed'] === true
    if (isJson) terminal.printJson(answer)
    else terminal.print(describeReview(answer, isAllowed))
    return isAllowed ? EXIT_CODES.done : EXIT_CODES.refused
  },
}

/** Lets one plan pass once. */
export const firewallApproveCommand: Command = {
  name: 'firewall approve',
  summary: 'let a plan pass that you have read, once: prints the token that goes with it',
  synopsis: 'PLAN.json --step ID ... [--minutes N]',
  positionalsMax: 1,
  flags: {
    step: { value: 'ID', describe: 'what this step makes counts as trusted; may be repeated', isList: true },
    as: { value: 'public|internal|private', describe: 'how confidential it counts as (default: as it is)' },
    minutes: { value: 'N', describe: 'how long it holds, at most 1440 (default 60)' },
  },
  details: [
    'The token names exactly this plan by its hash: a plan that was changed since is refused with APPROVAL_OTHER_PLAN. It serves once. It lifts no undeclared place and no forged source.',
    'Who approved which plan is in the audit journal (`kernell audit list --type plan-approved`). Read the file that you approve, not what an agent says of it.',
  ],
  examples: [
    'kernell firewall approve plan.json --step run',
    'kernell firewall approve plan.json --step tell --as public --json',
  ],
  async run(context) {
    const { flags, isJson, terminal } = context
    const request = {
      op: 'approve',
      plan: readPlan(context),
      steps: [...requiredList(flags, 'step')],
      confidentiality: choiceFlag(flags, 'as', ['public', 'internal', 'private']),
      minutes: numberFlag(flags, 'minutes', { min: 0.01, max: 1_440 }),
      approver: operatorName(),
    }
    const answer = await ask(context, request)
    if (isJson) terminal.printJson(answer)
    else {
      terminal.print(textOf(answer, 'approval'))
      terminal.note('Hand it over with the plan: `kernell firewall run PLAN.json --approval TOKEN`')
    }
    return EXIT_CODES.done
  },
}

const RUN_FLAGS: FlagTable = {
  approval: { value: 'TOKEN', describe: 'what `kernell firewall approve` printed' },
  text: { value: 'PLACE=TEXT', describe: 'what stands at a source: text, or @FILE; may be repeated', isList: true },
  tenant: { value: 'NAME', describe: 'whose memories and files (default: default)' },
}

/** Carries a plan out. */
export const firewallRunCommand: Command = {
  name: 'firewall run',
  summary: 'carry a plan out, each of its steps through the firewall',
  synopsis: 'PLAN.json [--text PLACE=TEXT ...] [--approval TOKEN]',
  positionalsMax: 1,
  flags: RUN_FLAGS,
  details: [
    PLANS,
    'Sources: user, peer and document at a PLACE that --text gives, document at https://..., memory at memory/TENANT/ID, file at file/TENANT/NAME. Sinks: reply, memory and file at the same places, model at models/local or models/remote, execute at sandbox/script (JavaScript, without network and files).',
    'A step with a model asks it what its action says, over what it uses; one without a sink puts what it uses together. What a step stored keeps the label of what it was made of, in every later plan. Exit 3 for a refusal.',
  ],
  examples: [
    'kernell firewall run plan.json --text request="Summarise the letter." --text request/letter=@letter.txt',
    'kernell firewall run plan.json --approval TOKEN --json',
  ],
  async run(context) {
    const { flags, isJson, terminal } = context
    const request = {
      op: 'run',
      plan: readPlan(context),
      approval: textFlag(flags, 'approval'),
      tenant: textFlag(flags, 'tenant'),
      texts: Object.fromEntries(listFlag(flags, 'text').map((item) => readText(context, item))),
    }
    const answer = await useControl(context, async (control) => await control.ask(request, 'firewall'), {
      config: {},
    })
    if (isJson) terminal.printJson(answer)
    else {
      terminal.print(visibleText(textOf(answer, 'output')))
      for (const step of listOf(answer, 'steps')) terminal.note(`${textOf(step, 'id')}: ${describeLabel(step)}`)
    }
    return EXIT_CODES.done
  },
}

/** What is known of a place. */
export const firewallLabelCommand: Command = {
  name: 'firewall label',
  summary: 'show what is known of what plans have stored at a place, and where it came from',
  synopsis: 'PLACE',
  positionalsMax: 1,
  flags: {},
  examples: ['kernell firewall label memory/default/note'],
  async run(context) {
    const { isJson, terminal, positionals } = context
    const [place] = positionals
    if (place === undefined) throw usageError('Name a place, such as memory/default/note')
    const answer = await ask(context, { op: 'label', place })
    if (isJson) terminal.printJson(answer)
    else terminal.print(describeLabel(answer))
    return EXIT_CODES.done
  },
}

type Request = { readonly [name: string]: JsonValue | undefined }

async function ask(context: CommandContext, request: Request): Promise<JsonValue> {
  return await useControl(context, async (control) => await control.ask(request, 'firewall'))
}

/** What is in it is the node's to judge. */
function readPlan(context: CommandContext): JsonValue {
  const [file] = context.positionals
  if (file === undefined) throw usageError('Name the file of the plan')
  const text = readFile(context, file)
  try {
    // What JSON.parse returns is of this type by its own definition.
    return JSON.parse(text) as JsonValue
  } catch {
    throw usageError(`The file ${file} is not JSON`, { file })
  }
}

function readText(context: CommandContext, item: string): readonly [string, string] {
  const at = item.indexOf('=')
  if (at < 1) throw usageError(`--text takes PLACE=TEXT, not ${JSON.stringify(item)}`)
  const text = item.slice(at + 1)
  return [item.slice(0, at), text.startsWith('@') ? readFile(context, text.slice(1)) : text]
}

function readFile(context: CommandContext, file: string): string {
  return new TextDecoder().decode(readBytes(context, { file, bytesMax: FILE_BYTES_MAX }))
}

function describeReview(answer: JsonValue, isAllowed: boolean): string {
  const refusals = listOf(answer, 'refusals').map((refusal) => {
    const approvable = membersOf(refusal)['approvable'] === true ? ' (approvable)' : ''
    return visibleText(`${textOf(refusal, 'code')} at ${textOf(refusal, 'at')}${approvable}: ${textOf(refusal, 'why')}`)
  })
  const steps = listOf(answer, 'steps').map((step) => `${textOf(step, 'id')}: ${describeLabel(step)}`)
  return [isAllowed ? 'allowed' : 'refused', `plan  ${textOf(answer, 'plan_hash')}`, ...refusals, ...steps].join('\n')
}

function describeLabel(label: JsonValue): string {
  const origins = listOf(label, 'origins').map(String)
  const from = origins.length === 0 ? 'nothing was stored there' : `from ${origins.join(', ')}`
  return visibleText(`${textOf(label, 'confidentiality')}, ${textOf(label, 'integrity')}, ${from}`)
}
