/** A node of a cluster in a process of its own: NAME FOLDER, and what it says on its output, a line each. */
import { appendFileSync } from 'node:fs'
import { join } from 'node:path'
import { setup } from 'xstate'
import { clusterMembers, createActorSystem, defineAgent, type ActorSystem } from '../../../src/node/actors/index.ts'
import { clusterInitOf } from './process-cluster.ts'

type Question = { readonly type: 'who' | 'hang'; readonly replyTo?: { send(event: object): unknown } }

/** Writes its name into a file of all nodes again and again, for as long as it acts. */
export function clerkOf(name: string, folder: string): ReturnType<typeof defineAgent> {
  let incarnations = 0
  const types: { context?: { own: string }; events?: Question } = {}
  return defineAgent({
    name: 'clerk',
    logic: setup({ types }).createMachine({
      context: () => {
        incarnations += 1
        return { own: `${name}#${process.pid}.${incarnations}` }
      },
      initial: 'acting',
      states: {
        acting: {
          entry: ({ context }) => appendFileSync(join(folder, 'acts'), `${context.own}\n`),
          after: { 20: { target: 'acting', reenter: true } },
          on: { who: { actions: ({ event }) => void event.replyTo?.send({ type: 'me', name }) }, hang: {} },
        },
      },
    }),
  })
}

function tellMembers(system: ActorSystem): void {
  let told = ''
  setInterval(() => {
    const now = clusterMembers(system)
      .map((member) => `${member.name} ${member.phase}`)
      .join(', ')
    if (now !== told) process.stdout.write(`${now}\n`)
    told = now
  }, 20)
}

const [name, folder] = process.argv.slice(2)
if (import.meta.filename === process.argv[1] && name !== undefined && folder !== undefined) {
  tellMembers(createActorSystem({ cluster: { ...clusterInitOf(name, folder), agents: [clerkOf(name, folder)] } }))
}
