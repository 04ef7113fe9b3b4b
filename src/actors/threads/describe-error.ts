/** One line that names an error of the world: its class, its code where it has one, and its text. */
export function describeError(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const { name, message } = error
  const code = 'code' in error && typeof error.code === 'string' ? ` ${error.code}` : ''
  return `${name}${code}: ${message}`
}
