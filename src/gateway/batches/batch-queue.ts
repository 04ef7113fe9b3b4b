import type { TenantId } from '../../base/identifiers.ts'
import type { BatchDocument } from './batch-document.ts'

export type BatchName = { readonly tenant: TenantId; readonly id: string }

/** The batches of a node that have not ended, as endpoints know them. */
export type BatchQueue = {
  start(batch: BatchDocument): void
  /** A batch that this gateway works on, as it is now. */
  current(name: BatchName): BatchDocument | undefined
  /** Ends one, wherever it is worked on, and waits until it has. Throws the signal's reason. */
  cancel(name: BatchName, signal: AbortSignal): Promise<void>
}
