import { writeFileSync } from 'node:fs'
import { resolve } from 'node:path'
import type { JsonValue } from '../../base/canonical-json.ts'
import { type ExportVerification, verifyEvidence } from '../../node/market/copies/verify-evidence.ts'
import { currentTime } from '../../node/market/current-time.ts'
import { readNotarySet } from '../../node/market/read-notary-set.ts'
import type { Command } from '../command.ts'
import { contractDocument, formatContract, formatCustody, formatDeadline } from '../contract-document.ts'
import { outputFlag } from '../data-output.ts'
import { EXIT_CODES } from '../exit-codes.ts'
import { isFlagSet, textFlag, usageError } from '../flags.ts'
import { formatCredits } from '../../base/format-credits.ts'
import { formatRuling } from '../format-ruling.ts'
import { NODE_FLAGS, subjectOf, useMarket } from '../market-control.ts'
import { listOf, membersOf, numberOf, textOf } from '../registered-policies.ts'

/** One contract as it stands. */
export const escrowShowCommand: Command = {
  name: 'escrow show',
  summary: 'show a contract: state, money, timers, steps, transfers',
  synopsis: 'ID',
  positionalsMax: 1,
  flags: NODE_FLAGS,
  details: [
    'For an arbiter of a dispute it also asks the nodes of the others that this one is connected with which split they have signed: `ruling`. From then on the contract is in `kernell escrow inbox` until this arbiter has signed.',
  ],
  examples: ['kernell escrow show 5f0c...', 'kernell escrow show 5f0c... --json'],
  async run(context) {
    const { terminal, isJson } = context
    const contract = subjectOf(context, 'the contract: its 64 digits')
    const view = await useMarket(context, async ({ ask }) => await ask({ op: 'contract', contract }))
    const { custody = null, timers = [], transitions = [], transfers = [], ruling = null } = membersOf(view)
    if (isJson) terminal.printJson({ ...contractDocument(view), custody, timers, transitions, transfers, ruling })
    else
      terminal.print(
        [
          formatContract(view),
          ...listOf(view, 'timers').map(timerLine),
          ...listOf(view, 'transitions').map(stepLine),
          ...formatRuling(ruling),
        ].join('\n'),
      )
    return EXIT_CODES.done
  },
}

function timerLine(timer: JsonValue): string {
  const firesAt = numberOf(timer, 'firesAt') ?? 0
  return `timer     ${textOf(timer, 'name')} ${formatDeadline(firesAt, currentTime())}`
}

function stepLine(step: JsonValue): string {
  const at = new Date(numberOf(step, 'at') ?? 0).toISOString()
  return `${String(numberOf(step, 'seq') ?? '').padStart(4)}      ${at} ${textOf(step, 'event')}: ${textOf(step, 'from')} -> ${textOf(step, 'to')}`
}

/** Contracts of this node. */
export const escrowListCommand: Command = {
  name: 'escrow list',
  summary: 'show the contracts of this node',
  synopsis: '',
  flags: NODE_FLAGS,
  examples: ['kernell escrow list', 'kernell escrow list --json'],
  async run(context) {
    const { terminal, isJson } = context
    const answer = await useMarket(context, async ({ ask }) => await ask({ op: 'contracts' }))
    if (isJson) terminal.printJson(answer)
    else terminal.print(listOf(answer, 'contracts').map(contractLine).join('\n') || 'No contract yet')
    return EXIT_CODES.done
  },
}

function contractLine(contract: JsonValue): string {
  const price = textOf(contract, 'priceNanos')
  return [
    `${textOf(contract, 'contract')}  ${textOf(contract, 'state')}`,
    `  as ${textOf(contract, 'role')} of ${textOf(contract, 'skill')} with ${textOf(contract, 'other')}`,
    ...(price === ''
      ? []
      : [`  ${formatCredits(price, textOf(contract, 'currency'))}, ${textOf(contract, 'custody')}`]),
  ].join('\n')
}

/** What waits for an act of this node's owner. */
export const escrowInboxCommand: Command = {
  name: 'escrow inbox',
  summary: 'show what needs your act, by when, and what happens if you do nothing',
  synopsis: '[--watch]',
  flags: {
    watch: { describe: 'go on until Ctrl-C: one JSON document per line with --json, when something changes' },
    ...NODE_FLAGS,
  },
  details: [
    'A recovery that somebody asked for against your account is in it as well, and votes in which your key has weight.',
    'A dispute that you are to rule on is in it once you have looked at it with `kernell escrow show`; without --watch it also shows which splits other arbiters have signed.',
    'Amounts are what you pay, lose or do not get by doing nothing. A deadline counts by the stamp of the notaries: send before it.',
  ],
  examples: ['kernell escrow inbox', 'kernell escrow inbox --watch --json'],
  async run(context) {
    const { terminal, isJson, flags } = context
    const show = (inbox: JsonValue): void => (isJson ? terminal.printJson(inbox) : terminal.print(describeInbox(inbox)))
    await useMarket(context, async ({ ask, lines }) => {
      if (!isFlagSet(flags, 'watch')) show(await ask({ op: 'inbox' }))
      else for await (const line of lines({ op: 'inbox-watch' })) show(JSON.parse(line) as JsonValue)
    }).catch((error: unknown) => {
      if (!isFlagSet(flags, 'watch') || !context.signal.aborted) throw error
    })
    return EXIT_CODES.done
  },
}

