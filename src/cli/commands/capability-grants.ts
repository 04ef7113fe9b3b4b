import { writeFileSync } from 'node:fs'
import { resolve } from 'node:path'
import type { JsonValue } from '../../base/canonical-json.ts'
import { describeChain } from '../capability-document.ts'
import type { Command, CommandContext } from '../command.ts'
import { EXIT_CODES, type ExitCode } from '../exit-codes.ts'
import { type FlagTable, listFlag, numberFlag, requiredFlag, textFlag, usageError } from '../flags.ts'
import { NODE_FLAGS, useMarket } from '../market-control.ts'
import { jsonFlag, nanosFlag } from '../market-flags.ts'
import { membersOf } from '../registered-policies.ts'

const GRANT_FLAGS: FlagTable = {
  to: { value: 'DID', describe: 'who may act: the DID of its escrow key' },
  skill: { value: 'S', describe: 'work of this skill alone, such as text.word-count (default: of any)' },
  command: { value: 'C', describe: 'another command than /market/buy or /market/buy/SKILL' },
  max: { value: 'P', describe: 'the most that each contract may cost, such as 0.5; takes --currency' },
  currency: { value: 'C', describe: 'CODE@DID, or a code that one issuer alone has' },
  worker: { value: 'DID', describe: 'of this seller alone; may be repeated', isList: true },
  custody: { value: 'C2,C3', describe: 'under this custody alone' },
  policy: { value: 'FILE', describe: 'JSON list of further statements, such as [["<=", ".maxNanos", 500000000]]' },
  'valid-hours': { value: 'N', describe: 'how long it is valid, at most 8784 (default 24)' },
  output: { value: 'FILE', describe: 'where to write the chain for whoever may act' },
  ...NODE_FLAGS,
}
const WHAT_IT_SAYS =
  'The limits are asked of each contract by itself: a chain says nothing of how many there may be, or of their sum. Nobody but a revocation takes it back before it ends.'

/** A root: this node's own authority. */
export const capabilityIssueCommand: Command = {
  name: 'capability issue',
  summary: 'let another key buy by the authority of this one, within limits',
  synopsis: '--to DID [--skill S] [--max P --currency C] [--valid-hours N] --output FILE',
  flags: GRANT_FLAGS,
  details: [
    WHAT_IT_SAYS,
    'It is signed by the escrow key, in the form of UCAN 1.0. It moves no credits: the one who may act pays with its own.',
  ],
  examples: [
    'kernell capability issue --to did:key:z6Mk... --skill text.word-count --max 0.5 --currency USD --valid-hours 72 --output helper.json',
  ],
  run: async (context) => await grant(context, undefined),
}

/** One more link: what the chain grants, or less. */
export const capabilityAttenuateCommand: Command = {
  name: 'capability attenuate',
  summary: 'pass on what a chain grants to this key, or less of it',
  synopsis: '--chain FILE --to DID [--skill S] [--max P --currency C] --output FILE',
  flags: { chain: { value: 'FILE', describe: 'the chain that ends at this key' }, ...GRANT_FLAGS },
  details: [
    WHAT_IT_SAYS,
    'What the chain does not grant is refused; every statement of every link binds. Exit 3 for a refusal.',
  ],
  examples: [
    'kernell capability attenuate --chain helper.json --to did:key:z6Mk... --max 0.1 --currency USD --output less.json',
  ],
  async run(context) {
    requiredFlag(context.flags, 'chain')
    return await grant(context, jsonFlag(context, 'chain'))
  },
}

async function grant(context: CommandContext, chain: string | undefined): Promise<ExitCode> {
  const { flags, isJson, terminal, workingDir } = context
  const workers = listFlag(flags, 'worker')
  const hours = numberFlag(flags, 'valid-hours', { min: 0.001, max: 8_784 })
  const request = {
    op: 'capability-grant',
    chain,
    to: requiredFlag(flags, 'to'),
    skill: textFlag(flags, 'skill'),
    command: textFlag(flags, 'command'),
    nanos: nanosFlag(flags, 'max'),
    currency: textFlag(flags, 'currency'),
    workers: workers.length === 0 ? undefined : workers.join(','),
    custody: textFlag(flags, 'custody'),
    policy: jsonFlag(context, 'policy'),
    validMs: hours === undefined ? undefined : Math.round(hours * 3_600_000),
  }
  if (request.skill !== undefined && request.command !== undefined) throw usageError('Give --skill or --command')
  if (request.currency !== undefined && request.nanos === undefined) throw usageError('--currency belongs to --max')
  const answer = await useMarket(context, async ({ ask }) => await ask(request))
  const output = textFlag(flags, 'output')
  if (output !== undefined) writeFileSync(resolve(workingDir, output), chainText(answer))
  if (isJson) terminal.printJson(answer)
  else {
    terminal.print(describeChain(answer))
    terminal.note(output === undefined ? 'Write it to a file with --output' : `The chain is in ${output}: hand it over`)
  }
  return EXIT_CODES.done
}

function chainText(answer: JsonValue): string {
  return `${JSON.stringify({ v: 1, chain: membersOf(answer)['chain'] ?? [] })}\n`
}
