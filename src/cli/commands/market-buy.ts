import type { JsonValue } from '../../base/canonical-json.ts'
import type { Command, CommandContext } from '../command.ts'
import { CONTRACT_STATES, contractDocument, formatContract } from '../contract-document.ts'
import { EXIT_CODES, type ExitCode } from '../exit-codes.ts'
import { choiceFlag, isFlagSet, listFlag, numberFlag, requiredFlag, textFlag } from '../flags.ts'
import { handIn, largeInput, largeInputSize, writeResult } from '../market-artifacts.ts'
import { findResultPlace } from '../result-file.ts'
import { idempotencyKey, KEY_FLAG, NODE_FLAGS, useMarket } from '../market-control.ts'
import { fileFlag, jsonFlag, nanosFlag } from '../market-flags.ts'
import { explainInterrupt } from '../print-failure.ts'
import { listOf, membersOf, textOf } from '../registered-policies.ts'
import { hasReached, isEnded, waitForPurchase } from '../wait-for-purchase.ts'

const CUSTODY = ['C1', 'C2', 'C3'] as const
const AUCTION_KINDS = ['first', 'second', 'english'] as const

/** Buys one piece of work. */
export const marketBuyCommand: Command = {
  name: 'market buy',
  summary: 'have work done: find a seller, hold the price, check the result, pay',
  synopsis: '--skill S --input FILE [--max P] --currency C --idempotency-key K',
  flags: {
    skill: { value: 'S', describe: 'a word such as text.word-count' },
    input: { value: 'FILE', describe: 'what the work is done on; what a seller takes is in its offer' },
    max: {
      value: 'P',
      describe: 'the most that it may cost, such as 0.5; default: what `kernell market prices` suggests for the skill',
    },
    currency: { value: 'C', describe: 'CODE@DID, or a code that one issuer alone has; default: the only one there is' },
    custody: {
      value: 'C1|C2|C3',
      describe: 'credit between the two, credits kept by the notaries, or that with bonds (default C2)',
    },
    'notary-set': { value: 'SET.json', describe: 'who keeps the contract; default: the set of the node' },
    auction: {
      value: 'first|second|english',
      describe:
        'let sellers bid: sealed, where the winner gets its own price or the second one, which another offer bounds, or openly downward',
    },
    'open-call': {
      describe:
        'announce the auction to everybody who listens, so that sellers bid whom this node does not know; takes ten seconds at least (default: market.openCalls of the configuration)',
    },
    deposit: {
      value: 'P',
      describe:
        'what a sealed bidder loses that does not reveal its bid (default 0.1 to 1 % of --max, by the offers; none in C1, or 0)',
    },
    'min-reputation': { value: '0..1', describe: 'only sellers with at least this mean in `kernell reputation list`' },
    needs: {
      value: 'NAME',
      describe: 'only sellers that claim it and for which `kernell market attest` vouches; may be repeated',
      isList: true,
    },
    'newcomer-max': {
      value: 'P',
      describe:
        'what any seller of whom no harm is known may have of your open contracts beyond its bond and what it has earned (default 1)',
    },
    timers: {
      value: 'FILE',
      describe:
        'spans in milliseconds, such as {"deliverMs": 60000, "refundMs": 0}; shorter ones than the set `default` has need a notary that was started with --trial',
    },
    accept: { value: 'PREDICATE.json', describe: 'what the result must be; both sides check it, and it decides' },
    arbiter: {
      value: 'DID',
      describe: 'who rules on a dispute, by its escrow key; may be repeated; sellers take those that they have named',
      isList: true,
    },
    'arbiters-needed': { value: 'K', describe: 'how many of them have to agree (default: more than half)' },
    'dispute-bond': {
      value: 'P',
      describe: 'credits that are held when you reject; they pay the arbiters, the rest comes back (default 0)',
    },
    'arbiter-fee': { value: 'P', describe: 'for each arbiter that rules, out of the dispute bond (default 0)' },
    fallback: {
      value: '0..1',
      describe:
        'what the seller gets of the price that you dispute where nobody rules; sellers may ask for it (default 0)',
    },
    capability: {
      value: 'FILE',
      describe: 'a chain by whose authority you buy; default: your own, and the contract says so',
    },
    manual: { describe: 'you accept or reject yourself; without a word by T_accept the work is accepted' },
    ...KEY_FLAG,
    wait: {
      value: 'STATE',
      describe: `come back when the contract has reached it (default FINAL); any end ends the wait`,
    },
    output: {
      value: 'FILE',
      describe:
        'where to write the result: a file that is replaced once it is whole, or a pipe or device; looked at before anything is bought',
    },
    'dry-run': { describe: 'say which data would reach whom, and buy nothing' },
    ...NODE_FLAGS,
  },
  details: [
    'The same key asks for the same purchase, however often: it happens once. A node remembers a key until the T_retain of the contract is over, where its journal is nearly full for a day from the end, and a purchase that came to nothing for less. Ctrl-C stops the waiting and not a purchase that has begun.',
    'Bidders of a sealed auction put up a deposit, held by the notary set, and ties are broken by the first block of its log behind the bids. A bidder that does not reveal, or wins and does not sign the contract, loses its deposit to nobody, and the next in the ranking is asked. A seller without credits cannot put one up, and --deposit 0 lets it bid; a seller puts up between a thousandth and a fifth of its price, for buyers alone that hold the credits to pay it. In an open auction each bid undercuts the last by 1 % of --max at least, under the stamp of the set, and a late one moves the end. `kernell market auction verify` computes any of them again.',
    'A second-price auction pays no more than the best of the other standing offers asks; where only one seller offers, or only one offer fits, the winner gets what it bids.',
    'A seller may have no more of your open contracts than its bond, what its good work has earned, and --newcomer-max where no harm is known of it. More is refused with BUY_EXPOSURE: begin with less, or use C3, where it has a bond at stake.',
    'Before anything leaves, it says on stderr which data reaches whom, and at the end with --json as `discloses`, too; --dry-run says that alone. Of the input nobody but the seller that signs, and arbiters of a dispute, sees a word; in C3 a seller reads it before it signs.',
    'Credits are a claim on their issuer; the custody label says who keeps them. Exit 3 when the purchase came to no contract, 1 when the contract ended otherwise than waited for.',
  ],
  examples: [
    'kernell market buy --skill text.word-count --input letter.txt --max 0.5 --currency USD --custody C2 --notary-set set.json --idempotency-key letter-1 --output count.json',
  ],
  async run(context) {
    const stage: Stage = { whenStopped: WHEN_STOPPED.before }
    try {
      return await buyWaiting(context, stage)
    } catch (error: unknown) {
      throw explainInterrupt(error, stage.whenStopped)
    }
  },
}

