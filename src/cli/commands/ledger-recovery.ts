import type { JsonValue } from '../../base/canonical-json.ts'
import type { ControlRequest } from '../../node/control/control-request.ts'
import type { Command, CommandContext } from '../command.ts'
import { EXIT_CODES, type ExitCode } from '../exit-codes.ts'
import { type FlagTable, requiredFlag, textFlag } from '../flags.ts'
import { formatCredits } from '../../base/format-credits.ts'
import { NODE_FLAGS, useMarket } from '../market-control.ts'
import { listOf, membersOf, numberOf, textOf } from '../registered-policies.ts'

const OWN_ACCOUNT: FlagTable = {
  account: { value: 'DID', describe: 'whose account: the DID of an escrow key; default: of this node' },
  ...NODE_FLAGS,
}
const WHOLE_WAY = '`kernell help key recover` tells the whole way.'

/** Who signs for an account, and what is under way about that. */
export const ledgerRecoveryShowCommand: Command = {
  name: 'ledger recovery show',
  summary: 'show who signs for an account, its recovery key, and a recovery under way',
  synopsis: '[--account DID]',
  flags: OWN_ACCOUNT,
  details: [
    'Of this node it shows the accounts of keys before as well. Look now and then: a recovery that you have not asked for is somebody who tries to take the account, and `kernell ledger recovery cancel` stops it within the delay.',
    WHOLE_WAY,
  ],
  examples: ['kernell ledger recovery show', 'kernell ledger recovery show --account did:key:z6Mk... --json'],
  run: async (context) => await ask(context, { op: 'account', account: textFlag(context.flags, 'account') }),
}

/** The recovery key names another key. */
export const ledgerRecoveryRequestCommand: Command = {
  name: 'ledger recovery request',
  summary: 'name another key for an account whose key is lost, with its recovery key',
  synopsis: '--account DID --successor DID',
  flags: {
    account: { value: 'DID', describe: 'whose account: the DID of the key that is lost' },
    successor: { value: 'DID', describe: 'the key that takes its place, as `kernell key recover` printed it' },
    ...NODE_FLAGS,
  },
  details: [
    'The escrow key of the node that is asked must be the recovery key that the account has named. The delay runs from now; until it has passed whoever has the lost key may object, and you may take the request back. Nothing moves before the recovery is completed.',
    WHOLE_WAY,
  ],
  examples: ['kernell ledger recovery request --account did:key:z6Mk... --successor did:key:z6Mk...'],
  run: async (context) => {
    const { flags } = context
    const [account, successor] = [requiredFlag(flags, 'account'), requiredFlag(flags, 'successor')]
    return await ask(context, { op: 'recovery-request', account, successor })
  },
}

/** Stops a recovery. */
export const ledgerRecoveryCancelCommand: Command = {
  name: 'ledger recovery cancel',
  summary: 'stop a recovery that is under way',
  synopsis: '[--account DID]',
  flags: OWN_ACCOUNT,
  details: [
    'The key of the account may object until the delay has passed; the recovery key may take its request back until the recovery is completed.',
  ],
  examples: ['kernell ledger recovery cancel', 'kernell ledger recovery cancel --account did:key:z6Mk...'],
  run: async (context) => await ask(context, { op: 'recovery-cancel', account: textFlag(context.flags, 'account') }),
}

/** Ends a recovery whose delay has passed. */
export const ledgerRecoveryCompleteCommand: Command = {
  name: 'ledger recovery complete',
  summary: 'complete a recovery whose delay has passed',
  synopsis: '--account DID',
  flags: { account: { value: 'DID', describe: 'whose account: the DID of the key that was lost' }, ...NODE_FLAGS },
  details: [
    'Anybody may say so. Asked of the node of the successor it also moves what the account has to its own, and does so from then on with whatever arrives there. The lost key may do nothing more; contracts that it has signed end by their timers.',
    WHOLE_WAY,
  ],
  examples: ['kernell ledger recovery complete --account did:key:z6Mk...'],
  run: async (context) =>
    await ask(context, { op: 'recovery-complete', account: requiredFlag(context.flags, 'account') }),
}

