import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { copyFile, mkdir, open, rename, rm, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { CodedError } from '../base/errors.ts'
import type { OutboundFetch, OutboundResponse } from '../ports/outbound-fetch.ts'

/**
 * How far a download is, told with each piece. What was there of an earlier one counts as received; `totalBytes` is `undefined` where
 * the server does not say the length.
 */
export type DownloadProgress = { readonly receivedBytes: number; readonly totalBytes: number | undefined }

/** Which file `downloadModel` brings, where to, and what makes it refuse the file. */
export type DownloadModelInit = {
  /** `https:` (or `http:` to an allowed origin) or `file:` URL. */
  readonly url: string
  /**
   * Where the file goes; its folder is made. What has arrived so far is in `<target>.<12 hex digits of the URL's SHA-256>.part`, so that a
   * download goes on only with bytes of the same address.
   */
  readonly target: string
  /** Lower-case hex; the file is refused when its SHA-256 differs. */
  readonly sha256?: string
  /** Largest file that is accepted. Default 64 GiB. */
  readonly bytesMax?: number
  readonly onProgress?: (progress: DownloadProgress) => void
  readonly signal?: AbortSignal
}

/**
 * A file that is complete at `path`, with its size and its SHA-256 as 64 lower-case hexadecimal digits, both of what was read back from
 * the disk.
 */
export type DownloadedModel = { readonly path: string; readonly sizeBytes: number; readonly sha256: string }

const BYTES_MAX = 68_719_476_736
const REDIRECTS_MAX = 5
const GGUF_MAGIC = 'GGUF'

/**
 * Brings a GGUF file to `target`. A download that broke off goes on where it stopped; the file appears under its name only when it is
 * complete, synced, begins like a GGUF file and has the expected digest.
 *
 * Throws `MODEL_DOWNLOAD_FAILED` with the reason, `OUTBOUND_NOT_ALLOWED` when a redirect leads to an origin that is not allowed, the
 * outbound fetch's other errors, and the signal's reason.
 */
export async function downloadModel(init: DownloadModelInit, outbound: OutboundFetch): Promise<DownloadedModel> {
  const part = partOf(init)
  await mkdir(dirname(init.target), { recursive: true, mode: 0o700 })
  if (init.url.startsWith('file:')) await copyLocal(init, part)
  else await fetchInto(init, { part, outbound })
  const { sizeBytes, sha256, magic } = await inspect(part, init.signal)
  const fault =
    magic === GGUF_MAGIC ? digestFault(init.sha256, sha256) : 'it is not a GGUF file: the first four bytes differ'
  if (fault !== undefined) {
    await rm(part, { force: true })
    throw failed(fault)
  }
  await rename(part, init.target)
  return { path: init.target, sizeBytes, sha256 }
}

function partOf({ target, url }: DownloadModelInit): string {
  return `${target}.${createHash('sha256').update(url).digest('hex').slice(0, 12)}.part`
}

function digestFault(expected: string | undefined, actual: string): string | undefined {
  if (expected === undefined || expected.toLowerCase() === actual) return undefined
  return `its SHA-256 is ${actual} and not ${expected.toLowerCase()}`
}

async function copyLocal(init: DownloadModelInit, part: string): Promise<void> {
  const source = fileURLToPath(init.url)
  const { size } = await stat(source).catch((cause: unknown) => {
    throw failed('the file cannot be read', cause)
  })
  if (size > (init.bytesMax ?? BYTES_MAX)) throw failed(`it has ${size} bytes, more than the limit`)
  await copyFile(source, part)
  init.onProgress?.({ receivedBytes: size, totalBytes: size })
}

type Route = { readonly part: string; readonly outbound: OutboundFetch }

async function fetchInto(init: DownloadModelInit, { part, outbound }: Route): Promise<void> {
  const existing = await stat(part).catch(() => undefined)
  const startBytes = existing?.size ?? 0
  const response = await followRedirects(init, { outbound, startBytes })
  if (response.status === 416) {
    // The part is as long as the file or longer; the digest and the magic decide whether it is the file.
    response.cancel()
    return
  }
  if (response.status !== 200 && response.status !== 206) {
    response.cancel()
    throw failed(`the server answered ${response.status}`)
  }
  const offset = response.status === 206 ? rangeStart(response) : 0
  if (offset === undefined || offset > startBytes) {
    response.cancel()
    throw failed('the server answered another range than the one that was asked for')
  }
  const length = Number(response.header('content-length') ?? Number.NaN)
  const totalBytes = Number.isSafeInteger(length) ? offset + length : undefined
  const bytesMax = init.bytesMax ?? BYTES_MAX
  if (totalBytes !== undefined && totalBytes > bytesMax) {
    response.cancel()
    throw failed(`it has ${totalBytes} bytes, more than the limit of ${bytesMax}`)
  }
  await writeBody(response, { part, offset, totalBytes, bytesMax, onProgress: init.onProgress })
}

/** `content-range: bytes 100-199/200`. */
function rangeStart(response: OutboundResponse): number | undefined {
  const match = /^bytes (\d+)-/.exec(response.header('content-range') ?? '')
  return match?.[1] === undefined ? undefined : Number(match[1])
}

type Journey = { readonly outbound: OutboundFetch; readonly startBytes: number }

/** File hosts answer with a redirect to their storage. Each step must be an allowed origin, and never from https to http. */
async function followRedirects(init: DownloadModelInit, { outbound, startBytes }: Journey): Promise<OutboundResponse> {
  let url = init.url
  for (let step = 0; step <= REDIRECTS_MAX; step++) {
    const response = await outbound.request({
      url,
      method: 'GET',
      headers: startBytes > 0 ? { range: `bytes=${startBytes}-` } : {},
      responseBytesMax: Number.MAX_SAFE_INTEGER,
      signal: init.signal,
    })
    const location = response.status >= 300 && response.status < 400 ? response.header('location') : undefined
    if (location === undefined) return response
    response.cancel()
    const next = URL.canParse(location, url) ? new URL(location, url) : undefined
    if (next === undefined || (url.startsWith('https:') && next.protocol !== 'https:')) {
      throw failed('the server redirects to an address that is not secure')
    }
    url = next.href
  }
  throw failed(`the server redirects more than ${REDIRECTS_MAX} times`)
}

type Destination = {
  readonly part: string
  readonly offset: number
  readonly totalBytes: number | undefined
  readonly bytesMax: number
  readonly onProgress: ((progress: DownloadProgress) => void) | undefined
}

async function writeBody(response: OutboundResponse, destination: Destination): Promise<void> {
  const { offset, totalBytes, bytesMax } = destination
  const file = await open(destination.part, offset === 0 ? 'w' : 'r+')
  let position = offset
  try {
    await file.truncate(offset)
    for await (const piece of response.body) {
      if (position + piece.byteLength > bytesMax) throw failed(`it is larger than the limit of ${bytesMax} bytes`)
      await file.write(piece, 0, piece.byteLength, position)
      position += piece.byteLength
      destination.onProgress?.({ receivedBytes: position, totalBytes })
    }
    await file.sync()
  } finally {
    await file.close()
  }
  if (totalBytes !== undefined && position !== totalBytes)
    throw failed(`only ${position} of ${totalBytes} bytes arrived`)
}

type Inspected = { readonly sizeBytes: number; readonly sha256: string; readonly magic: string }

async function inspect(path: string, signal: AbortSignal | undefined): Promise<Inspected> {
  const hash = createHash('sha256')
  let sizeBytes = 0
  let magic = ''
  for await (const piece of createReadStream(path, { highWaterMark: 1_048_576 })) {
    signal?.throwIfAborted()
    const bytes = piece as Buffer
    if (magic.length < 4) magic += bytes.subarray(0, 4 - magic.length).toString('latin1')
    hash.update(bytes)
    sizeBytes += bytes.byteLength
  }
  return { sizeBytes, sha256: hash.digest('hex'), magic }
}

function failed(why: string, cause?: unknown): CodedError {
  return new CodedError('MODEL_DOWNLOAD_FAILED', { message: `The model file was not taken: ${why}`, cause })
}
