export type Trapped = {
  readonly holder: object
  readonly name: string
  /** What stands there instead; absent: whoever reads it hears of the trap. */
  readonly make?: (path: string, real: unknown) => unknown
}

type Maker = (path: string) => unknown

/** What stands in the place of what is trapped. */
export type TrapMakers = {
  readonly date: (real: DateConstructor) => DateConstructor
  readonly called: Maker
  readonly untouchable: Maker
  readonly calledOrTouched: Maker
  /** Throws where the argument of this place, the language, is not given. */
  readonly spoken: (path: string, real: unknown, place: number) => unknown
}

/** Calls of the platform that take real time, chance, turns or connections. `queueMicrotask` stays: the world waits until no microtask is left. */
const CALLED: readonly string[] = [
  'setTimeout',
  'setInterval',
  'setImmediate',
  'requestIdleCallback',
  'requestAnimationFrame',
  'fetch',
  'MessageChannel',
  'BroadcastChannel',
  'Worker',
  'SharedWorker',
  'WebSocket',
  'EventSource',
  'XMLHttpRequest',
  'FinalizationRegistry',
  'WeakRef',
  'PerformanceObserver',
  'PerformanceMark',
  // Threads of the platform do their work.
  'CompressionStream',
  'DecompressionStream',
]
/** Objects of the platform whose members are all of the real world; code may ask whether they are there. */
const TOUCHED: readonly string[] = ['navigator', 'scheduler', 'localStorage', 'sessionStorage', 'indexedDB', 'caches']
/** What a date says in the time zone of the machine. */
const ZONED: readonly string[] = [
  'getYear',
  'setYear',
  'getFullYear',
  'getMonth',
  'getDate',
  'getDay',
  'getHours',
  'getMinutes',
  'getSeconds',
  'getTimezoneOffset',
  'setFullYear',
  'setMonth',
  'setDate',
  'setHours',
  'setMinutes',
  'setSeconds',
  'toString',
  'toDateString',
  'toTimeString',
  'toLocaleString',
  'toLocaleDateString',
  'toLocaleTimeString',
]
/** What the process tells of the machine. */
const MEASURED: readonly string[] = [
  'uptime',
  'cpuUsage',
  'threadCpuUsage',
  'resourceUsage',
  'availableMemory',
  'constrainedMemory',
  'getActiveResourcesInfo',
  // It gives whatever the traps hide.
  'getBuiltinModule',
]
/** As those, with members that measure too. */
const MEASURED_WITH_MEMBERS: readonly string[] = ['hrtime', 'memoryUsage']
/** What the platform writes down of a run, or tells of its time. */
const TIMED: readonly string[] = [
  'now',
  'mark',
  'measure',
  'toJSON',
  'eventLoopUtilization',
  'getEntries',
  'getEntriesByName',
  'getEntriesByType',
]
/** They take the language of the machine where none is given. */
const SPOKEN: readonly string[] = [
  'Collator',
  'DisplayNames',
  'NumberFormat',
  'PluralRules',
  'RelativeTimeFormat',
  'ListFormat',
  'Segmenter',
  'DurationFormat',
]

