import type { SandboxLimits } from '../../../src/core/sandbox/sandbox-policy.ts'
import type { JsonValue, SandboxEnd } from '../../../src/ports/sandbox-runtime.ts'
import { BUSY_COMPONENT, numericComponent } from './component-texts.ts'

/** One thing that a hostile component tries: contained with `args`, and with `bareArgs` where nothing contains it and it has to reach something. */
export type ComponentAttack = {
  readonly name: string
  readonly text: string
  readonly call: string
  readonly args: readonly JsonValue[]
  readonly limits?: Partial<SandboxLimits>
  readonly ends: SandboxEnd
  /** `undefined`: it would have no end, or take more than a test may. */
  readonly bareArgs?: readonly JsonValue[]
  readonly reaches?: JsonValue
}

const MEMORY = { memoryBytes: 33_554_432, wallMs: 15_000 }
const U32_MAX = 4_294_967_295
const ROUNDS = '(param "rounds" u32) (result u32)'
/** More than the contained one may have. */
const PAGES = 600

const counting = `(func (export "run") (param i32) (result i32) (local i32)
  (block $done (loop $more
    (br_if $done (i32.eq (local.get 1) (local.get 0)))
    (local.set 1 (i32.add (local.get 1) (i32.const 1)))
    (br $more)))
  local.get 1)`

const growing = (atTheEnd: string): string => `(func (export "run") (param i32) (result i32) (local i32)
  (block $done (loop $more
    (br_if $done (i32.eq (memory.size) (local.get 0)))
    (local.set 1 (memory.grow (i32.const 1)))
    (if (i32.eq (local.get 1) (i32.const -1))
      (then ${atTheEnd})
      (else (i32.store8 (i32.mul (local.get 1) (i32.const 65536)) (i32.const 1))))
    (br $more)))
  memory.size)`

export const COMPONENT_ATTACKS: readonly ComponentAttack[] = [
  {
    name: 'an endless loop',
    text: numericComponent(`(func (export "run") (param i32) (result i32) (loop (br 0)) i32.const 1)`, ROUNDS),
    call: 'run',
    args: [1],
    ends: 'time',
  },
  {
    name: 'a loop of billions of rounds, by its time of processors',
    text: numericComponent(
      `(func (export "run") (param i32) (result i32) (local i32 i32)
        (loop $outer
          (local.set 2 (i32.const 0))
          (loop $inner (br_if $inner (i32.lt_u (local.tee 2 (i32.add (local.get 2) (i32.const 1))) (local.get 0))))
          (br_if $outer (i32.lt_u (local.tee 1 (i32.add (local.get 1) (i32.const 1))) (local.get 0))))
        local.get 1)`,
      ROUNDS,
    ),
    call: 'run',
    args: [U32_MAX],
    limits: { cpuMs: 100, wallMs: 20_000 },
    ends: 'cpu',
    bareArgs: [1_000],
    reaches: 1_000,
  },
  {
    name: 'a loop before it is called at all',
    text: `(component
      (core module $m (func $f (loop (br 0))) (start $f) (func (export "run")))
      (core instance $i (instantiate $m))
      (func (export "run") (canon lift (core func $i "run"))))`,
    call: 'run',
    args: [],
    ends: 'time',
  },
  {
    name: 'recursion without end',
    text: numericComponent('(func $f (export "run") (result i32) (i32.add (call $f) (i32.const 1)))'),
    call: 'run',
    args: [],
    ends: 'failed',
    bareArgs: [],
    reaches: 'RangeError: Maximum call stack size exceeded',
  },
  {
    name: 'memory, until it gets no more',
    text: numericComponent(growing('unreachable'), ROUNDS),
    call: 'run',
    args: [U32_MAX],
    limits: MEMORY,
    ends: 'memory',
    bareArgs: [PAGES],
    reaches: PAGES,
  },
  {
    name: 'memory, and goes on where it gets no more',
    text: numericComponent(growing('nop'), ROUNDS),
    call: 'run',
    args: [U32_MAX],
    limits: { memoryBytes: MEMORY.memoryBytes },
    ends: 'time',
    bareArgs: [PAGES],
    reaches: PAGES,
  },
  {
    name: 'tables, whose entries lie in the memory of the engine',
    text: `(component
      (core module $m
        (table $a 0 funcref) (table $b 0 funcref) (table $c 0 funcref) (table $d 0 funcref) (table $e 0 funcref)
        (func (export "run") (param i32) (result i32)
          (drop (table.grow $a (ref.null func) (local.get 0))) (drop (table.grow $b (ref.null func) (local.get 0)))
          (drop (table.grow $c (ref.null func) (local.get 0))) (drop (table.grow $d (ref.null func) (local.get 0)))
          (drop (table.grow $e (ref.null func) (local.get 0)))
          (loop (br_if 0 (i32.gt_u (local.get 0) (i32.const 100000))))
          (table.size $e)))
      (core instance $i (instantiate $m))
      (func (export "run") ${ROUNDS} (canon lift (core func $i "run"))))`,
    call: 'run',
    args: [9_000_000],
    limits: MEMORY,
    ends: 'memory',
    bareArgs: [1_000],
    reaches: 1_000,
  },
  {
    name: 'a flood of output',
    text: BUSY_COMPONENT,
    call: 'flood',
    args: ['flood '.repeat(50)],
    limits: { outputBytes: 65_536, wallMs: 10_000 },
    ends: 'output',
  },
  {
    name: 'a value that is larger than output may be',
    text: `(component
      (core module $m (memory (export "memory") 20)
        (func (export "run") (result i32) (i32.store (i32.const 4) (i32.const 1200000)) i32.const 0))
      (core instance $i (instantiate $m))
      (func (export "run") (result (list u8)) (canon lift (core func $i "run") (memory (core memory $i "memory")))))`,
    call: 'run',
    args: [],
    limits: { wallMs: 10_000 },
    ends: 'output',
  },
  {
    name: 'sleeping past its end',
    text: BUSY_COMPONENT,
    call: 'sleep',
    args: ['1000000000000000'],
    ends: 'time',
    bareArgs: ['1000000'],
    reaches: null,
  },
  {
    name: 'chance without measure',
    text: BUSY_COMPONENT,
    call: 'hoard',
    args: [],
    limits: MEMORY,
    ends: 'memory',
  },
]
