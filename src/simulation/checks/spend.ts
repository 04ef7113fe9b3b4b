import { type BillLine, type BillTotals, totalsOf } from '../models/provider-bill.ts'

/** What a router says that a task has cost. */
export type TaskWord = {
  readonly task: string
  readonly modelId: string
  readonly isFromModel: boolean
  readonly costNanos: bigint | undefined
}

/**
 * A record says what really happened: the model that answered was called, and the task cost what was charged for it; where a call was broken off, no less. Nobody knows a
 * price that changes while a call is on its way: a record counts by the list with which the call was sent, and the finding says both sums.
 */
export function recordSaysTruth(word: TaskWord, lines: readonly BillLine[]): string | undefined {
  const { task, modelId, isFromModel, costNanos } = word
  if (isFromModel && !lines.some((line) => line.modelId === modelId && line.isAnswered))
    return `${task} was answered by ${modelId}, which was not charged for`
  if (costNanos === undefined) return `${task} has no cost`
  const bill = totalsOf(lines)
  const isWhole = lines.every(({ isAnswered }) => isAnswered)
  if (isWhole ? costNanos === bill.listed : costNanos >= bill.listed) return undefined
  return `${task} cost ${costNanos} by its record, and ${billText(bill)} by the bill`
}

/** What a budget has spent and holds covers what was billed to those it is for. */
export function spendCoversBill(
  where: string,
  { spent, bill }: { readonly spent: bigint; readonly bill: BillTotals },
): string | undefined {
  return spent >= bill.listed
    ? undefined
    : `the budget of ${where} knows of ${spent}, and ${billText(bill)} were billed`
}

/** Nobody is billed for more than the budget allows, whoever dies in between; but for prices that rise while a call is on its way. */
export function budgetNotExceeded(
  where: string,
  { bill, limit }: { readonly bill: BillTotals; readonly limit: bigint },
): string | undefined {
  return bill.listed <= limit ? undefined : `${billText(bill)} were billed to ${where}, whose budget is ${limit}`
}

/** The same sum to the last unit, over a time in which every call was answered and nobody died. */
export function spendEqualsBill(
  where: string,
  { spent, bill }: { readonly spent: bigint; readonly bill: BillTotals },
): string | undefined {
  return spent === bill.listed
    ? undefined
    : `the budget of ${where} has spent ${spent}, and ${billText(bill)} were billed`
}

function billText({ billed, listed }: BillTotals): string {
  return billed === listed ? `${billed}` : `${listed} (${billed} at prices that changed on the way)`
}
