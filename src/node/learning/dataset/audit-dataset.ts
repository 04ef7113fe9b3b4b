import { basename } from 'node:path'
import { CodedError } from '../../../base/errors.ts'
import { DatasetAudit, type AuditReport } from '../../../learning/dataset/dataset-audit.ts'
import { readDatasetRow } from '../../../learning/dataset/dataset-row.ts'
import type { DataWorkOptions } from '../data-progress.ts'
import { openDatasetFile } from './dataset-lines.ts'

export type { AuditReport, ReviewedRow } from '../../../learning/dataset/dataset-audit.ts'

/** Sums up a dataset of any size. Throws `TRAINING_DATA_INVALID` naming file and line, also for a file without rows, and the signal's reason. */
export async function auditDataset(
  { input, seed }: { readonly input: string; readonly seed: number },
  options: DataWorkOptions = {},
): Promise<AuditReport> {
  const file = await openDatasetFile(input, { stage: 'reading', readings: 1, ...options })
  const audit = new DatasetAudit(seed)
  const name = basename(input)
  for await (const lines of file.read())
    for (const { text, number } of lines) audit.add(readDatasetRow(text, `${name}:${number}`), number)
  const report = audit.report()
  if (report.total_rows > 0) return report
  throw new CodedError('TRAINING_DATA_INVALID', { message: `There are no rows in ${input}`, details: { input } })
}
