import type { VerifyStatement } from '../../../core/notary/statement.ts'

type Signed = Parameters<VerifyStatement>[0]

/** Signatures of one half; there are two of them, about 250 bytes for each signature. */
const HALF_MAX = 4_096
/** Statements of notaries are shorter; what is longer is checked each time. */
const BYTES_MAX = 128

/**
 * Signatures that were found right not long ago: that of a vote is checked when the vote comes, once more in the certificate that it becomes a part of, and whenever either is
 * repeated. Wrong ones are not kept, so that whoever sends many of them drives nothing out.
 */
export class KnownSignatures {
  private recent = new Set<string>()
  private before = new Set<string>()

  /** As `verify`, which is asked about what is not known. */
  check(signed: Signed, verify: VerifyStatement): boolean {
    if (signed.bytes.length > BYTES_MAX) return verify(signed)
    const name = nameOf(signed)
    if (this.recent.has(name)) return true
    if (!this.before.has(name) && !verify(signed)) return false
    this.recent.add(name)
    if (this.recent.size >= HALF_MAX) {
      this.before = this.recent
      this.recent = new Set()
    }
    return true
  }
}

/** All of it: neither a key nor a signature has a space. */
function nameOf({ key, bytes, signature }: Signed): string {
  return `${key} ${signature} ${String.fromCharCode(...bytes)}`
}
