import { replaceSecrets } from './redact-text.ts'
import { scanSecrets } from './scan-secrets.ts'
import type { FoundSecret, SecretKind } from './secret-kind.ts'

const OPEN = '<kernell-'
/** `<kernell-`, a kind, a number and `>`. */
const LENGTH_MAX = 40

/**
 * The secrets of one request to somebody outside, each behind a placeholder that names its kind, and what the answer says with the secrets put back. The same secret
 * has one placeholder, so that what is said of it stays right.
 *
 * ```text
 * "mail a@b.example" -> "mail <kernell-email-1>" -> "sent to <kernell-email-1>" -> "sent to a@b.example"
 * ```
 */
export class Placeholders {
  private readonly bySecret = new Map<string, string>()
  private readonly secretOf = new Map<string, string>()
  private readonly counts = new Map<SecretKind, number>()

  /** How many secrets stay inside. */
  get size(): number {
    return this.bySecret.size
  }

  hide(text: string): string {
    return replaceSecrets(text, ({ kind }, secret) => this.placeholderOf(kind, secret))
  }

  /** Hides what stands in texts that a reader joins: a secret that is cut over two of them has its placeholder where it begins. */
  hidePieces(texts: readonly string[]): readonly string[] {
    const starts: number[] = []
    let length = 0
    for (const text of texts) {
      starts.push(length)
      length += text.length
    }
    const whole = texts.join('')
    const isCut = ({ start, end }: FoundSecret): boolean => starts.some((place) => start < place && place < end)
    const cut = texts.length < 2 ? [] : scanSecrets(whole).found.filter(isCut)
    return texts.map((text, at) => this.hide(this.withoutCut(text, starts[at] ?? 0, { whole, cut })))
  }

  private withoutCut(
    text: string,
    from: number,
    { whole, cut }: { readonly whole: string; readonly cut: readonly FoundSecret[] },
  ): string {
    let out = ''
    let last = 0
    for (const { kind, start, end } of cut) {
      if (end <= from || start >= from + text.length) continue
      const begin = Math.max(0, start - from)
      out += text.slice(last, begin) + (start < from ? '' : this.placeholderOf(kind, whole.slice(start, end)))
      last = Math.min(text.length, end - from)
    }
    return out + text.slice(last)
  }

  /**
   * Puts secrets back. Placeholders that this request did not make stay as they are.
   *
   * @param format  How a secret is written where it stands; as it is by default.
   */
  restore(text: string, format: (secret: string) => string = asItIs): string {
    if (this.size === 0 || !text.includes(OPEN)) return text
    let out = ''
    let last = 0
    for (let at = text.indexOf(OPEN); at !== -1; at = text.indexOf(OPEN, at + 1)) {
      const end = text.indexOf('>', at)
      if (end === -1) break
      const secret = end - at > LENGTH_MAX ? undefined : this.secretOf.get(text.slice(at, end + 1))
      if (secret === undefined) continue
      out += text.slice(last, at) + format(secret)
      last = end + 1
    }
    return out + text.slice(last)
  }

  /** Puts secrets back into a text that comes in pieces: what may be the beginning of a placeholder is held back until it is decided. */
  restorePieces(format: (secret: string) => string = asItIs): { take(piece: string): string; end(): string } {
    let held = ''
    return {
      take: (piece) => {
        const text = held + piece
        const cut = startOfUndecided(text)
        held = text.slice(cut)
        return this.restore(text.slice(0, cut), format)
      },
      end: () => {
        const text = held
        held = ''
        return this.restore(text, format)
      },
    }
  }

  private placeholderOf(kind: SecretKind, secret: string): string {
    const known = this.bySecret.get(secret)
    if (known !== undefined) return known
    const count = (this.counts.get(kind) ?? 0) + 1
    this.counts.set(kind, count)
    const placeholder = `${OPEN}${kind}-${count}>`
    this.bySecret.set(secret, placeholder)
    this.secretOf.set(placeholder, secret)
    return placeholder
  }
}

function asItIs(secret: string): string {
  return secret
}

/** Where the end of a text begins that may still become a placeholder; its length where there is none. */
function startOfUndecided(text: string): number {
  const at = text.lastIndexOf('<')
  if (at === -1 || text.length - at > LENGTH_MAX || text.includes('>', at)) return text.length
  const rest = text.slice(at)
  return rest.startsWith(OPEN) || OPEN.startsWith(rest) ? at : text.length
}
