import { isDeepStrictEqual } from 'node:util'
import type { Target } from '../target.ts'
import type { LazyTarget } from './automatic.ts'
import { piecesOf, textBytes } from './by-hand.ts'

/** The page is of a browser, whose types the tests do not have: its modules are loaded by their place, and what they give is said here. */
type EventModule = {
  readonly readEvents: (body: ReadableStream<Uint8Array>) => AsyncIterable<StreamEvent>
  readonly parseEvent: (text: string) => StreamEvent | undefined
}
type StreamEvent = { readonly id: string; readonly type: string; readonly data: string }
type RouteModule = {
  readonly routeOf: (text: string) => Route
  readonly hrefOf: (page: string, id?: string) => string
}
type Route = { readonly page: string; readonly id: string | undefined }

const SOURCE = new URL('../../../src/dashboard/', import.meta.url)

/** What the page is told by the node, and by the address that it was opened with. */
export const DASHBOARD_TARGETS: readonly LazyTarget[] = [
  {
    name: 'dashboard/connection/event-reader:parseEvent',
    covers: ['dashboard/connection/event-reader:readEvents'],
    load: loadEvents,
  },
  { name: 'dashboard/state/route:routeOf', load: loadRoutes },
]

async function loadEvents(): Promise<Target> {
  const { readEvents, parseEvent } = (await import(new URL('connection/event-reader.ts', SOURCE).href)) as EventModule
  const eventsOf = async (pieces: readonly Uint8Array[]): Promise<readonly StreamEvent[]> => {
    const events: StreamEvent[] = []
    for await (const event of readEvents(ReadableStream.from(pieces))) events.push(event)
    return events
  }
  const inputs = [
    'id: e1:4\nevent: change\ndata: {"tasks":[],"skipped":0,"end":4,"topics":["budgets"]}\n\n',
    ': hello\n\nid:e1:5\nevent: tick\ndata: {"at":"é😀"}\ndata: more\n\nevent: x\n\ndata: unended',
  ]
  return {
    name: 'dashboard/connection/event-reader:parseEvent',
    kind: 'bytes',
    samples: inputs.map((text) => ({ input: textBytes(text), rest: [] })),
    read: async (input) => {
      const bytes = input as Uint8Array
      return { whole: await eventsOf([bytes]), cut: await eventsOf(piecesOf(bytes)) }
    },
    recheck: (result) => {
      const { whole, cut } = result as Readonly<Record<'whole' | 'cut', readonly StreamEvent[]>>
      if (!isDeepStrictEqual(cut, whole)) return 'other events where the stream was cut'
      return whole.every((event) => isDeepStrictEqual(parseEvent(textOf(event)), event))
        ? undefined
        : 'it is not read back'
    },
  }
}

function textOf({ id, type, data }: StreamEvent): string {
  return [`id: ${id}`, `event: ${type}`, ...data.split('\n').map((line) => `data: ${line}`)].join('\n')
}

async function loadRoutes(): Promise<Target> {
  const { routeOf, hrefOf } = (await import(new URL('state/route.ts', SOURCE).href)) as RouteModule
  const inputs = [
    '#/decisions/0190163d-8694-739b-aea5-966c26f8ad91',
    '#/peers/a%2Fb/c',
    '',
    '#/nowhere',
    '#token=x',
    '#/run/%zz\ud800',
  ]
  return {
    name: 'dashboard/state/route:routeOf',
    kind: 'text',
    samples: inputs.map((input) => ({ input, rest: [] })),
    read: (input) => routeOf(String(input)),
    recheck: (result) => {
      const { page, id } = result as Route
      // An address holds no half of a character.
      return isDeepStrictEqual(routeOf(hrefOf(page, id)), { page, id: id?.toWellFormed() })
        ? undefined
        : 'the address of what was read leads elsewhere'
    },
  }
}