/** Moves what accounts of keys before have. */
export const ledgerCollectCommand: Command = {
  name: 'ledger collect',
  summary: 'move credits of keys before, and fees of the notary, to the account of this node',
  synopsis: '[--account DID]',
  flags: {
    account: { value: 'DID', describe: 'an account that the key of this node signs for; default: all that it knows' },
    ...NODE_FLAGS,
  },
  details: [
    'A running node does so by itself, about twice a minute, for the keys before its own and for accounts that it was told of here or by `ledger recovery complete`. An account is told of once. What the notary of the node has earned in fees is moved when this command asks for it.',
  ],
  examples: ['kernell ledger collect', 'kernell ledger collect --account did:key:z6Mk... --json'],
  async run(context) {
    const { terminal, isJson, flags } = context
    const request = { op: 'collect', account: textFlag(flags, 'account') }
    const answer = await useMarket(context, async (market) => await market.ask(request))
    if (isJson) terminal.printJson(answer)
    else terminal.print(listOf(answer, 'accounts').map(formatRow).join('\n') || 'No accounts of other keys')
    return EXIT_CODES.done
  },
}

/** A key before may do nothing more. */
export const ledgerGiveUpCommand: Command = {
  name: 'ledger give-up',
  summary: 'let a key before do nothing more, not even in contracts that it has signed',
  synopsis: '--account DID',
  flags: { account: { value: 'DID', describe: 'the key before: its DID, whose secret this node has' }, ...NODE_FLAGS },
  details: [
    'For a key that was rotated because it may be in other hands. Contracts whose price is held end by their timers then: what they pay out is collected as before, but a worker that cannot deliver loses the penalty of its bond. Nobody can take this back.',
  ],
  examples: ['kernell ledger give-up --account did:key:z6Mk...'],
  run: async (context) => await ask(context, { op: 'give-up', account: requiredFlag(context.flags, 'account') }),
}

async function ask(context: CommandContext, request: ControlRequest): Promise<ExitCode> {
  const { terminal, isJson } = context
  const answer = await useMarket(context, async (market) => await market.ask(request))
  if (isJson) terminal.printJson(answer)
  else terminal.print([answer, ...listOf(answer, 'former')].map(formatAccount).join('\n\n'))
  return EXIT_CODES.done
}

function formatAccount(view: JsonValue): string {
  const { recovery = null, recoveryKey = null, collected = [] } = membersOf(view)
  const account = textOf(view, 'account')
  const authority = textOf(view, 'authority')
  const hours = (numberOf(view, 'recoveryDelayMs') ?? 0) / 3_600_000
  const former = textOf(view, 'former')
  return [
    account,
    `signs     ${authority === account ? 'itself' : authority}`,
    ...(former === 'lost' ? ['its key   lost: it may do nothing more'] : []),
    ...(former === 'rotated' ? ['its key   rotated: it goes on with contracts whose price is held'] : []),
    `recovery  ${recoveryKey === null ? 'nobody: a lost key stays lost' : `${textOf(view, 'recoveryKey')}, ${hours} hours after its request`}`,
    ...(recovery === null ? [] : [formatRecovery(recovery)]),
    ...(Array.isArray(collected) ? collected.map(formatCollected) : []),
  ].join('\n')
}

function formatRecovery(recovery: JsonValue): string {
  const at = new Date(numberOf(recovery, 'completesAt') ?? 0).toISOString()
  return `UNDER WAY ${textOf(recovery, 'successor')} takes its place from ${at} on, unless somebody objects`
}

function formatCollected(collected: JsonValue): string {
  return `collected ${formatCredits(textOf(collected, 'amountNanos'), textOf(collected, 'currency'))}`
}

const STANDINGS: Readonly<Record<string, string>> = {
  signs: 'this node signs for it',
  recovering: 'a recovery in favour of this node is under way',
  unrecovered: 'the lost key still signs: ask for the recovery with its recovery key',
  elsewhere: 'another key signs for it',
}

function formatRow(row: JsonValue): string {
  const code = textOf(row, 'code')
  return [
    `${textOf(row, 'account')}  ${STANDINGS[textOf(row, 'standing')] ?? ''}`,
    ...(code === '' ? [] : [`refused   ${code}`]),
    ...listOf(row, 'collected').map(formatCollected),
  ].join('\n')
}