function describeInbox(inbox: JsonValue): string {
  const rows = listOf(inbox, 'rows').map((row) => {
    const by = numberOf(row, 'by') ?? 0
    const head = `${textOf(row, 'act')} ${formatDeadline(by, currentTime())} (${new Date(by).toISOString()})`
    if (textOf(row, 'contract') === '') return describeOutside(row, head)
    return [
      head,
      `  contract ${textOf(row, 'contract')}, as ${textOf(row, 'role')}, ${textOf(row, 'state')}`,
      `  else: ${textOf(row, 'default')} ${formatCredits(textOf(row, 'amountNanos'), textOf(row, 'currency'))}`,
      `  custody: ${formatCustody(textOf(row, 'custody'))}`,
      ...formatRuling(membersOf(row)['ruling']).map((line) => `  ${line}`),
    ].join('\n')
  })
  return rows.join('\n') || 'Nothing waits for you'
}

/** What waits outside of contracts. */
function describeOutside(row: JsonValue, head: string): string {
  const account = textOf(row, 'account')
  const how =
    account === ''
      ? `  proposal ${textOf(row, 'proposal')}: kernell governance vote`
      : `  account ${account}: kernell ledger recovery cancel --account ${account}`
  return [head, how, `  else: ${textOf(row, 'default')}`].join('\n')
}

/** The evidence of a contract as a file. */
export const escrowExportCommand: Command = {
  name: 'escrow export',
  summary: 'write the evidence of a contract to a file that anybody can verify',
  synopsis: 'ID --output F',
  positionalsMax: 1,
  flags: {
    output: { value: 'F', describe: 'where to write it' },
    force: { describe: 'replace a file that is there' },
    ...NODE_FLAGS,
  },
  examples: ['kernell escrow export 5f0c... --output contract.json && kernell escrow verify contract.json'],
  async run(context) {
    const { terminal, isJson, flags, workingDir } = context
    const contract = subjectOf(context, 'the contract: its 64 digits')
    const file = outputFlag(flags, 'output', workingDir)
    const text = textOf(await useMarket(context, async ({ ask }) => await ask({ op: 'export', contract })), 'text')
    writeFileSync(file, text)
    const written = { contract, file, bytes: Buffer.byteLength(text) }
    if (isJson) terminal.printJson(written)
    else terminal.print(`Wrote ${file}, ${written.bytes} bytes`)
    return EXIT_CODES.done
  },
}

/** Checks the evidence of a contract without asking anybody. */
export const escrowVerifyCommand: Command = {
  name: 'escrow verify',
  summary: 'check the evidence of a contract: signatures, hashes, certificates, the state table',
  synopsis: 'F',
  positionalsMax: 1,
  flags: {
    'notary-set': {
      value: 'SET.json',
      describe: 'whose certificates count; default: the set that the file carries and the contract names',
    },
    ended: { describe: 'only a contract that has ended passes: exit 1 for a file that stops before' },
  },
  details: [
    'Needs no node, no key and no network. Exit 1 when anything is wrong.',
    'A file proves how a contract stood at its last step. Whoever made it may have left out what came later, and until the contract has ended there may be more: ask the notary set, or take --ended.',
  ],
  examples: ['kernell escrow verify contract.json --notary-set set.json --ended'],
  async run({ positionals, flags, terminal, isJson, workingDir }) {
    const [file] = positionals
    if (file === undefined) throw usageError('Name the file that `kernell escrow export` wrote')
    const setFile = textFlag(flags, 'notary-set')
    const verification = await verifyEvidence({
      path: resolve(workingDir, file),
      ...(setFile !== undefined && { set: await readNotarySet(resolve(workingDir, setFile)) }),
    })
    if (isJson) terminal.printJson(verification)
    else terminal.print(describeVerification(verification))
    const isEnough = verification.ended || !isFlagSet(flags, 'ended')
    return verification.ok && isEnough ? EXIT_CODES.done : EXIT_CODES.failed
  },
}

function describeVerification(verification: ExportVerification): string {
  const { ok, code, step, contract, state, steps, custody, asOf, ended } = verification
  if (!ok)
    return [
      `The evidence is NOT right: ${code ?? ''}${step === null ? '' : ` at step ${step}`}`,
      verification.cause ?? '',
    ].join('\n')
  return [
    ended
      ? 'The evidence is right, and the contract has ended'
      : 'The evidence is right as far as it goes, and NOT complete',
    `contract  ${contract ?? ''}`,
    `state     ${state ?? ''}`,
    `steps     ${steps}`,
    `as of     ${asOf === null ? 'no step' : `step ${asOf.seq}, ${new Date(asOf.at).toISOString()}`}`,
    ...(ended ? [] : ['later     more steps may have come that the file does not have']),
    `custody   ${formatCustody(custody ?? '')}`,
  ].join('\n')
}
