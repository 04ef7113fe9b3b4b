import type { JsonValue } from '../../base/canonical-json.ts'
import { CodedError } from '../../base/errors.ts'
import { parseAmount } from '../../base/money.ts'
import type { Command, CommandContext } from '../command.ts'
import { EXIT_CODES } from '../exit-codes.ts'
import { isFlagSet, listFlag, numberFlag, requiredFlag, textFlag, usageError } from '../flags.ts'
import { formatCredits } from '../../base/format-credits.ts'
import { NODE_FLAGS, subjectOf, useMarket } from '../market-control.ts'
import { nanosFlag, requiredNanos } from '../market-flags.ts'
import { listOf, numberOf, textOf, textsOf } from '../registered-policies.ts'

/** A standing offer of this node. */
export const marketOfferCommand: Command = {
  name: 'market offer',
  summary: 'offer to do work of a skill, at a price',
  synopsis: '--skill S --price P [--limit N] [--agent NAME]',
  flags: {
    skill: { value: 'S', describe: 'a word such as text.word-count' },
    price: { value: 'P', describe: 'credits for one task, such as 0.25' },
    lowest: {
      value: 'P',
      describe: 'what you bid down to where bids are open, and bid in second-price auctions (default: the price)',
    },
    claim: { value: 'NAME', describe: 'what you claim to be able to do; may be repeated', isList: true },
    currency: { value: 'C', describe: 'CODE@DID, or a code that one issuer alone has; default: the only one there is' },
    limit: { value: 'N', describe: 'tasks at the same time, from the start to the delivery (default 1)' },
    agent: {
      value: 'NAME',
      describe: 'who does the work: word-count, echo, or a packaged agent (default: last word of the skill)',
    },
    custody: { value: 'C2,C3', describe: 'under which custody you work; C1 lends to the payer (default C2,C3)' },
    for: {
      value: 'DID',
      describe: 'only for payers that act by the authority of this key, itself included; may be repeated',
      isList: true,
    },
    arbiter: {
      value: 'DID',
      describe: 'who may rule on your contracts, by its escrow key; may be repeated (default: nobody)',
      isList: true,
    },
    'fallback-min': {
      value: '0..1',
      describe:
        'where nobody rules, as arbiters may not, the least share of the disputed price that a contract gives you (default 0)',
    },
    replicate: {
      describe:
        'run tasks of this skill again for arbiters of disputes, without pay: for those of --arbiter, and for others where the contract has the price of this offer at least',
    },
    'credit-line': {
      value: 'P|DID=P',
      isList: true,
      describe: 'what you lend a payer in C1: P for each payer, DID=P for one; holds for all offers until set again',
    },
    'credit-total': {
      value: 'P',
      describe:
        'what you lend in C1 to all payers together that have no line of their own (default: ten times the line for each payer)',
    },
    latency: { value: 'MS', describe: 'how long a task takes at most (default 1000)' },
    'input-max': {
      value: 'BYTES',
      describe:
        'largest input that you work on (default 900000); above 983040 it comes in pieces, up to market.artifactBytesMax of the configuration',
    },
    'valid-hours': { value: 'N', describe: 'how long the offer stands, at most 720 (default 720)' },
    ...NODE_FLAGS,
  },
  details: [
    'C1 needs a credit line: the payer then owes you credits of its own, in all of its currencies together no more than the line, and nobody makes it pay. Contracts of one payer in one currency come one after the other, each on the certified end of the one before.',
    'A contract that names other arbiters is declined. Without any nobody rules, and a payer that rejects good work pays no more than the fallback share, which is 0 by default: name arbiters that you and your payers trust, or a --fallback-min. The share holds for contracts with arbiters too, which may be silent. A payer that ends a dispute so has it in `kernell reputation list`, and you ask half of it from then on.',
    'The offer is signed by the escrow key. It replaces the one that this node had for the same skill and currency; the same offer again answers "exists".',
  ],
  examples: ['kernell market offer --skill text.word-count --price 0.25 --limit 4 --agent word-count'],
  async run(context) {
    const { flags, terminal, isJson } = context
    const capabilities = listFlag(flags, 'claim')
    const subjects = listFlag(flags, 'for')
    const arbiters = listFlag(flags, 'arbiter')
    const fallback = numberFlag(flags, 'fallback-min', { min: 0, max: 1 })
    const request = {
      op: 'offer',
      skill: requiredFlag(flags, 'skill'),
      nanos: requiredNanos(flags, 'price'),
      lowestNanos: nanosFlag(flags, 'lowest'),
      capabilities: capabilities.length === 0 ? undefined : capabilities.join(','),
      currency: textFlag(flags, 'currency'),
      limit: numberFlag(flags, 'limit', { min: 1, max: 100_000, isWhole: true }),
      agent: textFlag(flags, 'agent'),
      custody: textFlag(flags, 'custody'),
      isReplicating: isFlagSet(flags, 'replicate') ? true : undefined,
      subjects: subjects.length === 0 ? undefined : subjects.join(','),
      arbiters: arbiters.length === 0 ? undefined : arbiters.join(','),
      fallbackPerMillionMin: fallback === undefined ? undefined : Math.round(fallback * 1_000_000),
      creditLines: creditLinesOf(context),
      creditTotalNanos: nanosFlag(flags, 'credit-total'),
      latencyMs: numberFlag(flags, 'latency', { min: 1, max: 31_536_000_000, isWhole: true }),
      inputBytesMax: numberFlag(flags, 'input-max', { min: 1, max: 4_294_967_296, isWhole: true }),
      validMs: hoursFlag(context),
    }
    const answer = await useMarket(context, async ({ ask }) => await ask(request))
    if (isJson) terminal.printJson(answer)
    else terminal.print(`offer    ${textOf(answer, 'offer')}\nexpires  ${instantOf(answer, 'expiresAt')}`)
    return EXIT_CODES.done
  },
}