/** What Ctrl-C leaves behind, by how far the command has come. */
const WHEN_STOPPED = {
  before: 'This command has bought nothing yet; run it again to go on where it was.',
  meanwhile: 'Whether the purchase has begun is not known; run the same command to see: it buys at most once.',
  after: 'The purchase goes on; run the same command to wait for it again.',
} as const

type Stage = { whenStopped: string }

async function buyWaiting(context: CommandContext, stage: Stage): Promise<ExitCode> {
  const { flags, isJson, terminal } = context
  const started = performance.now()
  const output = textFlag(flags, 'output')
  // A place that cannot be written is no news for after the payment.
  const place = output === undefined ? undefined : await findResultPlace(output, context.workingDir)
  const inputBytes = await largeInputSize(context)
  const asked = buyRequestOf(context, inputBytes)
  const wait = choiceFlag(flags, 'wait', CONTRACT_STATES) ?? 'FINAL'
  return await useMarket(context, async (market) => {
    const { discloses = [] } = membersOf(await market.ask({ ...asked, op: 'disclosure' }))
    if (isFlagSet(flags, 'dry-run')) {
      if (isJson) terminal.printJson({ discloses })
      else terminal.print(disclosureText(discloses))
      return EXIT_CODES.done
    }
    // Before anything leaves, whoever reads the rest.
    terminal.note(disclosureText(discloses))
    // What nobody takes is neither read nor handed in.
    if (inputBytes !== undefined) await market.ask({ ...asked, op: 'input-fits' })
    const large = inputBytes === undefined ? undefined : await largeInput(context)
    const request = large === undefined ? asked : { ...asked, inputBytes: undefined, inputList: large.list }
    if (large !== undefined) await handIn(market, { key: request.key, file: large, terminal })
    stage.whenStopped = WHEN_STOPPED.meanwhile
    const begun = await market.ask(request)
    stage.whenStopped = WHEN_STOPPED.after
    const { view, result, passedOver } = await waitForPurchase(market, {
      key: request.key,
      wait,
      signal: context.signal,
      terminal,
    })
    if (place !== undefined && result !== undefined) await writeResult(market, { result, place, terminal })
    const effect = textOf(begun, 'effect')
    const wallMs = Math.round(performance.now() - started)
    if (isJson)
      terminal.printJson({ ...contractDocument(view, wallMs), effect, discloses, passedOver: [...passedOver] })
    else {
      terminal.print(formatContract(view))
      for (const one of passedOver) terminal.note(passedOverText(one))
      terminal.note(hintOf(view, result === undefined ? undefined : output))
    }
    if (output !== undefined && result === undefined) terminal.note(noResult(view, output))
    return hasReached(view, wait) ? EXIT_CODES.done : EXIT_CODES.failed
  })
}

