import type { JsonValue } from '../../base/canonical-json.ts'
import { currentTime } from '../../node/market/current-time.ts'
import { actDocument, contractSubject, refusalText } from '../act-document.ts'
import type { Command } from '../command.ts'
import { formatDeadline } from '../contract-document.ts'
import { readEnvelopeFile } from '../envelope-file.ts'
import { EXIT_CODES } from '../exit-codes.ts'
import { usageError } from '../flags.ts'
import { idempotencyKey, KEY_FLAG, NODE_FLAGS, useMarket } from '../market-control.ts'
import { membersOf, numberOf, textOf } from '../registered-policies.ts'

/** Two signed messages of one party that contradict each other freeze a contract. */
export const escrowProveCommand: Command = {
  name: 'escrow prove',
  summary: 'prove that a party has signed two things at one place, which freezes the contract',
  synopsis: 'ID FILE FILE --idempotency-key K',
  positionalsMax: 3,
  flags: { ...KEY_FLAG, ...NODE_FLAGS },
  details: [
    'By anybody who has both. Each FILE holds one signed message of the payer or of the worker as `kernell envelope check` reads it; both have the same signer, contract and `seq`, and differ. What the notary set took from either side is in the file of `kernell escrow export`: `envelope` of each piece of its `evidence`. This node looks at the two before anything is sent.',
    'What is held is frozen: until T_rule arbiters rule what the worker gets. Without a ruling a payer that lied pays what is claimed, and a worker that lied gets no more than its last voucher; the bond of who lied goes to the other side. A worker whose payer lied still delivers. Before anything is held the contract ends; after it was paid the lie counts for reputation alone.',
    'Exit 3 when the two convict nobody of this contract, or the notaries refuse it: nothing has changed then, and the code says why.',
  ],
  examples: ['kernell escrow prove 5f0c... delivery.json other-delivery.json --idempotency-key prove-1'],
  async run(context) {
    const { terminal, isJson, positionals } = context
    const contract = contractSubject(context)
    const [, first, second] = positionals
    if (first === undefined || second === undefined) throw usageError('Name the files of the two messages')
    const read = (file: string): string => Buffer.from(readEnvelopeFile(context, file)).toString('base64url')
    const messages = { first: read(first), second: read(second) }
    const request = { op: 'act', act: 'prove', contract, key: idempotencyKey(context), ...messages }
    const answer = await useMarket(context, async ({ ask }) => await ask(request))
    const isRefused = textOf(answer, 'effect') === 'refused'
    if (isJson) terminal.printJson(documentOf(answer))
    else if (isRefused) terminal.note(refusalText(answer))
    else terminal.print(describe(answer))
    return isRefused ? EXIT_CODES.refused : EXIT_CODES.done
  },
}

function documentOf(answer: JsonValue): { readonly [name: string]: JsonValue } {
  const { culprit = null, ruleBy = null } = membersOf(answer)
  return { ...actDocument(answer), culprit, ruleBy }
}

function describe(answer: JsonValue): string {
  const repeated = textOf(answer, 'effect') === 'exists' ? ', as was known before' : ''
  return [
    `Proven: ${textOf(answer, 'culprit')} has signed two things at one place${repeated}`,
    `The contract is ${textOf(answer, 'state')}: ${whatFollows(answer)}`,
  ].join('\n')
}

function whatFollows(answer: JsonValue): string {
  const ruleBy = numberOf(answer, 'ruleBy')
  if (ruleBy === undefined) return 'there is nothing left to rule on, and the lie is in its evidence'
  const by = `${new Date(ruleBy).toISOString()} (${formatDeadline(ruleBy, currentTime())})`
  return `arbiters rule until ${by}; without a ruling it ends then against who lied`
}
