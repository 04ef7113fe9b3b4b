import { join } from 'node:path'
import { CodedError } from '../../base/errors.ts'
import { DEFAULT_TENANT, type TenantId } from '../../base/identifiers.ts'
import { planHashOf } from '../../core/firewall/approval.ts'
import type { IntentPlan } from '../../core/firewall/intent-plan.ts'
import type { PublicFetch } from '../../guard/public-fetch.ts'
import type { AbortOptions } from '../../ports/abort-options.ts'
import type { Random } from '../../ports/random.ts'
import type { Router } from '../../ports/router.ts'
import type { ToolServers } from '../../ports/tool-servers.ts'
import { carryOutPlan, type PlanOutcome } from '../../router/firewall/carry-out-plan.ts'
import type { IntentFirewall } from '../../router/firewall/intent-firewall.ts'
import { intentPlanSchema } from '../../wire/intent-plan.ts'
import type { NodeMemory } from '../node-memory.ts'
import type { NodeRights } from '../rights/open-rights.ts'
import type { RunProgram } from '../sandbox/run-program.ts'
import { NodeHands } from './node-hands.ts'
import { PlanFiles } from './plan-files.ts'

/** A plan that this node is asked to carry out. */
export type AskedPlan = {
  /** An `IntentPlan`; what is none is refused, whatever its type says. */
  readonly plan: unknown
  /** Whose memories and files. Default: the default tenant. */
  readonly tenant?: TenantId
  /** Token of `IntentFirewall.approve`. */
  readonly approval?: string | undefined
  /** What whoever asks hands over, by the locators of the sources: their own words, documents of theirs, what a peer sent. */
  readonly texts?: Readonly<Record<string, string>>
}

export type CarryOut = (asked: AskedPlan, options?: AbortOptions) => Promise<PlanOutcome>

export type CarryOutParts = {
  readonly router: Router
  readonly web: PublicFetch
  readonly random: Pick<Random, 'bytes'>
  readonly memory: Pick<NodeMemory, 'open'>
  readonly rights: Pick<NodeRights, 'stop' | 'openAudit'>
  readonly openFirewall: () => Promise<IntentFirewall>
  readonly files: PlanFiles
  readonly runProgram: RunProgram
  readonly toolServers: Pick<ToolServers, 'openTask'>
}

/** The files of plans, below the data directory. */
export function planFilesOf(dataDir: string): PlanFiles {
  return new PlanFiles(join(dataDir, 'plan-files'))
}

/** Carries plans out, each through the firewall of the node; what is refused is in the audit journal. */
export function carryOutWith(parts: CarryOutParts): CarryOut {
  return async ({ plan: given, tenant = DEFAULT_TENANT, approval, texts = {} }, options = {}) => {
    const { rights, router, web, random, files, runProgram } = parts
    const plan = parseIntentPlan(given)
    const openMemory = async () => (await parts.memory.open()).forTenant(tenant)
    const hands = new NodeHands({
      tenant,
      router,
      web,
      random,
      files,
      openMemory,
      runProgram,
      texts,
      tools: parts.toolServers.openTask(),
    })
    const firewall = await parts.openFirewall()
    return await rights.stop.run(options.signal, async (signal) => {
      try {
        return await carryOutPlan(firewall, hands, { plan, approval, signal })
      } catch (error: unknown) {
        if (isRefusal(error)) {
          const journal = await rights.openAudit()
          await journal.append({ type: 'plan-refused', plan: planHashOf(plan), reason: error.code, tenant })
        }
        throw error
      }
    })
  }
}

/** Throws `FIREWALL_PLAN_INVALID`, which names the first member that is wrong. */
export function parseIntentPlan(given: unknown): IntentPlan {
  const reading = intentPlanSchema.safeParse(given)
  if (reading.success) return reading.data
  const [issue] = reading.error.issues
  const member = issue?.path.join('.') ?? ''
  const message = `The plan is no plan: ${member === '' ? '' : `${member}: `}${issue?.message ?? 'it cannot be read'}`
  throw new CodedError('FIREWALL_PLAN_INVALID', { message, details: { member } })
}

function isRefusal(error: unknown): error is CodedError {
  return CodedError.is(error) && /^(?:FIREWALL|APPROVAL)_/.test(error.code)
}
