import type { BillLine } from '../models/provider-bill.ts'
import type { RecordedCall, TaskRecord } from '../router/task-records.ts'
import { recordSaysTruth } from './spend.ts'

/**
 * What a machine has kept of a prompt is what its provider billed for it: the same calls in the same order, each with its tokens and its cost, and their sum. Where a prompt
 * was asked more than once nobody can tell whose call was whose, and the order says nothing.
 */
export function recordsEqualBill(records: readonly TaskRecord[], lines: readonly BillLine[]): string | undefined {
  const task = records.map((record) => record.task).join(' and ')
  const said = ordered(records, records.flatMap(({ calls }) => calls.filter(isAnswered)).map(callText))
  const was = ordered(records, lines.filter((line) => line.isAnswered).map(lineText))
  if (said.length !== was.length)
    return `${task} has ${said.length} answered calls by its record, and ${was.length} by the bill`
  const place = said.findIndex((call, at) => call !== was[at])
  if (place >= 0) return `a call for ${task} was ${said[place]} by its record, and ${was[place]} by the bill`
  let costNanos: bigint | undefined = 0n
  for (const record of records)
    costNanos = record.costNanos === undefined || costNanos === undefined ? undefined : costNanos + record.costNanos
  const last = records.at(-1)
  const isFromModel = records.length === 1 && said.length > 0
  return recordSaysTruth({ task, modelId: last?.modelId ?? '', isFromModel, costNanos }, lines)
}

/** Whoever asked was given what the model that the record names had served; `served`: what it says to this task. */
export function answerWasServed(
  { task, modelId }: TaskRecord,
  { answer, served }: { readonly answer: string; readonly served: string },
): string | undefined {
  return answer === served ? undefined : `${task} was answered otherwise than ${modelId ?? 'nobody'} had served`
}

function ordered(records: readonly TaskRecord[], calls: readonly string[]): readonly string[] {
  return records.length > 1 ? calls.toSorted((left, right) => (left < right ? -1 : Number(left > right))) : calls
}

function isAnswered({ outcome }: RecordedCall): boolean {
  return outcome === 'accepted' || outcome === 'rejected'
}

function callText({ modelId, tokensIn, tokensOut, costNanos }: RecordedCall): string {
  return `${modelId} with ${tokensIn} + ${tokensOut} tokens for ${costNanos ?? 'an unknown cost'}`
}

function lineText({ modelId, tokensIn, tokensOut, listedNanos }: BillLine): string {
  return `${modelId} with ${tokensIn} + ${tokensOut} tokens for ${listedNanos}`
}
