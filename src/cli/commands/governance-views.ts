import type { JsonValue } from '../../base/canonical-json.ts'
import { CodedError } from '../../base/errors.ts'
import { governanceOfDirectory } from '../../node/market/directory-governance.ts'
import { viewParameters } from '../../node/market/parameters/parameter-views.ts'
import type { Command, CommandContext } from '../command.ts'
import { EXIT_CODES } from '../exit-codes.ts'
import { describeGovernance, describeProposal, describeSet, describeVoters } from '../format-governance.ts'
import { textFlag } from '../flags.ts'
import { NODE_FLAGS, useMarket } from '../market-control.ts'
import { listOf, membersOf, textOf } from '../registered-policies.ts'

const WHERE =
  'It asks the node that serves from the data directory; without one, the books of a notary in that directory are read.'

/** Parameter sets and proposals. */
export const governanceListCommand: Command = {
  name: 'governance list',
  summary: 'show the parameter sets that contracts may pin, and the proposals',
  synopsis: '',
  flags: NODE_FLAGS,
  details: [
    'A contract pins a parameter set by its hash and keeps to it to its end, whatever is decided later. New contracts pin the set in force. Sets beside it, such as `trial` of a notary that was started with --trial, count until the notary set has published who has weight.',
    WHERE,
  ],
  examples: ['kernell governance list', 'kernell governance list --json'],
  async run(context) {
    const { terminal, isJson } = context
    const view = await askGovernance(context)
    if (isJson) terminal.printJson(view)
    else terminal.print(describeGovernance(view, terminal.cutWidth))
    return EXIT_CODES.done
  },
}

/** One parameter set, one proposal, or everything about who decides. */
export const governanceShowCommand: Command = {
  name: 'governance show',
  summary: 'show a proposal or the values of a parameter set; without a name: the set in force and who has weight',
  synopsis: '[PROPOSAL|HASH|NAME]',
  positionalsMax: 1,
  flags: NODE_FLAGS,
  details: ['A name may be cut to its first 8 digits or more.', WHERE],
  examples: ['kernell governance show', 'kernell governance show 5f3a9c01', 'kernell governance show default --json'],
  async run(context) {
    const { positionals, terminal, isJson } = context
    const [wanted] = positionals
    const builtIn = viewParameters().find(({ name, hash }) => name === wanted || hash === wanted)
    if (builtIn !== undefined) {
      if (isJson) terminal.printJson(builtIn)
      else terminal.print(describeSet({ ...builtIn }))
      return EXIT_CODES.done
    }
    const view = await askGovernance(context)
    const found = wanted === undefined ? undefined : find(view, wanted)
    if (isJson) terminal.printJson(found ?? view)
    else if (found !== undefined)
      terminal.print('changes' in membersOf(found) ? describeProposal(found) : describeSet(found))
    else terminal.print(`${describeSet(inForce(view))}\n\n${describeVoters(view, terminal.cutWidth)}`)
    return EXIT_CODES.done
  },
}

/** Of the running node, else of the books in the directory. */
async function askGovernance(context: CommandContext): Promise<JsonValue> {
  try {
    return await useMarket(context, async ({ ask }) => await ask({ op: 'governance' }))
  } catch (error: unknown) {
    const isNamed = textFlag(context.flags, 'node') !== undefined || textFlag(context.flags, 'token-file') !== undefined
    if (isNamed || !CodedError.is(error, 'MARKET_NODE_MISSING')) throw error
    const view = await governanceOfDirectory(context.loadConfig().dataDir)
    if (view === undefined) throw error
    return view
  }
}

function inForce(view: JsonValue): JsonValue | undefined {
  return listOf(view, 'sets').find((set) => textOf(set, 'hash') === textOf(view, 'current'))
}

function find(view: JsonValue, wanted: string): JsonValue {
  const named = [
    ...listOf(view, 'proposals').map((proposal) => [textOf(proposal, 'id'), proposal] as const),
    ...listOf(view, 'sets').map((set) => [textOf(set, 'hash'), set] as const),
  ]
  const fitting = wanted.length < 8 ? [] : named.filter(([name]) => name.startsWith(wanted))
  const [only] = fitting
  if (only !== undefined && fitting.length === 1) return only[1]
  const what = fitting.length > 1 ? `${fitting.length} names begin with ${wanted}` : `There is no ${wanted}`
  throw new CodedError('MARKET_OBJECT_UNKNOWN', {
    message: `${what} among proposals and parameter sets`,
    details: { remedy: 'Look the name up with `kernell governance list`.' },
  })
}
