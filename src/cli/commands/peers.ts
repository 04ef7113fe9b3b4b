import type { JsonValue } from '../../base/canonical-json.ts'
import type { Command, CommandContext } from '../command.ts'
import type { ControlRequest } from '../../node/control/control-request.ts'
import { EXIT_CODES, type ExitCode } from '../exit-codes.ts'
import { isFlagSet, numberFlag, textFlag, usageError } from '../flags.ts'
import { describePeers, describeWhole } from '../format-peers.ts'
import { NODE_FLAGS, subjectOf, useMarket } from '../market-control.ts'
import { listOf, membersOf, numberOf, textOf } from '../registered-policies.ts'
import { operatorName } from '../running-control.ts'
import { spanFlag } from '../span-flag.ts'

/** Ten years; the node refuses more. */
const SPAN_MS_MAX = 315_360_000_000
const REASON_LENGTH_MAX = 256

/** Nodes that the running node knows. */
export const peersListCommand: Command = {
  name: 'peers list',
  summary: 'show the nodes that the running node knows, connected ones first',
  synopsis: '[--connected] [--banned] [--limit N]',
  flags: {
    connected: { describe: 'those alone with which there is a connection now' },
    banned: { describe: 'those alone that are kept away, by order or for their conduct' },
    limit: { value: 'N', describe: 'rows at most, 1 to 10000 (default 100)' },
    ...NODE_FLAGS,
  },
  details: [
    'The score is a sum of points for conduct as a connection, -200 to 100, and fades by a point a minute; at -100 a peer is cut off for a while. It says nothing of work and money: that is `kernell reputation list`.',
    'Bytes and questions are those of the connections that are open now.',
  ],
  examples: ['kernell peers list', 'kernell peers list --connected --json', 'kernell peers list --banned'],
  async run(context) {
    const { flags, terminal } = context
    const request = {
      op: 'peers',
      isConnected: isFlagSet(flags, 'connected') ? true : undefined,
      isBanned: isFlagSet(flags, 'banned') ? true : undefined,
      limit: numberFlag(flags, 'limit', { min: 1, max: 10_000, isWhole: true }),
    }
    return await tell(context, request, (answer) =>
      describePeers(listOf(answer, 'peers'), { total: numberOf(answer, 'total') ?? 0, width: terminal.cutWidth }),
    )
  },
}

/** All that is known of one node. */
export const peersShowCommand: Command = {
  name: 'peers show',
  summary: 'show all that is known of a node, and why its score is what it is',
  synopsis: 'ID',
  positionalsMax: 1,
  flags: NODE_FLAGS,
  details: ['ID is a did:key, or the same key as a peer id: did:key:z6Mk... or 12D3KooW...'],
  examples: [
    'kernell peers show 12D3KooWEyoppNCUx8Yx66oV9fJnriXwCcXwDDUA2kj6vnc6iDEp',
    'kernell peers show did:key:z6Mk... --json',
  ],
  async run(context) {
    return await tell(context, { op: 'peer', peer: subjectOf(context, WHICH) }, describeWhole)
  },
}

/** Keeps a node away. */
export const peersBanCommand: Command = {
  name: 'peers ban',
  summary: 'keep a node away: close its connections, and neither take nor open new ones',
  synopsis: 'ID [--for SPAN] [--reason TEXT]',
  positionalsMax: 1,
  flags: {
    for: { value: 'SPAN', describe: 'such as 30m, 12h, 7d or 2w (default: until it is taken back)' },
    reason: { value: 'TEXT', describe: 'why, for whoever looks later; at most 256 characters' },
    ...NODE_FLAGS,
  },
  details: [
    'The ban is of the key: another address does not help it, and it is kept over restarts. A node that takes another key is another node. A ban of the same node takes the place of the one before.',
    'At most 1,024 bans are in force at a time. Contracts that are under way with that node are not touched: what they need of it does not come any more, and their timers decide.',
  ],
  examples: ['kernell peers ban 12D3KooW... --for 7d --reason "floods offers"', 'kernell peers ban did:key:z6Mk...'],
  async run(context) {
    const { flags } = context
    const request = {
      op: 'peer-ban',
      peer: subjectOf(context, WHICH),
      spanMs: spanFlag(flags, 'for', SPAN_MS_MAX),
      reason: reasonFlag(context),
      by: operatorName().slice(0, REASON_LENGTH_MAX),
    }
    return await tell(context, request, describeBan)
  },
}

/** Lets a node in again. */
export const peersUnbanCommand: Command = {
  name: 'peers unban',
  summary: 'let a node in again that was banned, or cut off for its conduct',
  synopsis: 'ID',
  positionalsMax: 1,
  flags: NODE_FLAGS,
  details: ['What it did still counts: after a cut for its conduct little more is needed for the next one.'],
  examples: ['kernell peers unban 12D3KooW...'],
  async run(context) {
    return await tell(context, { op: 'peer-unban', peer: subjectOf(context, WHICH) }, (answer) =>
      textOf(answer, 'effect') === 'exists'
        ? `${textOf(answer, 'did')} was not kept away`
        : `${textOf(answer, 'did')} may connect again`,
    )
  },
}

/** Asks the running node, and says its answer for people or programs. */
async function tell(
  context: CommandContext,
  request: ControlRequest,
  describe: (answer: JsonValue) => string,
): Promise<ExitCode> {
  const answer = await useMarket(context, async ({ ask }) => await ask(request))
  if (context.isJson) context.terminal.printJson(answer)
  else context.terminal.print(describe(answer))
  return EXIT_CODES.done
}

const WHICH = 'the node, as `kernell peers list` shows it'

function reasonFlag({ flags }: CommandContext): string | undefined {
  const reason = textFlag(flags, 'reason')
  if (reason === undefined || reason.length <= REASON_LENGTH_MAX) return reason
  throw usageError(`--reason has at most ${REASON_LENGTH_MAX} characters, not ${reason.length}`)
}

function describeBan(answer: JsonValue): string {
  const until = numberOf(answer, 'bannedUntil')
  const { wasConnected, isNotary } = membersOf(answer)
  return [
    `${textOf(answer, 'did')} is kept away ${until === undefined ? 'until `kernell peers unban`' : `until ${new Date(until).toISOString()}`}`,
    ...(textOf(answer, 'effect') === 'exists' ? ['It was already'] : []),
    ...(wasConnected === true ? ['Its connections were closed'] : []),
    ...(isNotary === true
      ? [
          'It is a member of the notary set of this node: contracts cannot go on where too few of its members are reached',
        ]
      : []),
  ].join('\n')
}
