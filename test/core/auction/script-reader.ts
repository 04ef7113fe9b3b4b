/**
 * Text tests: a command with arguments, a line `----`, and what is expected up to the next empty line. Lines from `#` are comments.
 *
 * ```text
 * commit alice price=40 at=1200
 * ----
 * hold alice 5
 * ```
 */
export type ScriptStep = {
  readonly line: number
  readonly command: string
  /** Words behind the command without `=`, in order. */
  readonly words: readonly string[]
  readonly options: ReadonlyMap<string, string>
  readonly source: string
  readonly expected: string
}

export function readScript(text: string): readonly ScriptStep[] {
  const steps: ScriptStep[] = []
  let source: string | undefined
  let expected: string[] | undefined
  let line = 0
  for (const row of [...text.split('\n'), '']) {
    line += 1
    if (expected !== undefined && row !== '') expected.push(row)
    else if (expected !== undefined && source !== undefined) {
      steps.push(stepOf(source, expected.join('\n'), line))
      source = undefined
      expected = undefined
    } else if (row === '----') expected = []
    else if (row !== '' && !row.startsWith('#')) {
      if (source !== undefined) throw new SyntaxError(`line ${line}: a command without ----`)
      source = row
    }
  }
  if (source !== undefined) throw new SyntaxError('the last command has no ----')
  return steps
}

function stepOf(source: string, expected: string, line: number): ScriptStep {
  const [command = '', ...rest] = source.split(' ')
  const options = new Map<string, string>()
  for (const word of rest) {
    const at = word.indexOf('=')
    if (at > 0) options.set(word.slice(0, at), word.slice(at + 1))
  }
  return { line, command, words: rest.filter((word) => !word.includes('=')), options, source, expected }
}
