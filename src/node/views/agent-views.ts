import type { JsonValue } from '../../base/canonical-json.ts'
import { CodedError } from '../../base/errors.ts'
import { describeActor, describeActors } from '../../actors/inspect/describe-actors.ts'
import type { KernellNode } from '../kernell-node.ts'
import { plain } from '../market/desks/plain-json.ts'
import { partOf, type ViewQuery, wholeNumberOf } from './view-query.ts'

const ACTORS_DEFAULT = 1_000
const ACTORS_MAX = 10_000
const STORED_MAX = 1_000

/** The tree of actors with their mailboxes, what is stored of durable ones, and what supervisors did. */
export async function viewAgents(node: KernellNode, query: ViewQuery): Promise<JsonValue> {
  const most = wholeNumberOf(query, 'limit', { least: 1, most: ACTORS_MAX, usual: ACTORS_DEFAULT })
  const { actors, total, deadLetters } = describeActors(node.actors, { most })
  const stored = await partOf(async () => {
    const all = await node.durableActors.list()
    return { actors: all.slice(0, STORED_MAX), total: all.length }
  })
  const { rows, count } = node.activity.supervision
  return plain({
    actors: actors.map(({ mailboxMax, isDurable, ...actor }) => ({
      ...actor,
      // A mailbox without a bound has no number in JSON.
      mailbox_max: Number.isFinite(mailboxMax) ? mailboxMax : null,
      is_durable: isDurable,
    })),
    total,
    dead_letters: deadLetters,
    supervision: { events: rows.toReversed(), count },
    stored,
  })
}

/** One actor with the statechart of its logic. Throws `VIEW_SUBJECT_UNKNOWN`. */
export function viewAgent({ actors, activity }: KernellNode, { id = '' }: ViewQuery): JsonValue {
  const found = describeActor(actors, id)
  if (found === undefined)
    throw new CodedError('VIEW_SUBJECT_UNKNOWN', {
      message: `No actor ${JSON.stringify(id.slice(0, 256))} is alive on this node`,
      details: { id: id.slice(0, 256) },
    })
  const { mailboxMax, isDurable, ...actor } = found.actor
  return plain({
    actor: { ...actor, mailbox_max: Number.isFinite(mailboxMax) ? mailboxMax : null, is_durable: isDurable },
    statechart: found.statechart,
    supervision: activity.supervision.rows.filter((event) => event.actor === id).toReversed(),
  })
}
