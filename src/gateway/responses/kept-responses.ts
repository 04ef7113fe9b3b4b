import { CodedError } from '../../base/errors.ts'
import type { TenantId } from '../../base/identifiers.ts'
import type { ChatMessage } from '../../ports/language-model.ts'
import type { TenantDocuments } from '../../node/documents/tenant-documents.ts'
import type { JsonValue } from '../../base/canonical-json.ts'
import type { ResponseBody } from './response-body.ts'

/** A response with what it takes to go on from it. */
export type KeptResponse = {
  readonly response: ResponseBody
  /** The conversation without instructions, the answer included. */
  readonly messages: readonly ChatMessage[]
  /** As it was sent. */
  readonly input: JsonValue
}

/** Bytes of a request beyond which its response is not kept, unless that is asked for, and then refused. */
export const KEPT_BYTES_MAX = 8 * 1_048_576

export type ResponseQuery = {
  readonly tenant: TenantId
  readonly id: string
  /** Where the request named it. Default its path. */
  readonly param?: string
}

/** Throws `DOCUMENT_UNKNOWN`. */
export async function findResponse(
  documents: TenantDocuments,
  { tenant, id, param }: ResponseQuery,
): Promise<KeptResponse> {
  const bytes = await documents.get({ tenant, kind: 'response', id })
  if (bytes === undefined) throw unknownResponse(id, param)
  return JSON.parse(new TextDecoder().decode(bytes)) as KeptResponse
}

export async function keepResponse(documents: TenantDocuments, tenant: TenantId, kept: KeptResponse): Promise<void> {
  const bytes = new TextEncoder().encode(JSON.stringify(kept))
  await documents.put({ tenant, kind: 'response', id: kept.response.id }, bytes)
}

export function unknownResponse(id: string, param = 'response_id'): CodedError {
  const message = `There is no response ${JSON.stringify(id.slice(0, 200))}`
  return new CodedError('DOCUMENT_UNKNOWN', { message, details: { param } })
}
