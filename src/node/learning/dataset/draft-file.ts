import { createHash } from 'node:crypto'
import { createReadStream, createWriteStream, readdirSync, rmSync } from 'node:fs'
import { open, rename, rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { finished } from 'node:stream/promises'
import { createGzip } from 'node:zlib'
import { CodedError } from '../../../base/errors.ts'
import { isProcessAlive } from '../../is-process-alive.ts'

/** Text that is gathered before it is written. */
const GATHERED_MAX = 256 * 1024

export type DraftInit = {
  /** Where it is to appear; `.gz` is packed. */
  readonly file: string
  readonly signal?: AbortSignal
}

export type WrittenText = {
  /** Of the text, unpacked. */
  readonly sha256: string
  readonly size_bytes: number
  /** Of the file as it lies on the disk. */
  readonly file_sha256: string
}

/**
 * A file that appears whole or not at all: it is written beside its place under a name of its own, only its owner can read it, and it takes its place
 * when it is done. Whatever happens before that leaves nothing, and what stood in its place stays.
 */
export class DraftFile {
  readonly #file: string
  readonly #path: string
  readonly #signal: AbortSignal | undefined
  readonly #hash = createHash('sha256')
  readonly #sink: NodeJS.WritableStream
  readonly #out: ReturnType<typeof createWriteStream>
  #failure: unknown
  #gathered: string[] = []
  #gatheredLength = 0
  #sizeBytes = 0

  constructor({ file, signal }: DraftInit) {
    this.#file = file
    this.#path = draftPath(file)
    sweepDrafts(file)
    this.#signal = signal
    this.#out = createWriteStream(this.#path, { mode: 0o600, flags: 'w' })
    const isPacked = file.endsWith('.gz')
    const gzip = isPacked ? createGzip({ level: 6 }) : undefined
    gzip?.pipe(this.#out)
    this.#sink = gzip ?? this.#out
    const onError = (error: unknown): void => {
      this.#failure ??= error
    }
    gzip?.on('error', onError)
    this.#out.on('error', onError)
  }

  /** Resolves at once while there is room; throws `STORE_WRITE_FAILED`, and the signal's reason. */
  async write(text: string): Promise<void> {
    this.#gathered.push(text)
    this.#gatheredLength += text.length
    if (this.#gatheredLength >= GATHERED_MAX) await this.#flush()
  }

  /** Everything is on the disk, but not in its place yet. Throws as `write`. */
  async finish(): Promise<WrittenText> {
    await this.#flush()
    this.#sink.end()
    await finished(this.#out).catch((error: unknown) => (this.#failure ??= error))
    this.#throwFailure()
    const written = await open(this.#path, 'r+')
    try {
      await written.sync()
    } finally {
      await written.close()
    }
    const sha256 = this.#hash.digest('hex')
    return {
      sha256,
      size_bytes: this.#sizeBytes,
      file_sha256: this.#file.endsWith('.gz') ? await hashFile(this.#path) : sha256,
    }
  }

  /** After `finish`: the file is there. Throws `STORE_WRITE_FAILED`. */
  async publish(): Promise<void> {
    try {
      await rename(this.#path, this.#file)
      await syncFolder(dirname(this.#file))
    } catch (cause: unknown) {
      throw this.#writeFailed(cause)
    }
  }

  /** Nothing is left of it. Idempotent; does nothing after `publish`. */
  async discard(): Promise<void> {
    this.#out.destroy()
    await finished(this.#out).catch(() => undefined)
    await rm(this.#path, { force: true })
  }

  async #flush(): Promise<void> {
    this.#signal?.throwIfAborted()
    this.#throwFailure()
    if (this.#gatheredLength === 0) return
    const bytes = Buffer.from(this.#gathered.join(''), 'utf8')
    this.#gathered = []
    this.#gatheredLength = 0
    this.#hash.update(bytes)
    this.#sizeBytes += bytes.length
    if (this.#sink.write(bytes)) return
    await this.#drained()
    this.#throwFailure()
  }

  /** A disk that is full never drains; its stream is closed instead. */
  async #drained(): Promise<void> {
    await new Promise<void>((resolve) => {
      const done = (): void => {
        this.#sink.off('drain', done)
        this.#out.off('close', done)
        resolve()
      }
      this.#sink.on('drain', done)
      this.#out.on('close', done)
    })
  }

  #throwFailure(): void {
    if (this.#failure !== undefined) throw this.#writeFailed(this.#failure)
  }

  #writeFailed(cause: unknown): CodedError {
    return new CodedError('STORE_WRITE_FAILED', {
      message: `${this.#file} cannot be written`,
      cause,
      details: { file: this.#file },
    })
  }
}

/** Where this process writes what is to appear as a file or folder; what needs several names goes on with a hyphen. */
export function draftPath(file: string): string {
  return `${file}.${process.pid}.partial`
}

/** Removes what processes left beside a file or folder that were ended before they could: files and folders under names of `draftPath`. */
export function sweepDrafts(file: string): void {
  const [folder, lead] = [dirname(file), `${basename(file)}.`]
  for (const name of namesIn(folder)) {
    if (!name.startsWith(lead)) continue
    const pid = /^([1-9][0-9]{0,9})\.partial(?:-[A-Za-z0-9]{1,12})?$/.exec(name.slice(lead.length))?.[1]
    if (pid !== undefined && !isProcessAlive(Number(pid))) rmSync(join(folder, name), { recursive: true, force: true })
  }
}

/** None where the folder cannot be read: then writing there says what is wrong. */
function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder)
  } catch {
    return []
  }
}

/** SHA-256 of a file's bytes. */
async function hashFile(path: string): Promise<string> {
  const hash = createHash('sha256')
  for await (const chunk of createReadStream(path)) hash.update(chunk as Uint8Array)
  return hash.digest('hex')
}

/** A new name lasts when its folder is synced; file systems that cannot do that keep it by other means. */
async function syncFolder(folder: string): Promise<void> {
  try {
    const handle = await open(folder, 'r')
    try {
      await handle.sync()
    } finally {
      await handle.close()
    }
  } catch {
    return
  }
}
