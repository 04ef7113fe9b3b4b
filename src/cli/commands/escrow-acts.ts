import type { JsonValue } from '../../base/canonical-json.ts'
import { actDocument, contractSubject, refusalText } from '../act-document.ts'
import type { Command, CommandContext } from '../command.ts'
import { EXIT_CODES, type ExitCode } from '../exit-codes.ts'
import { type FlagTable, isFlagSet, textFlag } from '../flags.ts'
import { idempotencyKey, KEY_FLAG, NODE_FLAGS, useMarket } from '../market-control.ts'
import { fileFlag, nanosFlag } from '../market-flags.ts'
import { formatRuling } from '../format-ruling.ts'
import { membersOf, textOf } from '../registered-policies.ts'

type ActInit = {
  readonly act: string
  readonly summary: string
  readonly flags?: FlagTable
  readonly details: string
  readonly example: string
}

const AMOUNT: (describe: string) => FlagTable = (describe) => ({ amount: { value: 'P', describe } })
const EVIDENCE: FlagTable = {
  evidence: { value: 'FILE', describe: 'what shows it: kept here, named by its hash in the contract, 1 MiB at most' },
}

/** One thing to do about a contract: the same key does it once. */
function actCommand({ act, summary, flags = {}, details, example }: ActInit): Command {
  return {
    name: `escrow ${act}`,
    summary,
    synopsis: 'ID --idempotency-key K',
    positionalsMax: 1,
    flags: { ...flags, ...KEY_FLAG, ...NODE_FLAGS },
    details: [details, 'Exit 3 when it is refused: nothing has changed then, and the code says why.'],
    examples: [example],
    run: async (context) => await runAct(context, act),
  }
}

async function runAct(context: CommandContext, act: string): Promise<ExitCode> {
  const { terminal, isJson, flags } = context
  const contract = contractSubject(context)
  const request = {
    op: 'act',
    act,
    contract,
    key: idempotencyKey(context),
    nanos: nanosFlag(flags, 'amount'),
    evidence: fileFlag(context, 'evidence'),
    reason: textFlag(flags, 'reason'),
    timer: textFlag(flags, 'timer'),
    like: textFlag(flags, 'like'),
    isApart: isFlagSet(flags, 'apart') ? true : undefined,
  }
  const answer = await useMarket(context, async ({ ask }) => await ask(request))
  const isRefused = textOf(answer, 'effect') === 'refused'
  if (isJson) terminal.printJson(actDocument(answer))
  else if (isRefused) terminal.note(refusalText(answer))
  else if (membersOf(answer)['ruling'] !== undefined) terminal.print(partText(answer))
  else
    terminal.print(
      `${textOf(answer, 'effect') === 'exists' ? 'Done before' : 'Done'}: ${act}; the contract is ${textOf(answer, 'state')}`,
    )
  return isRefused ? EXIT_CODES.refused : EXIT_CODES.done
}

function partText(answer: JsonValue): string {
  const rule =
    'Signed. The ruling counts when as many as are needed have signed the same split; whoever is last sends it.'
  return [rule, ...formatRuling(membersOf(answer)['ruling'])].join('\n')
}

export const escrowAcceptCommand: Command = actCommand({
  act: 'accept',
  summary: 'accept what was delivered, and pay for it',
  flags: AMOUNT('what to pay; default: what the worker claims'),
  details: 'By the payer. Without --amount the whole claim is paid.',
  example: 'kernell escrow accept 5f0c... --idempotency-key accept-1',
})

export const escrowRejectCommand: Command = actCommand({
  act: 'reject',
  summary: 'reject what was delivered, and say why',
  flags: {
    ...AMOUNT('what is paid all the same (default 0)'),
    ...EVIDENCE,
    reason: { value: 'WORD', describe: 'a word such as predicate-failed (default not-as-agreed)' },
  },
  details:
    'By the payer, before T_accept. The worker may insist; then arbiters rule, or the fallback of the contract decides.',
  example: 'kernell escrow reject 5f0c... --reason wrong-language --evidence note.txt --idempotency-key reject-1',
})

export const escrowCancelCommand: Command = actCommand({
  act: 'cancel',
  summary: 'end a contract together, before the delivery',
  flags: AMOUNT('what the worker gets for the work so far (default 0)'),
  details:
    'By either; the node of the other party is asked for its signature and must be reachable. That of a seller agrees by itself to the whole price alone, that of a buyer to nothing. For less, let both run the same command: the first one is declined, and is the word of who ran it; the second one ends the contract. Cancelling a paid task of A2A is the word of its seller for 0.',
  example: 'kernell escrow cancel 5f0c... --amount 0 --idempotency-key cancel-1',
})

export const escrowRefundCommand: Command = actCommand({
  act: 'refund',
  summary: 'give back what was captured, all or a part',
  flags: AMOUNT('how much; default: all that was captured'),
  details: 'By the worker, until T_refund.',
  example: 'kernell escrow refund 5f0c... --amount 0.1 --idempotency-key refund-1',
})

export const escrowDisputeCommand: Command = actCommand({
  act: 'dispute',
  summary: 'answer a rejection: what you claim, and what shows it',
  flags: { ...AMOUNT('what you claim; default: the price'), ...EVIDENCE },
  details: 'By the worker, after a rejection, while the record is open.',
  example: 'kernell escrow dispute 5f0c... --evidence log.txt --idempotency-key dispute-1',
})

export const escrowRuleCommand: Command = actCommand({
  act: 'rule',
  summary: 'rule on a dispute, as one of its arbiters',
  flags: {
    ...AMOUNT('what the worker gets of what was claimed'),
    like: { value: 'DID', describe: 'in place of --amount: sign the split that this arbiter has signed' },
    apart: { describe: 'sign another split than those that others have signed' },
    ...EVIDENCE,
  },
  details:
    'By an arbiter of the contract, once the record is closed; --amount or --like is needed. The ruling counts when k of them have signed the same split, and each signs one split of a record, never a second one. So whoever comes first signs what it thinks right, and the next ones look: `kernell escrow show` asks the nodes of the other arbiters that this one is connected with what they have signed. Where that is another split than yours, the command signs nothing and shows theirs: co-sign one of them with --like, or sign yours beside them with --apart. Whoever signs last of k sends the ruling. Where no split gets k signatures before T_rule, the fallback of the contract decides.',
  example: 'kernell escrow rule 5f0c... --like did:key:z6Mk... --idempotency-key rule-1',
})

export const escrowSettleCommand: Command = actCommand({
  act: 'settle',
  summary: 'ask the notaries to capture what is due by now',
  details: 'By anybody in the contract: repeats a capture that is under way, and does nothing a second time.',
  example: 'kernell escrow settle 5f0c... --idempotency-key settle-1',
})

export const escrowVoidCommand: Command = actCommand({
  act: 'void',
  summary: 'point out that a timer of a contract is over',
  flags: {
    timer: {
      value: 'NAME',
      describe: 'offer, hold, start, deliver, accept, rule or refund (default: the one that runs)',
    },
  },
  details: 'By anybody: notaries end contracts by their timers themselves; this asks again.',
  example: 'kernell escrow void 5f0c... --timer deliver --idempotency-key void-1',
})
