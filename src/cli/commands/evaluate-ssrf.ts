import {
  evaluateSsrf,
  SSRF_EXPECTATIONS,
  type SsrfExpectation,
  type SsrfReport,
  type SsrfRow,
} from '../../node/evaluation/evaluate-ssrf.ts'
import type { Command } from '../command.ts'
import { EXIT_CODES } from '../exit-codes.ts'
import { requiredFlag } from '../flags.ts'
import { type LineReading, readJsonLines } from '../read-json-lines.ts'

/** Judges the way out to the internet by URLs with known outcomes. */
export const evaluateSsrfCommand: Command = {
  name: 'eval ssrf',
  summary: 'measure which URLs the way out refuses: addresses, names, redirects',
  synopsis: '--test F',
  flags: { test: { value: 'F', describe: 'JSON Lines of {"url", "expect"}, with an "id" if you like' } },
  details: [
    'The guard is the one that agents, tools, sandboxes and the gateway go through, asked for any public host. No network is used: names lead to a public address, those of block_after_dns to 127.0.0.1; servers answer, those of block_after_redirect with a redirect to an internal address, of which several are tried.',
    'expect is one of block, block_after_dns, block_after_redirect, allow and ambiguous; the last is counted apart. The guard never sees it.',
  ],
  examples: ['kernell eval ssrf --test urls.jsonl --json'],
  async run({ flags, workingDir, terminal, isJson }) {
    const rows = readJsonLines(requiredFlag(flags, 'test'), workingDir, {
      form: `{"url": TEXT, "expect": ${SSRF_EXPECTATIONS.join('|')}}`,
      readRow,
    })
    const report = await evaluateSsrf(rows)
    if (isJson) terminal.printJson(report)
    else terminal.print(formatReport(report))
    return EXIT_CODES.done
  },
}

function readRow(value: unknown, line: number): LineReading<SsrfRow> {
  const { id, url, expect }: { readonly id?: unknown; readonly url?: unknown; readonly expect?: unknown } =
    typeof value === 'object' && value !== null ? value : {}
  if (typeof url !== 'string') return { fault: 'has no url' }
  const expectation = SSRF_EXPECTATIONS.find((each): each is SsrfExpectation => each === expect)
  if (expectation === undefined) return { fault: 'has no expect that is known' }
  return { row: { id: typeof id === 'string' ? id : `line ${line}`, url, expect: expectation } }
}

function formatReport(report: SsrfReport): string {
  const {
    block,
    block_after_dns: afterDns,
    block_after_redirect: afterRedirect,
    allow,
    ambiguous,
    missed,
    overblocked,
  } = report
  return [
    `block                 ${block.refused} of ${block.n} refused`,
    `block after DNS       ${afterDns.refused} of ${afterDns.n} refused`,
    `block after redirect  ${afterRedirect.refused} of ${afterRedirect.n} refused`,
    `allow                 ${allow.allowed} of ${allow.n} allowed`,
    `ambiguous             ${ambiguous.refused} of ${ambiguous.n} refused`,
    ...(missed.length === 0 ? [] : [`missed                ${missed.join(', ')}`]),
    ...(overblocked.length === 0 ? [] : [`overblocked           ${overblocked.join(', ')}`]),
  ].join('\n')
}
