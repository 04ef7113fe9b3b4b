import { setTimeout as sleep } from 'node:timers/promises'
import { resolve } from 'node:path'
import { writeFileSync } from 'node:fs'
import type { JsonValue } from '../../base/canonical-json.ts'
import { CodedError } from '../../base/errors.ts'
import type { Command, CommandContext } from '../command.ts'
import { CONTRACT_STATES, contractDocument, formatContract, TERMINAL_STATES } from '../contract-document.ts'
import { EXIT_CODES, type ExitCode } from '../exit-codes.ts'
import { choiceFlag, isFlagSet, listFlag, numberFlag, requiredFlag, textFlag, usageError } from '../flags.ts'
import { formatCredits } from '../format-credits.ts'
import { idempotencyKey, KEY_FLAG, type MarketControl, NODE_FLAGS, useMarket } from '../market-control.ts'
import { fileFlag, jsonFlag, requiredNanos } from '../market-flags.ts'
import { listOf, membersOf, numberOf, textOf } from '../registered-policies.ts'

const CUSTODY = ['C1', 'C2', 'C3'] as const

/** A standing offer of this node. */
export const marketOfferCommand: Command = {
  name: 'market offer',
  summary: 'offer to do work of a skill, at a price',
  synopsis: '--skill S --price P [--limit N] [--agent NAME]',
  flags: {
    skill: { value: 'S', describe: 'a word such as text.word-count' },
    price: { value: 'P', describe: 'credits for one task, such as 0.25' },
    currency: { value: 'C', describe: 'CODE@DID, or a code that one issuer alone has; default: the only one there is' },
    limit: { value: 'N', describe: 'tasks at the same time (default 1)' },
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
    latency: { value: 'MS', describe: 'how long a task takes at most (default 1000)' },
    'valid-hours': { value: 'N', describe: 'how long the offer stands, at most 720 (default 720)' },
    ...NODE_FLAGS,
  },
  details: [
    'The offer is signed by the escrow key. It replaces the one that this node had for the same skill and currency; the same offer again answers "exists".',
  ],
  examples: ['kernell market offer --skill text.word-count --price 0.25 --limit 4 --agent word-count'],
  async run(context) {
    const { flags, terminal, isJson } = context
    const subjects = listFlag(flags, 'for')
    const request = {
      op: 'offer',
      skill: requiredFlag(flags, 'skill'),
      nanos: requiredNanos(flags, 'price'),
      currency: textFlag(flags, 'currency'),
      limit: numberFlag(flags, 'limit', { min: 1, max: 100_000, isWhole: true }),
      agent: textFlag(flags, 'agent'),
      custody: textFlag(flags, 'custody'),
      subjects: subjects.length === 0 ? undefined : subjects.join(','),
      latencyMs: numberFlag(flags, 'latency', { min: 1, max: 31_536_000_000, isWhole: true }),
      validMs: hoursFlag(context),
    }
    const answer = await useMarket(context, async ({ ask }) => await ask(request))
    if (isJson) terminal.printJson(answer)
    else terminal.print(`offer    ${textOf(answer, 'offer')}\nexpires  ${instantOf(answer, 'expiresAt')}`)
    return EXIT_CODES.done
  },
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

function describeOffer(offer: JsonValue): string {
  return [
    textOf(offer, 'offer'),
    `  ${textOf(offer, 'skill')} for ${formatCredits(textOf(offer, 'priceNanos'), textOf(offer, 'currency'))}`,
    `  by ${textOf(offer, 'agent')}, ${numberOf(offer, 'capacity') ?? 1} at a time, until ${instantOf(offer, 'validUntil')}`,
  ].join('\n')
}

/** Buys one piece of work. */
export const marketBuyCommand: Command = {
  name: 'market buy',
  summary: 'have work done: find a seller, hold the price, check the result, pay',
  synopsis: '--skill S --input FILE --max P --currency C --idempotency-key K',
  flags: {
    skill: { value: 'S', describe: 'a word such as text.word-count' },
    input: { value: 'FILE', describe: 'what the work is done on, 900 kB at most' },
    max: { value: 'P', describe: 'the most that it may cost, such as 0.5' },
    currency: { value: 'C', describe: 'CODE@DID, or a code that one issuer alone has; default: the only one there is' },
    custody: {
      value: 'C1|C2|C3',
      describe: 'credit between the two, credits kept by the notaries, or that with bonds (default C2)',
    },
    'notary-set': { value: 'SET.json', describe: 'who keeps the contract; default: the set of the node' },
    auction: {
      value: 'first|second',
      describe: 'let sellers bid, sealed; the winner gets its own or the second price',
    },
    timers: { value: 'FILE', describe: 'spans in milliseconds, such as {"deliverMs": 60000, "refundMs": 0}' },
    accept: { value: 'PREDICATE.json', describe: 'what the result must be; both sides check it, and it decides' },
    arbiter: { value: 'DID', describe: 'who rules on a dispute, by its escrow key; may be repeated', isList: true },
    'arbiters-needed': { value: 'K', describe: 'how many of them have to agree (default: more than half)' },
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
    output: { value: 'FILE', describe: 'where to write the result' },
    ...NODE_FLAGS,
  },
  details: [
    'The same key asks for the same purchase, however often: it happens once. Ctrl-C stops the waiting and not the purchase.',
    'Credits are a claim on their issuer; the custody label says who keeps them. Exit 3 when the purchase came to no contract, 1 when the contract ended otherwise than waited for.',
  ],
  examples: [
    'kernell market buy --skill text.word-count --input letter.txt --max 0.5 --currency USD --custody C2 --notary-set set.json --idempotency-key letter-1 --output count.json',
  ],
  whenStopped: 'The purchase goes on; run the same command to wait for it again.',
  async run(context) {
    const { flags, isJson, terminal } = context
    const started = performance.now()
    const request = buyRequestOf(context)
    const wait = choiceFlag(flags, 'wait', CONTRACT_STATES) ?? 'FINAL'
    return await useMarket(context, async (market) => {
      const begun = await market.ask(request)
      const { view, result } = await waitFor(market, { key: request.key, wait, signal: context.signal })
      const output = textFlag(flags, 'output')
      if (output !== undefined && result !== undefined) writeFileSync(resolve(context.workingDir, output), result)
      const effect = textOf(begun, 'effect')
      if (isJson) terminal.printJson({ ...contractDocument(view, Math.round(performance.now() - started)), effect })
      else {
        terminal.print(formatContract(view))
        terminal.note(hintOf(view, output !== undefined && result !== undefined ? output : undefined))
      }
      return hasReached(view, wait) ? EXIT_CODES.done : EXIT_CODES.failed
    })
  },
}

function buyRequestOf(context: CommandContext): {
  readonly [name: string]: JsonValue | undefined
  readonly key: string
} {
  const { flags } = context
  requiredFlag(flags, 'input')
  const arbiters = listFlag(flags, 'arbiter')
  return {
    op: 'buy',
    key: idempotencyKey(context),
    skill: requiredFlag(flags, 'skill'),
    input: fileFlag(context, 'input'),
    nanos: requiredNanos(flags, 'max'),
    currency: textFlag(flags, 'currency'),
    custody: choiceFlag(flags, 'custody', CUSTODY),
    auction: choiceFlag(flags, 'auction', ['first', 'second']),
    set: jsonFlag(context, 'notary-set'),
    timers: jsonFlag(context, 'timers'),
    accept: jsonFlag(context, 'accept'),
    arbiters: arbiters.length === 0 ? undefined : arbiters.join(','),
    arbitersNeeded: numberFlag(flags, 'arbiters-needed', { min: 1, max: 64, isWhole: true }),
    capability: jsonFlag(context, 'capability'),
    isManual: isFlagSet(flags, 'manual') ? true : undefined,
  }
}

type Waiting = { readonly key: string; readonly wait: string; readonly signal: AbortSignal }
type Waited = { readonly view: JsonValue; readonly result: Uint8Array | undefined }

const POLL_MS = 200
const STEP_WAIT_MS = 10_000

async function waitFor({ ask }: MarketControl, { key, wait, signal }: Waiting): Promise<Waited> {
  let afterSeq = -1
  for (;;) {
    const purchase = await ask({ op: 'purchase', key, afterSeq, waitMs: STEP_WAIT_MS })
    const failed = membersOf(purchase)['failed'] ?? null
    if (failed !== null) throw refused(failed)
    const view = membersOf(purchase)['view'] ?? null
    if (view !== null && (hasReached(view, wait) || isEnded(view))) return { view, result: await resultOf(ask, view) }
    afterSeq = listOf(view, 'transitions').length - 1
    if (view === null) await sleep(POLL_MS, undefined, { signal }).catch(() => signal.throwIfAborted())
  }
}

function refused(failed: JsonValue): CodedError {
  const [code, reason] = [textOf(failed, 'code'), textOf(failed, 'reason')]
  const why = reason === '' ? '' : ` (${reason})`
  return new CodedError('MARKET_REFUSED', {
    message: `${textOf(failed, 'message')}${why}`,
    details: { code, reason: reason === '' ? null : reason, remedy: textOf(failed, 'remedy') },
  })
}

/** Whether the contract is or was in a state. */
function hasReached(view: JsonValue, state: string): boolean {
  return textOf(view, 'state') === state || listOf(view, 'transitions').some((step) => textOf(step, 'to') === state)
}

function isEnded(view: JsonValue): boolean {
  return TERMINAL_STATES.some((state) => state === textOf(view, 'state'))
}

async function resultOf(ask: MarketControl['ask'], view: JsonValue): Promise<Uint8Array | undefined> {
  const hash = textOf(view, 'resultHash')
  if (hash === '') return undefined
  try {
    return new Uint8Array(Buffer.from(textOf(await ask({ op: 'result', hash }), 'bytes'), 'base64url'))
  } catch (error: unknown) {
    if (CodedError.is(error, 'MARKET_OBJECT_UNKNOWN')) return undefined
    throw error
  }
}

function hintOf(view: JsonValue, output: string | undefined): string {
  const contract = textOf(view, 'contract')
  const next = isEnded(view)
    ? `\`kernell escrow export ${contract} --output FILE\` keeps the evidence`
    : `\`kernell escrow show ${contract}\` tells how it goes on`
  return output === undefined ? next : `The result is in ${output}. ${next}`
}

/** The public record of an auction. */
export const marketAuctionShowCommand: Command = {
  name: 'market auction show',
  summary: 'show an auction of this node: bids, winner, price',
  synopsis: 'ID',
  positionalsMax: 1,
  flags: {
    output: { value: 'FILE', describe: 'also write the transcript, which `kernell market auction verify` checks' },
    ...NODE_FLAGS,
  },
  examples: ['kernell market auction show 5f0c... --output transcript.json'],
  async run(context) {
    const { positionals, terminal, isJson, flags, workingDir } = context
    const [auction] = positionals
    if (auction === undefined) throw usageError('Name the auction: `auction` of what `kernell market buy` printed')
    const { transcript } = membersOf(await useMarket(context, async ({ ask }) => await ask({ op: 'auction', auction })))
    const { judgeTranscript } = await import('../../node/market/verify-auction.ts')
    const judged = judgeTranscript(transcript, auction)
    const output = textFlag(flags, 'output')
    if (output !== undefined) writeFileSync(resolve(workingDir, output), `${JSON.stringify(transcript)}\n`)
    if (isJson) terminal.printJson(judged)
    else {
      const price =
        judged.clearingNanos === null ? [] : [`price   ${formatCredits(judged.clearingNanos, judged.currency)}`]
      const bids = judged.bids.map(({ bidder, status }) => `  ${status.padEnd(11)} ${bidder}`)
      terminal.print([`winner  ${judged.winner ?? 'nobody'}`, ...price, ...bids].join('\n'))
    }
    return exitOf(judged.ok)
  },
}

function exitOf(isRight: boolean): ExitCode {
  return isRight ? EXIT_CODES.done : EXIT_CODES.failed
}

function instantOf(value: JsonValue, name: string): string {
  const ms = numberOf(value, name)
  return ms === undefined ? 'not known' : new Date(ms).toISOString()
}
