export type TruncateInit = {
  /** Whether a candidate is small enough; must hold for `''`. */
  readonly fits: (text: string) => boolean
}

const ELLIPSIS = ' ...'

/**
 * The longest prefix found by bisection that fits, cut at a word where one is near, marked with an ellipsis where the
 * mark fits too; the text itself when it fits whole. Token counts need not grow with every character: the answer always
 * fits, and is the longest only where they do.
 */
export function truncateToTokens(text: string, { fits }: TruncateInit): string {
  if (fits(text)) return text
  let low = 0
  let high = text.length
  while (low < high) {
    const middle = Math.ceil((low + high) / 2)
    if (fits(cutAt(text, middle) + ELLIPSIS)) low = middle
    else high = middle - 1
  }
  const cut = cutAt(text, low)
  const candidate = cut === '' ? '' : cut + ELLIPSIS
  return fits(candidate) ? candidate : ''
}

/** The first `length` code units, shortened so that no surrogate pair is split, without trailing white space. */
function cutAt(text: string, length: number): string {
  const last = text.charCodeAt(length - 1)
  const splitsPair = last >= 0xd800 && last <= 0xdbff
  return text.slice(0, splitsPair ? length - 1 : length).trimEnd()
}
