import type { TaskRisk } from '../routing/task-outcome.ts'

/** Which tasks may be shown to strangers at all, as the operator says. */
export type DataRule = {
  /** Tenants that have agreed; `*` is all of them. */
  readonly tenants: readonly string[]
  /** Highest risk of a task that may leave. */
  readonly riskMax: Exclude<TaskRisk, 'high'>
  /** Whether more than one plain question may leave: system texts and earlier turns. */
  readonly hasContext: boolean
}

export type LeavingTask = {
  readonly tenant: string
  /** One user message in plain text, and nothing else. */
  readonly isBarePrompt: boolean
  /** Tools, images or forms that a seller of answers is not given. */
  readonly isPlain: boolean
  /** The caller said who may see it. */
  readonly isConfined: boolean
  /** A judge may see question and answer. */
  readonly hasJudge: boolean
}

/** Why a task may not go to any peer, for a record; `undefined` where it may as far as is known before it is judged. The risk is seen by the policy. */
export function refuseLeaving(rule: DataRule, task: LeavingTask): string | undefined {
  if (task.isConfined) return 'the caller says who may see the task'
  if (!rule.tenants.includes('*') && !rule.tenants.includes(task.tenant)) return 'its tenant has not agreed to peers'
  if (!task.isPlain) return 'tools, images and forms of answers are not shown to peers'
  if (!rule.hasContext && !task.isBarePrompt) return 'the operator lets no conversation leave, but single questions'
  return task.hasJudge ? undefined : 'no judge may check what a peer says'
}
