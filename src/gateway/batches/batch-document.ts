import type { JsonValue } from '../../base/canonical-json.ts'
import type { TenantId } from '../../base/identifiers.ts'
import type { AuthenticatedCaller } from '../listener/authenticate.ts'
import type { TenantDocuments } from '../../node/documents/tenant-documents.ts'

export type BatchStatus =
  | 'validating'
  | 'failed'
  | 'in_progress'
  | 'finalizing'
  | 'completed'
  | 'expired'
  | 'cancelling'
  | 'cancelled'

export type BatchFault = {
  readonly code: string
  readonly line: number | null
  readonly message: string
  readonly param: string | null
}

/** A batch as the interface shows it. Instants are seconds since 1970. */
export type BatchBody = {
  readonly id: string
  readonly object: 'batch'
  readonly endpoint: string
  readonly errors: { readonly object: 'list'; readonly data: readonly BatchFault[] } | null
  readonly input_file_id: string
  readonly completion_window: string
  readonly status: BatchStatus
  readonly output_file_id: string | null
  readonly error_file_id: string | null
  readonly created_at: number
  readonly in_progress_at: number | null
  readonly expires_at: number
  readonly finalizing_at: number | null
  readonly completed_at: number | null
  readonly failed_at: number | null
  readonly expired_at: number | null
  readonly cancelling_at: number | null
  readonly cancelled_at: number | null
  readonly request_counts: { readonly total: number; readonly completed: number; readonly failed: number }
  readonly metadata: JsonValue
}

/** A batch with what it takes to go on with it after a restart. */
export type BatchDocument = {
  readonly body: BatchBody
  /** Whose money it is, and which tiers it may use. */
  readonly who: Pick<AuthenticatedCaller, 'caller' | 'tiers'>
  /** The `x-kernell-*` headers of the request that created it, which hold for each task. */
  readonly headers: Readonly<Record<string, string>>
}

/** Those that no more happens to. */
const ENDED: ReadonlySet<BatchStatus> = new Set(['failed', 'completed', 'expired', 'cancelled'])

export function hasEnded({ body }: BatchDocument): boolean {
  return ENDED.has(body.status)
}

export async function keepBatch(documents: TenantDocuments, batch: BatchDocument): Promise<void> {
  const { tenant } = batch.who.caller
  const bytes = new TextEncoder().encode(JSON.stringify(batch))
  await documents.put({ tenant, kind: 'batch', id: batch.body.id }, bytes)
}

export async function findBatch(
  documents: TenantDocuments,
  tenant: TenantId,
  id: string,
): Promise<BatchDocument | undefined> {
  const bytes = await documents.get({ tenant, kind: 'batch', id })
  return bytes === undefined ? undefined : (JSON.parse(new TextDecoder().decode(bytes)) as BatchDocument)
}
