import type { JsonValue } from '../../base/canonical-json.ts'
import type { ControlRequest } from '../../node/control/control-request.ts'
import type { Command, CommandContext } from '../command.ts'
import { EXIT_CODES, type ExitCode } from '../exit-codes.ts'
import { describeProposal } from '../format-governance.ts'
import { isFlagSet, numberFlag, textFlag, usageError } from '../flags.ts'
import { NODE_FLAGS, subjectOf, useMarket } from '../market-control.ts'
import { readDataFile } from '../read-data-files.ts'
import { membersOf, textOf } from '../registered-policies.ts'

const DAY_MS = 86_400_000
/** More than any contract can last. */
const TIMELOCK_DAYS_MAX = 10_950
const SIGNED =
  'The escrow key of this node signs; the last 512 messages of a type are kept with their receipts, and what is kept does nothing again when it is asked for again.'

/** Proposes other parameters. */
export const governanceProposeCommand: Command = {
  name: 'governance propose',
  summary: 'propose other parameters for new contracts',
  synopsis: 'PARAMETER=VALUE... [--timelock-days D] [--note TEXT]',
  positionalsMax: 32,
  flags: {
    'timelock-days': {
      value: 'D',
      describe: 'how long what is carried waits before it can be executed (default: the shortest that is allowed now)',
    },
    note: { value: 'TEXT', describe: 'why, for people' },
    ...NODE_FLAGS,
  },
  details: [
    'Values are milliseconds, millionths or nano-units; `kernell governance show` lists them. The timelock has to be longer than every contract that is live now; contracts that come later do not hold the proposal up, and every contract keeps the set that it was signed under.',
    SIGNED,
  ],
  examples: [
    'kernell governance propose minimum.acceptMs=1200000',
    "kernell governance propose fee.perMillionMax=4000 --timelock-days 60 --note 'lower fees'",
  ],
  async run(context) {
    const { positionals, flags } = context
    if (positionals.length === 0) throw usageError('Name what to change, such as minimum.acceptMs=1200000')
    const days = numberFlag(flags, 'timelock-days', { min: 0, max: TIMELOCK_DAYS_MAX })
    const timelockMs = days === undefined ? undefined : Math.round(days * DAY_MS)
    const request = { op: 'governance-propose', changes: [...positionals], timelockMs, note: textFlag(flags, 'note') }
    return await act(context, request, 'Proposed')
  },
}

/** Votes on a proposal. */
export const governanceVoteCommand: Command = {
  name: 'governance vote',
  summary: 'vote on a proposal; a vote is final',
  synopsis: 'PROPOSAL for|against|abstain',
  positionalsMax: 2,
  flags: NODE_FLAGS,
  details: [
    'Weight is that of the table that the proposal is pinned to; an own vote counts before a delegation.',
    SIGNED,
  ],
  examples: ['kernell governance vote 5f3a9c01 for'],
  async run(context) {
    const proposal = subjectOf(context, 'the proposal, as `kernell governance list` shows it')
    const [, choice] = context.positionals
    if (choice !== 'for' && choice !== 'against' && choice !== 'abstain')
      throw usageError('Say how to vote: for, against or abstain')
    return await act(context, { op: 'governance-vote', proposal, choice }, 'Voted')
  },
}

/** Hands the own weight to another voter. */
export const governanceDelegateCommand: Command = {
  name: 'governance delegate',
  summary: 'let another voter vote with the weight of this node, or take that back',
  synopsis: 'DID | --none',
  positionalsMax: 1,
  flags: { none: { describe: 'delegate to nobody any more' }, ...NODE_FLAGS },
  details: [
    'It counts for proposals that are made later. Only voters of the newest table delegate, and to voters.',
    SIGNED,
  ],
  examples: ['kernell governance delegate did:key:z6Mk...', 'kernell governance delegate --none'],
  async run(context) {
    const { positionals, flags, terminal, isJson } = context
    const [to] = positionals
    if ((to === undefined) !== isFlagSet(flags, 'none')) throw usageError('Name the DID of a voter, or --none')
    const answer = await useMarket(context, async ({ ask }) => await ask({ op: 'governance-delegate', to }))
    if (isJson) terminal.printJson(answer)
    else terminal.print(to === undefined ? 'Delegates to nobody' : `Delegates to ${to}, for proposals made later`)
    return EXIT_CODES.done
  },
}

