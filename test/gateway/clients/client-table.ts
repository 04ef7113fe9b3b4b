import { readFileSync } from 'node:fs'
import { type ClientCases, FEATURES, type Feature } from './client-case.ts'

const HEAD = `# Clients

What official clients can do against a node, unchanged but for the base URL and the key. Each cell is a test that runs the client against a real node in front of a scripted provider
(\`test/gateway/clients/\`), and this page is written from the list of those tests: \`npx vitest run test/gateway/clients -u\`.
`

/** The page of clients and what they can do. */
export function formatClientTable(clients: readonly ClientCases[]): string {
  const reasons: string[] = []
  const features = Object.keys(FEATURES) as Feature[]
  const cellOf = ({ cases }: ClientCases, feature: Feature): string => {
    const each = cases[feature]
    if (typeof each === 'function') return 'yes'
    reasons.push(each.because)
    return `no (${reasons.length})`
  }
  const rows = clients.map((client) =>
    row([
      `\`${client.client}\``,
      versionOf(client.package),
      `\`${client.interface}\``,
      ...features.map((feature) => cellOf(client, feature)),
    ]),
  )
  const head = row(['client', 'version', 'path', ...features.map((feature) => FEATURES[feature])])
  const table = [head, row(['client', ...features, '', ''].map(() => '---')), ...rows].join('\n')
  const notes = reasons.map((reason, index) => `${index + 1}. ${reason}`).join('\n')
  return `${HEAD}\n${table}\n${notes === '' ? '' : `\n${notes}\n`}`
}

function row(cells: readonly string[]): string {
  return `| ${cells.join(' | ')} |`
}

function versionOf(name: string): string {
  const text = readFileSync(new URL(`../../../node_modules/${name}/package.json`, import.meta.url), 'utf8')
  return (JSON.parse(text) as { readonly version: string }).version
}
