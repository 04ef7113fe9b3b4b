import type { AgentExtension } from '@a2a-js/sdk'
import { CodedError } from '../../../base/errors.ts'
import type { A2aConfig } from '../../config/a2a-config.ts'
import type { MarketWorker } from '../../market/market-init.ts'
import type { AgentSkill } from '../agent-skill.ts'
import { giveUpContracts } from './cancel-paid.ts'
import { paidSkill } from './paid-skill.ts'
import { PaidRuns } from './paid-runs.ts'
import { createPaidWorker, type PaidWorkerInit } from './paid-worker.ts'
import { PaymentDesk, type PaymentDeskInit } from './payment-desk.ts'
import { PAYMENT_EXTENSION } from './payment-documents.ts'
import type { PaidInput } from './task-documents.ts'

/** How the skills of a node are paid. */
export type NodePayment = {
  /** The skills as others may ask for them: those with a price want it. */
  readonly skills: readonly AgentSkill[]
  /** Does the paid work for the market. */
  readonly worker: MarketWorker
  /** What the card says of it; nothing while nothing can be paid. */
  extension(): Promise<readonly AgentExtension[]>
}

/** What the library is told before anybody asks, so that it lets the extension through. */
export const PAYMENT_DECLARED: AgentExtension = {
  uri: PAYMENT_EXTENSION,
  description: 'Tasks of some skills are paid for by contracts of the market',
  required: false,
  params: undefined,
}

export type PaymentComponents = Pick<PaymentDeskInit, 'openMarket'> &
  Pick<PaidWorkerInit, 'isCanceled'> & { readonly onError: (error: unknown) => void }

/** Throws `CONFIG_INVALID` for a price of a skill that is not there. */
export function openPayment(
  { payment, taskTimeoutMs, taskBytesMax }: Pick<A2aConfig, 'payment' | 'taskTimeoutMs' | 'taskBytesMax'>,
  skills: readonly AgentSkill[],
  { openMarket, isCanceled, onError }: PaymentComponents,
): NodePayment | undefined {
  if (payment === undefined) return undefined
  const missing = Object.keys(payment.prices).find((id) => !skills.some((skill) => skill.id === id))
  if (missing !== undefined) {
    const names = skills.map(({ id }) => id).join(', ')
    throw new CodedError('CONFIG_INVALID', {
      message: `\`a2a.payment.prices\` names ${JSON.stringify(missing)}; there are: ${names}`,
      details: { key: 'a2a.payment.prices' },
    })
  }
  const isPaid = ({ id }: AgentSkill): boolean => Object.hasOwn(payment.prices, id)
  const runs = new PaidRuns()
  const desk = new PaymentDesk({ config: payment, taskTimeoutMs, taskBytesMax, openMarket })
  const onCanceled = (input: PaidInput): void => {
    giveUpContracts(desk, input)
      .catch(onError)
      .catch(() => undefined)
  }
  return {
    skills: skills.map((skill) => (isPaid(skill) ? paidSkill(skill, { desk, runs }) : skill)),
    worker: createPaidWorker({ skills: skills.filter(isPaid), runs, isCanceled, onCanceled, taskBytesMax }),
    async extension() {
      const params = await desk.params()
      return params === undefined ? [] : [{ ...PAYMENT_DECLARED, params }]
    },
  }
}
