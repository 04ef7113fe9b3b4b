import { CodedError } from '../../base/errors.ts'
import type { TenantId } from '../../base/identifiers.ts'
import type { TenantDocuments } from '../../node/documents/tenant-documents.ts'

/** A file as the interface shows it. */
export type FileBody = {
  readonly id: string
  readonly object: 'file'
  readonly bytes: number
  /** Seconds since 1970. */
  readonly created_at: number
  readonly expires_at: number
  readonly filename: string
  readonly purpose: 'batch' | 'batch_output'
  readonly status: 'processed'
}

export type NewFile = {
  readonly id: string
  readonly filename: string
  readonly purpose: FileBody['purpose']
  readonly content: Uint8Array
  readonly createdS: number
  /** Seconds after which it is gone. Absent: 30 days. */
  readonly expiresAfterS?: number
}

const EXPIRES_AFTER_S = 30 * 86_400

/** The files of one tenant. What is shown of a file is kept apart from its content. */
export class KeptFiles {
  readonly #documents: TenantDocuments
  readonly #tenant: TenantId

  constructor(documents: TenantDocuments, tenant: TenantId) {
    this.#documents = documents
    this.#tenant = tenant
  }

  /** Throws `DOCUMENTS_FULL`. */
  async add({ id, filename, purpose, content, createdS, expiresAfterS = EXPIRES_AFTER_S }: NewFile): Promise<FileBody> {
    const file: FileBody = {
      id,
      object: 'file',
      bytes: content.byteLength,
      created_at: createdS,
      expires_at: createdS + expiresAfterS,
      filename,
      purpose,
      status: 'processed',
    }
    const ttl = { ttlMs: expiresAfterS * 1_000 }
    // The content first, so that a file that is seen can be read.
    await this.#documents.put({ tenant: this.#tenant, kind: 'file-content', id }, content, ttl)
    const shown = new TextEncoder().encode(JSON.stringify(file))
    await this.#documents.put({ tenant: this.#tenant, kind: 'file', id }, shown, ttl)
    return file
  }

  /** Throws `DOCUMENT_UNKNOWN`. */
  async show(id: string): Promise<FileBody> {
    return JSON.parse(new TextDecoder().decode(await this.#read('file', id))) as FileBody
  }

  /** Throws `DOCUMENT_UNKNOWN`. */
  async content(id: string): Promise<Uint8Array> {
    return await this.#read('file-content', id)
  }

  /** Newest first. */
  async list(): Promise<readonly FileBody[]> {
    const heads = await this.#documents.list(this.#tenant, 'file')
    return await Promise.all(heads.toReversed().map(async ({ id }) => await this.show(id)))
  }

  /** Throws `DOCUMENT_UNKNOWN`. */
  async delete(id: string): Promise<void> {
    const wasThere = await this.#documents.delete({ tenant: this.#tenant, kind: 'file', id })
    await this.#documents.delete({ tenant: this.#tenant, kind: 'file-content', id })
    if (!wasThere) throw unknownFile(id)
  }

  async #read(kind: 'file' | 'file-content', id: string): Promise<Uint8Array> {
    const bytes = await this.#documents.get({ tenant: this.#tenant, kind, id })
    if (bytes === undefined) throw unknownFile(id)
    return bytes
  }
}

function unknownFile(id: string): CodedError {
  const message = `There is no file ${JSON.stringify(id.slice(0, 200))}`
  return new CodedError('DOCUMENT_UNKNOWN', { message, details: { param: 'file_id' } })
}
