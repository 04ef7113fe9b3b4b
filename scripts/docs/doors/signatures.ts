/** The report of a door as it is kept: what API Extractor wrote, without what says nothing of a signature. */
export function signaturesOf(report: string, specifier: string): string {
  const [, code = ''] = /```ts\n([\s\S]*?)```/.exec(report) ?? []
  const signatures = code
    .replaceAll(/^\/\/ \(No @packageDocumentation comment[^\n]*\n/gm, '')
    // Sentences in tables, such as the remedies of error codes, are no part of what compiles against the package.
    .replaceAll(/: (["'])(?=[^\n]* )(?:(?!\1)[^\\\n]|\\.)*\1;$/gm, ": '…';")
    .trim()
  return `# Signatures of ${specifier}\n\nMade by \`node scripts/door-reports.ts\` from the built package, and kept so that a change of them is seen.\n\n\`\`\`text\n${signatures}\n\`\`\`\n`
}
