import type { TenantId } from '../../base/identifiers.ts'
import type { BatchDocument } from './batch-document.ts'

/** The batches of a node that have not ended, as endpoints know them. */
export type BatchQueue = {
  start(batch: BatchDocument): void
  /** A batch that has not ended, as it is now. */
  current(tenant: TenantId, id: string): BatchDocument | undefined
  /** Ends one, and waits until it has. */
  cancel(tenant: TenantId, id: string): Promise<void>
}
