/**
 * An amount for people, with whose claim it is: `1.5 USD credits of did:key:z6Mk...`. Credits are a claim on their issuer, not money.
 *
 * @param nanos  Decimal text of nano-units, with a `-` in front at an issuer.
 * @param currency  `CODE@ISSUER`.
 */
export function formatCredits(nanos: string, currency: string): string {
  const [code = currency, issuer] = currency.split('@')
  return issuer === undefined ? `${formatNanos(nanos)} ${code}` : `${formatNanos(nanos)} ${code} credits of ${issuer}`
}

const DIGITS = 9

/** `1500000000` is `1.5`. */
export function formatNanos(nanos: string): string {
  const sign = nanos.startsWith('-') ? '-' : ''
  const digits = nanos.slice(sign.length).padStart(DIGITS + 1, '0')
  const whole = digits.slice(0, -DIGITS)
  const rest = digits.slice(-DIGITS).replace(/0+$/, '')
  return `${sign}${whole}${rest === '' ? '' : `.${rest}`}`
}