/** Puts what was carried into force. */
export const governanceExecuteCommand: Command = {
  name: 'governance execute',
  summary: 'put a proposal that was carried into force, once its timelock has passed',
  synopsis: 'PROPOSAL',
  positionalsMax: 1,
  flags: NODE_FLAGS,
  details: ['Anybody may. New contracts then pin the new set; those that live keep theirs.', SIGNED],
  examples: ['kernell governance execute 5f3a9c01'],
  async run(context) {
    const proposal = subjectOf(context, 'the proposal, as `kernell governance list` shows it')
    return await act(context, { op: 'governance-execute', proposal }, 'Executed')
  },
}

/** Ends a proposal of one's own. */
export const governanceCancelCommand: Command = {
  name: 'governance cancel',
  summary: 'end a proposal of this node',
  synopsis: 'PROPOSAL',
  positionalsMax: 1,
  flags: NODE_FLAGS,
  details: [SIGNED],
  examples: ['kernell governance cancel 5f3a9c01'],
  async run(context) {
    const proposal = subjectOf(context, 'the proposal, as `kernell governance list` shows it')
    return await act(context, { op: 'governance-cancel', proposal }, 'Cancelled')
  },
}

/** Says who has how much to say, as the operator of a notary. */
export const governanceWeightsCommand: Command = {
  name: 'governance weights',
  summary: 'publish who has how much to say, as the operator of a notary',
  synopsis: 'FILE',
  positionalsMax: 1,
  flags: NODE_FLAGS,
  details: [
    'FILE is {"source": "bond"|"stake"|"reputation", "rows": [{"voter": DID, "weight": "50"}...]} of 1 to 256 voters, by the DIDs of their escrow keys. In a set of several it counts when the operators of a quorum have published the same; each asks its own node. Proposals made later are pinned to it.',
    'From the first table on, new contracts pin the set in force and no other.',
  ],
  examples: ['kernell governance weights weights.json'],
  async run(context) {
    const { terminal, isJson, workingDir } = context
    const file = subjectOf(context, 'the file with the table')
    const table = jsonOf(readDataFile(file, workingDir).text, file)
    const answer = await useMarket(context, async ({ ask }) => await ask({ op: 'governance-weights', table }))
    if (isJson) terminal.printJson(answer)
    else {
      const isInForce = membersOf(answer)['inForce'] === true
      terminal.print(`table ${textOf(answer, 'hash')}`)
      terminal.print(
        isInForce ? 'It counts for proposals made from now on' : 'It waits for the operators of other members',
      )
    }
    return EXIT_CODES.done
  },
}

function jsonOf(text: string, file: string): JsonValue {
  try {
    // JSON.parse gives nothing else.
    return JSON.parse(text) as JsonValue
  } catch {
    throw usageError(`The file ${file} is not JSON`, { file })
  }
}

async function act(context: CommandContext, request: ControlRequest, done: string): Promise<ExitCode> {
  const { terminal, isJson } = context
  const answer: JsonValue = await useMarket(context, async ({ ask }) => await ask(request))
  if (isJson) terminal.printJson(answer)
  else {
    const proposal = membersOf(answer)['proposal'] ?? null
    const repeated = textOf(answer, 'effect') === 'exists' ? ', before' : ''
    terminal.print(proposal === null ? `${done}${repeated}` : `${done}${repeated}\n${describeProposal(proposal)}`)
  }
  return EXIT_CODES.done
}
