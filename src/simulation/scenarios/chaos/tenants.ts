import { parseTenantId, type TenantId } from '../../../base/identifiers.ts'
import type { ModelRequest } from '../../../ports/language-model.ts'
import type { DrawnOutcomes } from '../../models/drawn-outcomes.ts'
import { type OutcomeSource, type ServedOutcome, taskOf } from '../../models/outcome-source.ts'

/** Who shares the machines. Some of their questions are the same to the letter, and the right answers are not. */
export const TENANTS: readonly TenantId[] = ['acme', 'bolt', 'crux'].map(tenantOf)
/** Somebody who has never asked anything: whatever is there for him is somebody else's. */
export const STRANGER: TenantId = tenantOf('stranger')

const MARK = 'Kept for '
const MARKED = new RegExp(`${MARK}([a-z0-9-]+)`, 'g')

export function tenantOf(name: string): TenantId {
  const tenant = parseTenantId(name)
  if (tenant === undefined) throw new RangeError(`${name} is no tenant`)
  return tenant
}

/** For whom a text was made, as it says itself. */
export function marksIn(text: string): readonly string[] {
  return Array.from(text.matchAll(MARKED), ([, tenant = '']) => tenant)
}

/** Answers to questions that several tenants ask in the same words: each is told what is right for it, and the answer says whose it is. */
export class TenantAnswers implements OutcomeSource {
  private readonly outcomes: DrawnOutcomes
  private readonly asking = new Map<string, { readonly tenant: TenantId; readonly user: string }>()

  constructor(outcomes: DrawnOutcomes) {
    this.outcomes = outcomes
  }

  /** Whoever is served this prompt from now on is this tenant; `user` is charged for it. One at a time asks it. */
  asks(prompt: string, who: { readonly tenant: TenantId; readonly user: string }): void {
    this.asking.set(prompt, who)
  }

  outcomeOf(modelId: string, request: ModelRequest): ServedOutcome {
    const outcome = this.outcomes.outcomeOf(modelId, request)
    const who = this.asking.get(taskOf(request))
    return who === undefined ? outcome : { ...outcome, text: marked(outcome.text, who.tenant), user: who.user }
  }
}

/** As a comment behind the first line of a block of code. */
function marked(text: string, tenant: TenantId): string {
  const [first = '', ...rest] = text.split('\n')
  return [first, `# ${MARK}${tenant}`, ...rest].join('\n')
}
