import { CodedError } from '../../base/errors.ts'
import { type Exchange, type GatewayContext, respondJson } from '../exchange.ts'
import { invalidRequest } from '../invalid-request.ts'
import { readBody } from '../listener/read-body.ts'
import { nowS } from '../tasks/now-seconds.ts'
import { KeptFiles } from './kept-files.ts'
import { pageOf, readPage } from './list-page.ts'

const FORM_TYPE = /^multipart\/form-data\s*;/i

const LEAST_EXPIRY_S = 3_600
const LONGEST_EXPIRY_S = 30 * 86_400

/** `POST /v1/files`: a form with `file` and `purpose`. Throws `REQUEST_INVALID`, `DOCUMENTS_FULL`, and as `readBody`. */
export async function uploadFile(exchange: Exchange, context: GatewayContext): Promise<void> {
  const form = await readForm(exchange, context.limits.bodyBytesMax)
  const purpose = form.get('purpose')
  if (purpose !== 'batch') throw invalidRequest('purpose', 'purpose must be batch')
  const file = form.get('file')
  if (file === null || typeof file === 'string') throw invalidRequest('file', 'file must be a file')
  const expiresAfterS = readExpiry(form)
  const added = await filesOf(exchange, context).add({
    id: `file-${exchange.requestId}`,
    filename: file.name.toWellFormed().slice(0, 255),
    purpose,
    content: new Uint8Array(await file.arrayBuffer()),
    createdS: nowS(),
    ...(expiresAfterS !== undefined && { expiresAfterS }),
  })
  respondJson(exchange, JSON.stringify(added))
}

/** `GET /v1/files`. */
export async function listFiles(exchange: Exchange, context: GatewayContext): Promise<void> {
  const page = readPage(exchange)
  const purpose = page.query.get('purpose')
  const files = await filesOf(exchange, context).list()
  respondJson(exchange, pageOf(purpose === null ? files : files.filter((file) => file.purpose === purpose), page))
}

/** `GET /v1/files/:id`. Throws `DOCUMENT_UNKNOWN`. */
export async function showFile(exchange: Exchange, context: GatewayContext): Promise<void> {
  respondJson(exchange, JSON.stringify(await filesOf(exchange, context).show(idOf(exchange))))
}

/** `GET /v1/files/:id/content`. Throws `DOCUMENT_UNKNOWN`. */
export async function showFileContent(exchange: Exchange, context: GatewayContext): Promise<void> {
  const content = await filesOf(exchange, context).content(idOf(exchange))
  exchange.response.writeHead(200, [
    'content-type',
    'application/octet-stream',
    // What a caller left is never shown as a page of this node.
    'x-content-type-options',
    'nosniff',
    'content-disposition',
    'attachment',
    'content-length',
    String(content.byteLength),
    ...exchange.commonHeaders,
  ])
  exchange.response.end(content)
}

/** `DELETE /v1/files/:id`. Throws `DOCUMENT_UNKNOWN`. */
export async function deleteFile(exchange: Exchange, context: GatewayContext): Promise<void> {
  const id = idOf(exchange)
  await filesOf(exchange, context).delete(id)
  respondJson(exchange, JSON.stringify({ id, object: 'file', deleted: true }))
}

async function readForm({ request }: Exchange, bytesMax: number): Promise<FormData> {
  const type = request.headers['content-type'] ?? ''
  if (!FORM_TYPE.test(type))
    throw new CodedError('GATEWAY_MEDIA_TYPE', { message: 'The content type must be multipart/form-data' })
  const bytes = await readBody(request, bytesMax, FORM_TYPE)
  try {
    return await new Response(new Uint8Array(bytes), { headers: { 'content-type': type } }).formData()
  } catch {
    throw invalidRequest(undefined, 'The body is not a form of the type multipart/form-data')
  }
}

function readExpiry(form: FormData): number | undefined {
  const seconds = form.get('expires_after[seconds]')
  if (seconds === null) return undefined
  const value = typeof seconds === 'string' && /^\d{1,9}$/.test(seconds) ? Number(seconds) : Number.NaN
  if (!(value >= LEAST_EXPIRY_S && value <= LONGEST_EXPIRY_S))
    throw invalidRequest(
      'expires_after.seconds',
      `expires_after.seconds must be an integer from ${LEAST_EXPIRY_S} to ${LONGEST_EXPIRY_S}`,
    )
  return value
}

function filesOf({ who }: Exchange, { node }: GatewayContext): KeptFiles {
  return new KeptFiles(node.documents, who.caller.tenant)
}

function idOf({ params }: Exchange): string {
  return params['id'] ?? ''
}
