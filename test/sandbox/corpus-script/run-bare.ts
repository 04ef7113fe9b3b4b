/** Runs scripts in this very process, with nothing between them and Node: what a hostile one does where nobody contains it. A list of them comes by standard input. */
import { text } from 'node:stream/consumers'

type Bare = { readonly source: string; readonly target: unknown }

async function runBare({ source, target }: Bare): Promise<unknown> {
  const url = `data:text/javascript,${encodeURIComponent(source)}`
  const { main } = (await import(url)) as { main: (target: unknown) => unknown }
  return (await main(target)) ?? null
}

const attacks = JSON.parse(await text(process.stdin)) as readonly Bare[]
const { log } = console
console.log = () => {}
const values: unknown[] = []
for (const attack of attacks) values.push(await runBare(attack))
log(JSON.stringify(values))
process.exitCode = 0
