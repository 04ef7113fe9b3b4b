import type { BillLine } from '../models/provider-bill.ts'

/** What a router says that a task has cost. */
export type TaskWord = {
  readonly task: string
  readonly modelId: string
  readonly isFromModel: boolean
  readonly costNanos: bigint | undefined
}

/** A record says what really happened: the model that answered was called, and the task cost what was charged for it; where a call was broken off, no less. */
export function recordSaysTruth(word: TaskWord, lines: readonly BillLine[]): string | undefined {
  const { task, modelId, isFromModel, costNanos } = word
  if (isFromModel && !lines.some((line) => line.modelId === modelId && line.isAnswered))
    return `${task} was answered by ${modelId}, which was not charged for`
  if (costNanos === undefined) return `${task} has no cost`
  const billed = lines.reduce((sum, line) => sum + line.costNanos, 0n)
  const isWhole = lines.every(({ isAnswered }) => isAnswered)
  if (isWhole ? costNanos === billed : costNanos >= billed) return undefined
  return `${task} cost ${costNanos} by its record, and ${billed} by the bill`
}

/** What a budget has spent and holds covers what was billed to those it is for. */
export function spendCoversBill(
  where: string,
  { spent, billed }: { readonly spent: bigint; readonly billed: bigint },
): string | undefined {
  return spent >= billed ? undefined : `the budget of ${where} knows of ${spent}, and ${billed} were billed`
}

/** Nobody is billed for more than the budget allows, whoever dies in between; calls under way count with what they will cost. */
export function budgetNotExceeded(
  where: string,
  { billed, underWay = 0n, limit }: { readonly billed: bigint; readonly underWay?: bigint; readonly limit: bigint },
): string | undefined {
  if (billed + underWay <= limit) return undefined
  return `${billed} were billed to ${where} and ${underWay} will be, and its budget is ${limit}`
}

/** The same sum to the last unit, over a time in which every call was answered and nobody died. */
export function spendEqualsBill(
  where: string,
  { spent, billed }: { readonly spent: bigint; readonly billed: bigint },
): string | undefined {
  return spent === billed ? undefined : `the budget of ${where} has spent ${spent}, and ${billed} were billed`
}