/** `PAYER=NANOS`, separated by commas. */
function creditLinesOf({ flags }: CommandContext): string | undefined {
  const lines = listFlag(flags, 'credit-line').map((line) => {
    const at = line.indexOf('=')
    const nanos = parseAmount(line.slice(at + 1))
    if (nanos !== undefined) return `${at === -1 ? 'every-payer' : line.slice(0, at)}=${nanos}`
    throw usageError(`--credit-line must be an amount such as 5, or DID=5, not ${JSON.stringify(line)}`)
  })
  return lines.length === 0 ? undefined : lines.join(',')
}

function hoursFlag({ flags }: CommandContext): number | undefined {
  const hours = numberFlag(flags, 'valid-hours', { min: 0.001, max: 720 })
  return hours === undefined ? undefined : Math.round(hours * 3_600_000)
}

/** Takes an offer back. */
export const marketWithdrawCommand: Command = {
  name: 'market withdraw',
  summary: 'take a standing offer back',
  synopsis: '--skill S | --offer ID',
  flags: {
    skill: { value: 'S', describe: 'all offers for this skill' },
    offer: { value: 'ID', describe: 'this offer alone' },
    // As `market offer` has them, so that the same words with `withdraw` do.
    price: { value: 'P', describe: 'ignored' },
    limit: { value: 'N', describe: 'ignored' },
    agent: { value: 'NAME', describe: 'ignored' },
    ...NODE_FLAGS,
  },
  details: ['Contracts that were signed before go on.'],
  examples: ['kernell market withdraw --skill text.word-count'],
  async run(context) {
    const { flags, terminal, isJson } = context
    const request = { op: 'withdraw', skill: textFlag(flags, 'skill'), offer: textFlag(flags, 'offer') }
    if (request.skill === undefined && request.offer === undefined)
      throw usageError('Name the offer with --skill or --offer')
    const answer = await useMarket(context, async ({ ask }) => await ask(request))
    if (isJson) terminal.printJson(answer)
    else terminal.print(`Withdrew ${textOf(answer, 'offer')}`)
    return EXIT_CODES.done
  },
}

/** Standing offers of this node. */
export const marketListCommand: Command = {
  name: 'market list',
  summary: 'show the standing offers of this node',
  synopsis: '',
  flags: NODE_FLAGS,
  examples: ['kernell market list', 'kernell market list --json'],
  async run(context) {
    const { terminal, isJson } = context
    const answer = await useMarket(context, async ({ ask }) => await ask({ op: 'offers' }))
    if (isJson) terminal.printJson(answer)
    else
      terminal.print(
        listOf(answer, 'offers').map(describeOffer).join('\n') || 'No offer stands: `kernell market offer`',
      )
    return EXIT_CODES.done
  },
}

/** One standing offer of this node, whole. */
export const marketShowCommand: Command = {
  name: 'market show',
  summary: 'show one standing offer of this node, with its conditions',
  synopsis: 'OFFER',
  positionalsMax: 1,
  flags: NODE_FLAGS,
  details: [
    'Purchases and sales under way are contracts: `kernell escrow list` and `kernell escrow show`. An auction is shown by `kernell market auction show`.',
  ],
  examples: ['kernell market show 5f0c...', 'kernell market show 5f0c... --json'],
  async run(context) {
    const { terminal, isJson } = context
    const name = subjectOf(context, 'the offer, as `kernell market list` shows it')
    const answer = await useMarket(context, async ({ ask }) => await ask({ op: 'offers' }))
    const offer = listOf(answer, 'offers').find((one) => textOf(one, 'offer') === name)
    if (offer === undefined)
      throw new CodedError('MARKET_OBJECT_UNKNOWN', {
        message: `This node has no standing offer ${name}`,
        details: { remedy: '`kernell market list` shows those that it has.' },
      })
    if (isJson) terminal.printJson(offer)
    else terminal.print([describeOffer(offer), ...describeConditions(offer)].join('\n'))
    return EXIT_CODES.done
  },
}

function describeConditions(offer: JsonValue): readonly string[] {
  const share = (numberOf(offer, 'fallbackPerMillionMin') ?? 0) / 1_000_000
  const claims = textsOf(offer, 'capabilities')
  const arbiters = textsOf(offer, 'arbiters')
  return [
    `  custody: ${textsOf(offer, 'custody').join(', ') || 'C2, C3'}`,
    `  done within ${numberOf(offer, 'latencyMs') ?? 0} ms, for inputs of at most ${numberOf(offer, 'inputBytesMax') ?? 0} bytes`,
    ...(claims.length === 0 ? [] : [`  claims ${claims.join(', ')}`]),
    ...(arbiters.length === 0 ? ['  no arbiters'] : arbiters.map((arbiter) => `  arbiter ${arbiter}`)),
    `  where nobody rules, at least ${share} of what is disputed`,
  ]
}

function describeOffer(offer: JsonValue): string {
  return [
    textOf(offer, 'offer'),
    `  ${textOf(offer, 'skill')} for ${formatCredits(textOf(offer, 'priceNanos'), textOf(offer, 'currency'))}`,
    `  by ${textOf(offer, 'agent')}, ${numberOf(offer, 'capacity') ?? 1} at a time, until ${instantOf(offer, 'validUntil')}`,
  ].join('\n')
}

function instantOf(value: JsonValue, name: string): string {
  const ms = numberOf(value, name)
  return ms === undefined ? 'not known' : new Date(ms).toISOString()
}