function buyRequestOf(
  context: CommandContext,
  inputBytes: number | undefined,
): {
  readonly [name: string]: JsonValue | undefined
  readonly key: string
} {
  const { flags } = context
  const arbiters = listFlag(flags, 'arbiter')
  const capabilities = listFlag(flags, 'needs')
  const fallback = numberFlag(flags, 'fallback', { min: 0, max: 1 })
  const reputation = numberFlag(flags, 'min-reputation', { min: 0, max: 1 })
  return {
    op: 'buy',
    key: idempotencyKey(context),
    skill: requiredFlag(flags, 'skill'),
    ...(inputBytes === undefined ? { input: fileFlag(context, 'input') } : { inputBytes }),
    nanos: nanosFlag(flags, 'max'),
    currency: textFlag(flags, 'currency'),
    custody: choiceFlag(flags, 'custody', CUSTODY),
    auction: choiceFlag(flags, 'auction', AUCTION_KINDS),
    isOpenCall: isFlagSet(flags, 'open-call') ? true : undefined,
    depositNanos: nanosFlag(flags, 'deposit'),
    reputationPpm: reputation === undefined ? undefined : Math.round(reputation * 1_000_000),
    capabilities: capabilities.length === 0 ? undefined : capabilities.join(','),
    newcomerNanos: nanosFlag(flags, 'newcomer-max'),
    set: jsonFlag(context, 'notary-set'),
    timers: jsonFlag(context, 'timers'),
    accept: jsonFlag(context, 'accept'),
    arbiters: arbiters.length === 0 ? undefined : arbiters.join(','),
    arbitersNeeded: numberFlag(flags, 'arbiters-needed', { min: 1, max: 64, isWhole: true }),
    disputeBondNanos: nanosFlag(flags, 'dispute-bond'),
    arbiterFeeNanos: nanosFlag(flags, 'arbiter-fee'),
    fallbackPerMillion: fallback === undefined ? undefined : Math.round(fallback * 1_000_000),
    capability: jsonFlag(context, 'capability'),
    isManual: isFlagSet(flags, 'manual') ? true : undefined,
  }
}

const TOLD: Readonly<Record<string, string>> = {
  'asked-nodes': 'the nodes that are asked',
  everybody: 'everybody who listens',
  bidders: 'those who may bid',
  seller: 'the seller',
  notaries: 'the notaries',
  arbiters: 'the arbiters',
}

/** A line for each who learns something, with their keys where they are known. */
function disclosureText(discloses: JsonValue): string {
  const lines = (Array.isArray(discloses) ? discloses : []).map((line) => {
    const who = listOf(line, 'who').map(String)
    const names = who.length === 0 ? '' : ` (${who.length <= 3 ? who.join(', ') : `${who.length} nodes`})`
    return `  ${TOLD[textOf(line, 'to')] ?? textOf(line, 'to')}${names}: ${textOf(line, 'what')}`
  })
  return ['What leaves this node, and to whom:', ...lines].join('\n')
}

function passedOverText(one: JsonValue): string {
  return `Passed over in the auction: ${textOf(one, 'seller')} (${textOf(one, 'code')}). ${textOf(one, 'cause')}`
}

function noResult(view: JsonValue, output: string): string {
  const why = isEnded(view)
    ? 'the contract has ended without one that is here'
    : 'there is none yet; the same command without --wait writes it'
  return `No result was written to ${output}: ${why}.`
}

function hintOf(view: JsonValue, output: string | undefined): string {
  const contract = textOf(view, 'contract')
  const next = isEnded(view)
    ? `\`kernell escrow export ${contract} --output FILE\` keeps the evidence`
    : `\`kernell escrow show ${contract}\` tells how it goes on`
  return output === undefined ? next : `The result is in ${output}. ${next}`
}
