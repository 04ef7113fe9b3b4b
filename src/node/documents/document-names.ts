import type { TenantId } from '../../base/identifiers.ts'
import type { DocumentKind } from './document-kinds.ts'

/** Names one document. */
export type DocumentName = {
  readonly tenant: TenantId
  readonly kind: DocumentKind
  /** 1 to 200 of `A-Z a-z 0-9 . _ : -`; unique within the tenant and the kind. */
  readonly id: string
}

export type DocumentHead = {
  readonly id: string
  /** Milliseconds since 1970. */
  readonly createdAt: number
  readonly expiresAt: number
  readonly bytes: number
}