/** What gives another answer each time or on each machine, or a turn that the world does not see. */
export function trappedIn(makers: TrapMakers): readonly Trapped[] {
  const { called, untouchable, spoken } = makers
  const date = makers.date(Date)
  const all = (holder: object | undefined, names: readonly string[], make?: Trapped['make']): readonly Trapped[] =>
    holder === undefined ? [] : names.map((name) => ({ holder, name, ...(make !== undefined && { make }) }))
  const { process: host, Temporal } = globalThis as { readonly process?: object; readonly Temporal?: object }
  return [
    { holder: globalThis, name: 'Date', make: () => date },
    // Whoever has a date has its constructor.
    { holder: Date.prototype, name: 'constructor', make: () => date },
    ...all(Date.prototype, ZONED, called),
    ...all(globalThis, CALLED, called),
    ...all(globalThis, TOUCHED, untouchable),
    ...all(Math, ['random'], called),
    ...withPrototype(performance).flatMap((holder) => [
      ...all(holder, TIMED, called),
      ...all(holder, ['timeOrigin', 'nodeTiming']),
    ]),
    ...all(AbortSignal, ['timeout'], called),
    ...all(Atomics, ['wait', 'waitAsync'], called),
    ...all(Intl, ['DateTimeFormat'], called),
    ...all(Intl, SPOKEN, (path, real) => spoken(path, real, 0)),
    ...all(String.prototype, ['localeCompare'], (path, real) => spoken(path, real, 1)),
    ...all(String.prototype, ['toLocaleUpperCase', 'toLocaleLowerCase'], (path, real) => spoken(path, real, 0)),
    ...[Number.prototype, BigInt.prototype, Array.prototype].flatMap((holder) =>
      all(holder, ['toLocaleString'], (path, real) => spoken(path, real, 0)),
    ),
    ...withPrototype(crypto).flatMap((holder) => [
      ...all(holder, ['randomUUID', 'getRandomValues'], called),
      // Its answers come when threads of the platform are done.
      ...all(holder, ['subtle'], untouchable),
    ]),
    // `instantiate` stays: what the platform itself loads late calls it.
    ...all(wasm, ['compile', 'compileStreaming', 'instantiateStreaming'], called),
    ...all(Blob.prototype, ['text', 'arrayBuffer', 'bytes', 'stream'], called),
    ...all(Event.prototype, ['timeStamp']),
    ...all(globalThis.File?.prototype, ['lastModified']),
    ...all(URL, ['createObjectURL'], called),
    ...all(Temporal, ['Now'], untouchable),
    ...builtinsOf(host).flatMap(([holder, names]) => all(holder, names, called)),
    ...all(host, MEASURED, called),
    ...all(host, ['report'], untouchable),
    ...all(host, MEASURED_WITH_MEMBERS, makers.calledOrTouched),
  ]
}

/** Sockets and processes of the platform: methods of prototypes, which are the same however their module was imported. */
const BUILTINS: readonly (readonly [module: string, member: string, names: readonly string[]])[] = [
  ['node:net', 'Socket', ['connect']],
  ['node:net', 'Server', ['listen']],
  ['node:dgram', 'Socket', ['bind', 'connect', 'send']],
  ['node:child_process', 'ChildProcess', ['spawn']],
]

function builtinsOf(host: object | undefined): readonly (readonly [object, readonly string[]])[] {
  const { getBuiltinModule } = (host ?? {}) as { readonly getBuiltinModule?: (name: string) => Prototypes | undefined }
  if (getBuiltinModule === undefined) return []
  return BUILTINS.flatMap(([module, member, names]) => {
    const prototype = getBuiltinModule(module)?.[member]?.prototype
    return prototype === undefined ? [] : [[prototype, names] as const]
  })
}

type Prototypes = Readonly<Record<string, { readonly prototype: object } | undefined>>

/** Not every set of types has it. */
const { WebAssembly: wasm } = globalThis as { readonly WebAssembly?: object }

/** The prototype has the methods of a platform's only instance too. */
function withPrototype(instance: object): readonly object[] {
  return [instance, Object.getPrototypeOf(instance) as object]
}

/** How `path` is called in messages. */
export function pathOf(holder: object, name: string): string {
  const names: readonly (readonly [object | undefined, string])[] = [
    [globalThis, ''],
    [Math, 'Math.'],
    [AbortSignal, 'AbortSignal.'],
    [crypto, 'crypto.'],
    [Object.getPrototypeOf(crypto) as object, 'crypto.'],
    [performance, 'performance.'],
    [Object.getPrototypeOf(performance) as object, 'performance.'],
    [Atomics, 'Atomics.'],
    [Intl, 'Intl.'],
    [Date.prototype, 'Date.prototype.'],
    [String.prototype, 'String.prototype.'],
    [Number.prototype, 'Number.prototype.'],
    [BigInt.prototype, 'BigInt.prototype.'],
    [Array.prototype, 'Array.prototype.'],
    [wasm, 'WebAssembly.'],
    [Blob.prototype, 'Blob.prototype.'],
    [Event.prototype, 'Event.prototype.'],
    [globalThis.File?.prototype, 'File.prototype.'],
    [URL, 'URL.'],
    [(globalThis as { readonly Temporal?: object }).Temporal, 'Temporal.'],
  ]
  const known = names.find(([one]) => one === holder)?.[1]
  if (known !== undefined) return `${known}${name}`
  return holder === (globalThis as { readonly process?: object }).process
    ? `process.${name}`
    : `${holder.constructor.name}.prototype.${name}`
}
