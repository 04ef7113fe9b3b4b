import type { JsonValue } from '../base/canonical-json.ts'
import { formatTable } from './format-table.ts'
import { listOf, membersOf, numberOf, textOf } from './registered-policies.ts'

/** Proposals, and the sets that contracts pin. */
export function describeGovernance(view: JsonValue, width: number): string {
  const sets = [...listOf(view, 'sets'), ...listOf(view, 'beside')].map((set) => [
    textOf(set, 'hash'),
    textOf(set, 'name') || '-',
    stateOfSet(set),
    numberOf(set, 'liveContracts')?.toString() ?? '-',
  ])
  const proposals = listOf(view, 'proposals').map((proposal) => [
    textOf(proposal, 'id').slice(0, 12),
    textOf(proposal, 'state'),
    changesOf(proposal),
    tallyOf(proposal),
    nextOf(proposal),
  ])
  const parts = [
    formatTable(
      [{ heading: 'parameter set' }, { heading: 'name' }, { heading: 'state' }, { heading: 'live', align: 'right' }],
      sets,
      width,
    ),
    proposals.length === 0
      ? 'No proposal yet: `kernell governance propose` makes one'
      : formatTable(
          [
            { heading: 'proposal' },
            { heading: 'state' },
            { heading: 'changes', isFlexible: true },
            { heading: 'for/against/abstain of all' },
            { heading: 'next', isFlexible: true },
          ],
          proposals,
          width,
        ),
  ]
  return parts.join('\n\n')
}

function stateOfSet(set: JsonValue): string {
  const isInForce = membersOf(set)['isInForce']
  if (isInForce === undefined) return 'beside, until somebody has weight'
  return isInForce === true ? 'in force' : 'kept for its contracts'
}

/** A set with its values. */
export function describeSet(set: JsonValue | undefined): string {
  const live = numberOf(set, 'liveContracts')
  const isInForce = membersOf(set)['isInForce'] === true
  return [
    `${textOf(set, 'hash')}  ${textOf(set, 'name')}`.trimEnd(),
    ...(live === undefined ? [] : [`${isInForce ? 'in force' : 'not in force'}, pinned by ${live} live contracts`]),
    ...Object.entries(membersOf(membersOf(set)['values'])).map(
      ([name, value]) => `  ${name.padEnd(30)} ${typeof value === 'string' ? value : JSON.stringify(value)}`,
    ),
  ].join('\n')
}

/** Who has how much to say, and what this node has. */
export function describeVoters(view: JsonValue, width: number): string {
  const weights = membersOf(view)['weights']
  if (weights === null || weights === undefined)
    return 'Nobody has weight yet: the operators of the notary set publish it with `kernell governance weights`'
  const delegates = new Map(listOf(view, 'delegations').map((each) => [textOf(each, 'from'), textOf(each, 'to')]))
  const rows = listOf(weights, 'rows').map((row) => {
    const voter = textOf(row, 'voter')
    return [
      voter === textOf(view, 'me') ? `${voter} (this node)` : voter,
      textOf(row, 'weight'),
      delegates.get(voter) ?? '-',
    ]
  })
  return [
    `weights of ${textOf(weights, 'source')}, table ${textOf(weights, 'hash')}, ${textOf(weights, 'total')} in all`,
    formatTable(
      [
        { heading: 'voter', isFlexible: true },
        { heading: 'weight', align: 'right' },
        { heading: 'delegates to', isFlexible: true },
      ],
      rows,
      width,
    ),
    `A timelock has to be ${numberOf(view, 'timelockLeastMs') ?? 0} ms or longer now`,
  ].join('\n')
}

/** One proposal. */
export function describeProposal(proposal: JsonValue): string {
  const lines = [
    ['proposal', textOf(proposal, 'id')],
    ['state', textOf(proposal, 'state')],
    ['next', nextOf(proposal)],
    ['changes', changesOf(proposal)],
    ['of the set', textOf(proposal, 'base')],
    ['by', textOf(proposal, 'proposer')],
    ['weights', textOf(proposal, 'weightsHash')],
    ['tally', `${tallyOf(proposal)}${carriedOf(proposal)}`],
    ['timelock', `${numberOf(proposal, 'timelockMs') ?? 0} ms after the vote`],
  ]
  return lines.map(([name = '', value = '']) => `${name.padEnd(10)} ${value}`).join('\n')
}

function carriedOf(proposal: JsonValue): string {
  const isCarried = membersOf(proposal)['isCarried']
  if (typeof isCarried !== 'boolean') return ''
  return isCarried ? ', carried' : ', not carried'
}

function changesOf(proposal: JsonValue): string {
  return listOf(proposal, 'changes')
    .map((change) => `${textOf(change, 'name')}=${textOf(change, 'value')}`)
    .join(' ')
}

function tallyOf(proposal: JsonValue): string {
  const tally = membersOf(proposal)['tally']
  if (tally === null || tally === undefined) return '-'
  return `${textOf(tally, 'for')}/${textOf(tally, 'against')}/${textOf(tally, 'abstain')} of ${textOf(tally, 'total')}`
}

/** What happens next, and when. */
function nextOf(proposal: JsonValue): string {
  const at = (name: string): string => {
    const stamp = numberOf(proposal, name)
    return stamp === undefined ? 'never' : new Date(stamp).toISOString()
  }
  const state = textOf(proposal, 'state')
  if (state === 'voting') return `vote until ${at('closesAt')}`
  if (state === 'queued') return `execute from ${at('executableAt')} until ${at('expiresAt')}`
  return `ended ${at('endedAt')}`
}
