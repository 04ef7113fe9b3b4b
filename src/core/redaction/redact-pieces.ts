import { scanSecrets } from './scan-secrets.ts'
import type { FoundSecret } from './secret-kind.ts'

/** So much of the end is held back, in UTF-16 units: longer than anything by which a secret is known. */
const HELD = 256
/** So much of what was handed on is read again before the next piece: a name makes a secret of what follows it. */
const LEAD = 128
/** A secret that is longer than this and has not ended is handed on as if it had. */
const HELD_MAX = 16_384

/**
 * A text that comes in pieces, without its secrets, wherever it is cut: what may still belong to one is held back until it is decided. Longer secrets are held back from
 * where they begin.
 */
export class PieceRedactor {
  private lead = ''
  private held = ''
  private readonly replacementOf: (secret: FoundSecret, value: string) => string

  constructor(replacementOf: (secret: FoundSecret, value: string) => string) {
    this.replacementOf = replacementOf
  }

  /** What can be handed on by now; empty as long as nothing can. */
  take(piece: string): string {
    this.held += piece
    return this.handOn(HELD)
  }

  /** The rest. */
  end(): string {
    return this.handOn(0)
  }

  private handOn(keep: number): string {
    if (this.held.length <= keep) return ''
    const text = this.lead + this.held
    const from = this.lead.length
    const { found } = scanSecrets(text)
    const wanted = text.length - keep
    const open = found.find(({ start, end }) => start < wanted && wanted < end)
    const cut = open === undefined ? wanted : this.endOf(open, from)
    let out = ''
    let last = from
    for (const secret of found) {
      const { start, end } = secret
      if (end <= from || start >= cut) continue
      // What begins in the lead was handed on as no secret: only its rest can still be kept.
      out += text.slice(last, Math.max(last, start)) + this.replacementOf(secret, text.slice(start, end))
      last = end
    }
    out += text.slice(last, cut)
    this.lead = text.slice(Math.max(0, cut - LEAD), cut)
    this.held = text.slice(cut)
    return out
  }

  private endOf({ start, end }: FoundSecret, from: number): number {
    return this.held.length > HELD_MAX ? end : Math.max(from, start)
  }
}
