import { CodedError } from '../../base/errors.ts'
import { type EndpointEntry, WORK } from '../endpoint.ts'
import { type Exchange, type GatewayContext, respondJson } from '../exchange.ts'
import { invalidRequest } from '../invalid-request.ts'
import { parseJsonBody } from '../listener/parse-json-body.ts'
import { readBody } from '../listener/read-body.ts'
import { parseRouteControls } from '../../node/control/parse-route-controls.ts'
import { readObject, requireText } from '../openai/read-members.ts'
import { checkMetadata } from '../responses/parse-response-request.ts'
import { nowS } from '../tasks/now-seconds.ts'
import { type BatchBody, type BatchDocument, findBatch, hasEnded, keepBatch } from './batch-document.ts'
import { deleteFile, listFiles, showFile, showFileContent, uploadFile } from './file-endpoints.ts'
import { KeptFiles } from './kept-files.ts'
import { pageOf, readPage } from './list-page.ts'
import { BATCH_ENDPOINTS, parseBatchLines, type ParsedLines } from './parse-batch-lines.ts'

/** Those who may ask for tasks may look at what they left. */
const KEPT = { ...WORK, isWork: false } as const

/** OpenAI's files and batches. */
export const BATCH_ENDPOINT_TABLE: readonly EndpointEntry[] = [
  { ...WORK, route: '/v1/files', answer: uploadFile },
  { ...KEPT, method: 'GET', route: '/v1/files', answer: listFiles },
  { ...KEPT, method: 'GET', route: '/v1/files/:id', answer: showFile },
  { ...KEPT, method: 'DELETE', route: '/v1/files/:id', answer: deleteFile },
  { ...KEPT, method: 'GET', route: '/v1/files/:id/content', answer: showFileContent },
  { ...WORK, route: '/v1/batches', isIdempotent: true, answer: createBatch },
  { ...KEPT, method: 'GET', route: '/v1/batches', answer: listBatches },
  { ...KEPT, method: 'GET', route: '/v1/batches/:id', answer: showBatch },
  { ...KEPT, route: '/v1/batches/:id/cancel', answer: cancelBatch },
]

/** `POST /v1/batches`. A file with faults makes a batch that has failed and says them. Throws `REQUEST_INVALID`, `DOCUMENT_UNKNOWN`, `DOCUMENTS_FULL`. */
async function createBatch(exchange: Exchange, context: GatewayContext): Promise<void> {
  const { limits, node } = context
  const body = parseJsonBody(await readBody(exchange.request, limits.bodyBytesMax))
  const endpoint = requireText(body['endpoint'], 'endpoint')
  if (!BATCH_ENDPOINTS.has(endpoint))
    throw invalidRequest('endpoint', `endpoint must be one of ${[...BATCH_ENDPOINTS.keys()].join(', ')}`)
  if (body['completion_window'] !== '24h') throw invalidRequest('completion_window', 'completion_window must be 24h')
  const metadata = readObject(body['metadata'], 'metadata')
  if (metadata !== undefined) checkMetadata(metadata)
  const headers = controlHeaders(exchange, context)
  const inputFileId = requireText(body['input_file_id'], 'input_file_id')
  const files = new KeptFiles(node.documents, exchange.who.caller.tenant)
  if ((await files.show(inputFileId)).purpose !== 'batch')
    throw invalidRequest('input_file_id', 'input_file_id must be a file with the purpose batch')
  const parsed = parseBatchLines(await files.content(inputFileId), endpoint)
  const { caller, tiers } = exchange.who
  const fresh = freshBatch(`batch_${exchange.requestId}`, {
    endpoint,
    input_file_id: inputFileId,
    metadata: metadata ?? null,
  })
  const expiresAt = fresh.created_at + Math.ceil(limits.batchWindowMs / 1_000)
  const batch = { body: { ...fresh, expires_at: expiresAt, ...stateOf(parsed) }, who: { caller, tiers }, headers }
  await keepBatch(node.documents, batch)
  if (parsed.isSound) context.batches.start(batch)
  respondJson(exchange, JSON.stringify(batch.body))
}

function freshBatch(id: string, more: Pick<BatchBody, 'endpoint' | 'input_file_id' | 'metadata'>): BatchBody {
  return {
    id,
    object: 'batch',
    errors: null,
    completion_window: '24h',
    status: 'validating',
    output_file_id: null,
    error_file_id: null,
    created_at: nowS(),
    in_progress_at: null,
    expires_at: 0,
    finalizing_at: null,
    completed_at: null,
    failed_at: null,
    expired_at: null,
    cancelling_at: null,
    cancelled_at: null,
    request_counts: { total: 0, completed: 0, failed: 0 },
    ...more,
  }
}

function stateOf(parsed: ParsedLines): Partial<BatchBody> {
  if (parsed.isSound) return { request_counts: { total: parsed.lines.length, completed: 0, failed: 0 } }
  return { status: 'failed', failed_at: nowS(), errors: { object: 'list', data: parsed.faults } }
}

/** What of the headers holds for each task. Throws `REQUEST_INVALID` now, and not for each of them. */
function controlHeaders({ request, who }: Exchange, { providers }: GatewayContext): Readonly<Record<string, string>> {
  parseRouteControls(request.headers, { providers, keyTiers: who.tiers })
  const own = Object.entries(request.headers).filter(([name]) => name.startsWith('x-kernell-'))
  return Object.fromEntries(own.map(([name, value]) => [name, String(value)]))
}

/** `GET /v1/batches`. */
async function listBatches(exchange: Exchange, context: GatewayContext): Promise<void> {
  const { tenant } = exchange.who.caller
  const page = readPage(exchange)
  const heads = await context.node.documents.list(tenant, 'batch')
  const batches = await Promise.all(
    heads.toReversed().map(async ({ id }) => (await readBatch(id, exchange, context)).body),
  )
  respondJson(exchange, pageOf(batches, page))
}

/** `GET /v1/batches/:id`. Throws `DOCUMENT_UNKNOWN`. */
async function showBatch(exchange: Exchange, context: GatewayContext): Promise<void> {
  const { body } = await readBatch(exchange.params['id'] ?? '', exchange, context)
  respondJson(exchange, JSON.stringify(body))
}

/** `POST /v1/batches/:id/cancel`: ends it, with what is done as its output. Throws `DOCUMENT_UNKNOWN`, and `DOCUMENT_STATE_REFUSED` for one that has ended. */
async function cancelBatch(exchange: Exchange, context: GatewayContext): Promise<void> {
  const id = exchange.params['id'] ?? ''
  const batch = await readBatch(id, exchange, context)
  if (hasEnded(batch))
    throw new CodedError('DOCUMENT_STATE_REFUSED', {
      message: `The batch is ${batch.body.status}, and cannot be cancelled`,
      details: { status: batch.body.status },
    })
  await context.batches.cancel({ tenant: exchange.who.caller.tenant, id }, exchange.signal)
  respondJson(exchange, JSON.stringify((await readBatch(id, exchange, context)).body))
}

async function readBatch(id: string, { who }: Exchange, { batches, node }: GatewayContext): Promise<BatchDocument> {
  const { tenant } = who.caller
  const batch = batches.current({ tenant, id }) ?? (await findBatch(node.documents, tenant, id))
  if (batch !== undefined) return batch
  const message = `There is no batch ${JSON.stringify(id.slice(0, 200))}`
  throw new CodedError('DOCUMENT_UNKNOWN', { message, details: { param: 'batch_id' } })
}
