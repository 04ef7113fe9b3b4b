import type { JsonValue } from '../../base/canonical-json.ts'
import type { Command } from '../command.ts'
import { EXIT_CODES } from '../exit-codes.ts'
import { choiceFlag, numberFlag, usageError } from '../flags.ts'
import { formatCredits } from '../../base/format-credits.ts'
import { NODE_FLAGS, subjectOf, useMarket } from '../market-control.ts'
import { listOf, numberOf, textOf, textsOf } from '../registered-policies.ts'

const ROLES = ['payer', 'worker'] as const
const LIMIT_MAX = 1_000
const WHAT_COUNTS =
  'Each contract of this node that was held and has ended counts once, with receipts of what the notaries certified; nothing that others say without one does.'

/** Everybody with whom this node has had a contract. */
export const reputationListCommand: Command = {
  name: 'reputation list',
  summary: 'show what this node knows of others from its own contracts, best first',
  synopsis: '[--role payer|worker] [--limit N]',
  flags: {
    role: { value: 'ROLE', describe: 'payer or worker; default: both' },
    limit: { value: 'N', describe: `lines at most, 1 to ${LIMIT_MAX} (default 100)` },
    ...NODE_FLAGS,
  },
  details: [WHAT_COUNTS, 'The mean of somebody unknown is 50 %. A newcomer is trusted with its bond and no more.'],
  examples: ['kernell reputation list', 'kernell reputation list --role worker --json'],
  async run(context) {
    const { terminal, isJson, flags } = context
    const request = {
      op: 'reputation',
      role: choiceFlag(flags, 'role', ROLES),
      limit: numberFlag(flags, 'limit', { min: 1, max: LIMIT_MAX, isWhole: true }),
    }
    const answer = await useMarket(context, async ({ ask }) => await ask(request))
    if (isJson) terminal.printJson(answer)
    else
      terminal.print(listOf(answer, 'standings').map(describeStanding).join('\n') || 'Nothing is known of anybody yet')
    return EXIT_CODES.done
  },
}

/** One party, with who says so. */
export const reputationShowCommand: Command = {
  name: 'reputation show',
  summary: 'show what this node knows of one party, and from whom',
  synopsis: 'DID',
  positionalsMax: 1,
  flags: NODE_FLAGS,
  details: [WHAT_COUNTS],
  examples: ['kernell reputation show did:key:z6Mk...', 'kernell reputation show did:key:z6Mk... --json'],
  async run(context) {
    const { terminal, isJson } = context
    const did = subjectOf(context, 'the party: the DID of its escrow key')
    if (!did.startsWith('did:key:z')) throw usageError('A party is named by the did:key of its escrow key')
    const answer = await useMarket(context, async ({ ask }) => await ask({ op: 'reputation-of', did }))
    if (isJson) terminal.printJson(answer)
    else terminal.print(describeParty(answer) || `Nothing is known of ${did}: it is trusted with its bond and no more`)
    return EXIT_CODES.done
  },
}

function describeParty(answer: JsonValue): string {
  return listOf(answer, 'standings')
    .map((standing) => [describeStanding(standing), ...listOf(standing, 'raters').map(raterLine)].join('\n'))
    .join('\n')
}

function describeStanding(standing: JsonValue): string {
  const flags = textsOf(standing, 'flags')
  return [
    `${textOf(standing, 'did')} as ${textOf(standing, 'role')}`,
    `  mean      ${((numberOf(standing, 'meanPpm') ?? 0) / 10_000).toFixed(1)} % from ${weightsOf(standing)}`,
    `  contracts ${numberOf(standing, 'contracts') ?? 0} with ${numberOf(standing, 'counterparties') ?? 0} others`,
    `  flags     ${flags.join(', ') || 'none'}`,
    ...listOf(standing, 'exposure').map(
      (cap) =>
        `  may hold  ${formatCredits(textOf(cap, 'capNanos'), textOf(cap, 'currency'))} at one time beyond its bond`,
    ),
  ].join('\n')
}

function raterLine(rater: JsonValue): string {
  return `  by        ${textOf(rater, 'rater')}: ${weightsOf(rater)}`
}

function weightsOf(weights: JsonValue): string {
  const [good, bad] = [textOf(weights, 'goodMicros'), textOf(weights, 'badMicros')]
  return `good ${wholeOf(good)}, bad ${wholeOf(bad)}`
}

/** Millionths as a number of credits' worth. */
function wholeOf(micros: string): string {
  return (Number(micros) / 1_000_000).toFixed(2)
}
