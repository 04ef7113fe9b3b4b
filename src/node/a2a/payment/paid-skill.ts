import { Role } from '@a2a-js/sdk'
import { CodedError, remedyOf } from '../../../base/errors.ts'
import { outgoingText } from '../../outgoing-text.ts'
import type { AgentSkill, SkillOutcome, SkillWork } from '../agent-skill.ts'
import type { JsonObjectValue } from '../plain-json.ts'
import { cancelPaid } from './cancel-paid.ts'
import type { PaidRuns } from './paid-runs.ts'
import { PAYMENT_EXTENSION, paymentIn, type PaymentReceipt, type PaymentRequest } from './payment-documents.ts'
import type { PaymentDesk } from './payment-desk.ts'
import { decodePaidOutput, nameOfInput, type PaidInput } from './task-documents.ts'

export type PaidSkillComponents = { readonly desk: PaymentDesk; readonly runs: PaidRuns }

/** What keeps a payment from being one; the task waits for another. */
const REFUSALS: readonly CodedError['code'][] = [
  'A2A_PAYMENT_INVALID',
  'A2A_PAYMENT_OTHER',
  'A2A_PAYMENT_USED',
  'A2A_PAYMENT_ENDED',
  'A2A_PAYMENT_UNHELD',
]

/**
 * A skill that has a price. The first message of a task says what is to be done, and is answered with what it costs; the next one shows the contract that holds the price.
 * The work itself is done by the market, for the contract, and its artefacts are those of the certified delivery.
 */
export function paidSkill(skill: AgentSkill, components: PaidSkillComponents): AgentSkill {
  const { answersDirectly: _never, ...rest } = skill
  return {
    ...rest,
    requiredExtension: PAYMENT_EXTENSION,
    run: async (work) => await runPaid(skill.id, components, work),
    cancel: async (work) => await cancelPaid(components, inputOf(skill.id, work)),
  }
}

async function runPaid(skill: string, { desk, runs }: PaidSkillComponents, work: SkillWork): Promise<SkillOutcome> {
  const input = inputOf(skill, work)
  const shown = paymentIn(work.message.metadata)
  if (shown === undefined)
    return required(await desk.request(input), 'This skill has a price. Pay for the task by a contract, and show it.')
  try {
    const contract = await desk.check(shown, input)
    work.emit({ type: 'progress', text: 'The price is held; the work is under way.' })
    const { bytes, receipt } = await untilDelivered({ desk, runs }, { contract, input, signal: work.signal })
    return delivered(bytes, receipt, work)
  } catch (error) {
    if (!CodedError.is(error) || !REFUSALS.includes(error.code)) throw error
    return required(await desk.request(input, error), outgoingText(error.message))
  }
}

/** What the task is for: its first message, whatever later ones say. */
function inputOf(
  skill: string,
  { taskId, history, message }: Pick<SkillWork, 'taskId' | 'history'> & Partial<Pick<SkillWork, 'message'>>,
): PaidInput {
  const first = history.find(({ role }) => role === Role.ROLE_USER) ?? message
  return { taskId, skill, parts: first?.parts ?? [] }
}

type Awaiting = {
  readonly contract: Parameters<PaymentDesk['delivered']>[0]
  readonly input: PaidInput
  readonly signal: AbortSignal
}

/** Throws what the work failed with: the contract then ends by its timers, unpaid. */
async function untilDelivered(
  { desk, runs }: PaidSkillComponents,
  { contract, input, signal }: Awaiting,
): ReturnType<PaymentDesk['delivered']> {
  const failing = new AbortController()
  const end = runs.onFailure(nameOfInput(input).hash, (error) => failing.abort(error))
  const either = AbortSignal.any([signal, failing.signal])
  const left = Promise.withResolvers<never>()
  const leave = (): void => left.reject(either.reason as Error)
  either.addEventListener('abort', leave, { once: true })
  if (either.aborted) leave()
  try {
    return await Promise.race([desk.delivered(contract, { signal: either }), left.promise])
  } finally {
    either.removeEventListener('abort', leave)
    end()
  }
}

function delivered(bytes: Uint8Array, receipt: PaymentReceipt, work: SkillWork): SkillOutcome {
  const output = decodePaidOutput(bytes)
  if (output === undefined)
    throw new CodedError('STORE_CORRUPTED', { message: 'What was delivered is no result of a task' })
  for (const { artifactId, name, parts } of output.artifacts)
    work.emit({ type: 'artifact', artifactId, name, parts, isLast: true })
  return { state: 'completed', metadata: { [PAYMENT_EXTENSION]: receipt } }
}

function required(request: PaymentRequest, text: string): SkillOutcome {
  const { refused } = request
  const metadata: JsonObjectValue = {
    [PAYMENT_EXTENSION]: JSON.parse(JSON.stringify(request)) as JsonObjectValue,
    ...(refused !== undefined && { code: refused.code, remedy: remedyOf(refused.code as CodedError['code']) }),
  }
  return { state: 'input-required', text, metadata }
}
