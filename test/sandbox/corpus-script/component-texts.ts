/** Components of the tests, as text. */

/** A component of one core module whose exports are functions of 32-bit numbers. */
export function numericComponent(body: string, signature = '(result s32)'): string {
  return `(component
    (core module $m (memory (export "memory") 1) ${body})
    (core instance $i (instantiate $m))
    (func (export "run") ${signature} (canon lift (core func $i "run"))))`
}

/** A component that asks for a function of one interface, and calls it. */
export function importingComponent(name: string): string {
  return `(component
    (import "${name}" (instance $asked (export "open" (func))))
    (core func $open (canon lower (func $asked "open")))
    (core module $m (import "asked" "open" (func $open)) (func (export "run") call $open))
    (core instance $i (instantiate $m (with "asked" (instance (export "open" (func $open))))))
    (func (export "run") (canon lift (core func $i "run"))))`
}

const STREAMS = `
  (import "wasi:io/error@0.2.3" (instance $error (export "error" (type (sub resource)))))
  (alias export $error "error" (type $error-type))
  (import "wasi:io/poll@0.2.3" (instance $poll
    (export "pollable" (type $p (sub resource)))
    (type $borrowed (borrow $p))
    (export "[method]pollable.block" (func (param "self" $borrowed)))))
  (alias export $poll "pollable" (type $pollable))
  (import "wasi:clocks/monotonic-clock@0.2.3" (instance $clock
    (alias outer 1 $pollable (type $p))
    (export "pollable" (type $p2 (eq $p)))
    (type $owned (own $p2))
    (export "now" (func (result u64)))
    (export "subscribe-duration" (func (param "when" u64) (result $owned)))))
  (import "wasi:random/random@0.2.3" (instance $random
    (type $bytes (list u8))
    (export "get-random-bytes" (func (param "len" u64) (result $bytes)))
    (export "get-random-u64" (func (result u64)))))
  (import "wasi:cli/exit@0.2.3" (instance $exit (type $r (result)) (export "exit" (func (param "status" $r)))))
  (import "wasi:io/streams@0.2.3" (instance $streams
    (alias outer 1 $error-type (type $e))
    (export "error" (type $e2 (eq $e)))
    (type $own-error (own $e2))
    (type $v (variant (case "last-operation-failed" $own-error) (case "closed")))
    (export "stream-error" (type $stream-error (eq $v)))
    (export "output-stream" (type $out (sub resource)))
    (export "input-stream" (type $in (sub resource)))
    (type $borrow-out (borrow $out))
    (type $borrow-in (borrow $in))
    (type $bytes (list u8))
    (type $done (result (error $stream-error)))
    (type $read (result $bytes (error $stream-error)))
    (export "[method]output-stream.blocking-write-and-flush"
      (func (param "self" $borrow-out) (param "contents" $bytes) (result $done)))
    (export "[method]input-stream.blocking-read" (func (param "self" $borrow-in) (param "len" u64) (result $read)))))
  (alias export $streams "output-stream" (type $output-stream))
  (alias export $streams "input-stream" (type $input-stream))
  (import "wasi:cli/stdout@0.2.3" (instance $stdout
    (alias outer 1 $output-stream (type $o))
    (export "output-stream" (type $o2 (eq $o)))
    (type $owned (own $o2))
    (export "get-stdout" (func (result $owned)))))
  (import "wasi:cli/stderr@0.2.3" (instance $stderr
    (alias outer 1 $output-stream (type $o))
    (export "output-stream" (type $o2 (eq $o)))
    (type $owned (own $o2))
    (export "get-stderr" (func (result $owned)))))
  (import "wasi:cli/environment@0.2.3" (instance $environment
    (type $pair (tuple string string))
    (type $pairs (list $pair))
    (export "get-environment" (func (result $pairs)))))
  (import "wasi:cli/stdin@0.2.3" (instance $stdin
    (alias outer 1 $input-stream (type $o))
    (export "input-stream" (type $o2 (eq $o)))
    (type $owned (own $o2))
    (export "get-stdin" (func (result $owned)))))`

/**
 * A component with all the imports that the tests use: `say` writes its argument, `flood` does so for ever, `copy` writes all of standard input, `sleep` waits so many nanoseconds, `now`, `draw`,
 * `leave` exits, and functions that give back values of several types.
 */
export const BUSY_COMPONENT = `(component ${STREAMS}
  (core module $libc-module
    (memory (export "memory") 1)
    (global $next (mut i32) (i32.const 1024))
    (func (export "realloc") (param i32 i32 i32 i32) (result i32) (local i32)
      (local.set 4 (global.get $next))
      (global.set $next (i32.and (i32.add (i32.add (global.get $next) (local.get 3)) (i32.const 7)) (i32.const -8)))
      (block $fits
        (br_if $fits (i32.le_u (global.get $next) (i32.mul (memory.size) (i32.const 65536))))
        (br_if $fits (i32.ne (memory.grow (i32.const 32)) (i32.const -1)))
        unreachable)
      local.get 4))
  (core instance $libc (instantiate $libc-module))
  (core func $get-stdout (canon lower (func $stdout "get-stdout")))
  (core func $get-stderr (canon lower (func $stderr "get-stderr")))
  (core func $get-environment (canon lower (func $environment "get-environment") (memory (core memory $libc "memory")) (realloc (core func $libc "realloc"))))
  (core func $get-stdin (canon lower (func $stdin "get-stdin")))
  (core func $write (canon lower (func $streams "[method]output-stream.blocking-write-and-flush") (memory (core memory $libc "memory"))))
  (core func $read (canon lower (func $streams "[method]input-stream.blocking-read") (memory (core memory $libc "memory")) (realloc (core func $libc "realloc"))))
  (core func $subscribe (canon lower (func $clock "subscribe-duration")))
  (core func $now (canon lower (func $clock "now")))
  (core func $block (canon lower (func $poll "[method]pollable.block")))
  (core func $random-bytes (canon lower (func $random "get-random-bytes") (memory (core memory $libc "memory")) (realloc (core func $libc "realloc"))))
  (core func $random-u64 (canon lower (func $random "get-random-u64")))
  (core func $leave (canon lower (func $exit "exit")))
  (core module $m
    (import "host" "get-stdout" (func $get-stdout (result i32)))
    (import "host" "get-stderr" (func $get-stderr (result i32)))
    (import "host" "get-environment" (func $get-environment (param i32)))
    (import "host" "get-stdin" (func $get-stdin (result i32)))
    (import "host" "write" (func $write (param i32 i32 i32 i32)))
    (import "host" "read" (func $read (param i32 i64 i32)))
    (import "host" "subscribe" (func $subscribe (param i64) (result i32)))
    (import "host" "now" (func $now (result i64)))
    (import "host" "block" (func $block (param i32)))
    (import "host" "random-bytes" (func $random-bytes (param i64 i32)))
    (import "host" "random-u64" (func $random-u64 (result i64)))
    (import "host" "leave" (func $leave (param i32)))
    (import "libc" "memory" (memory 1))
    (func $say (export "say") (param i32 i32) (call $write (call $get-stdout) (local.get 0) (local.get 1) (i32.const 512)))
    (func (export "flood") (param i32 i32) (loop (call $say (local.get 0) (local.get 1)) (br 0)))
    (func (export "greet") (param i32 i32 i32 i32)
      (call $say (local.get 0) (local.get 1))
      (call $write (call $get-stderr) (local.get 2) (local.get 3) (i32.const 512)))
    (func (export "copy") (local $in i32)
      (local.set $in (call $get-stdin))
      (loop $more
        (call $read (local.get $in) (i64.const 10000) (i32.const 520))
        (if (i32.eqz (i32.load8_u (i32.const 520)))
          (then (call $say (i32.load (i32.const 524)) (i32.load (i32.const 528))) (br $more)))))
    (func (export "list-environment") (local $at i32) (local $end i32)
      (call $get-environment (i32.const 560))
      (local.set $at (i32.load (i32.const 560)))
      (local.set $end (i32.add (local.get $at) (i32.shl (i32.load (i32.const 564)) (i32.const 4))))
      (block $done (loop $more
        (br_if $done (i32.ge_u (local.get $at) (local.get $end)))
        (call $say (i32.load (local.get $at)) (i32.load offset=4 (local.get $at)))
        (i32.store8 (i32.const 570) (i32.const 61)) (call $say (i32.const 570) (i32.const 1))
        (call $say (i32.load offset=8 (local.get $at)) (i32.load offset=12 (local.get $at)))
        (i32.store8 (i32.const 570) (i32.const 10)) (call $say (i32.const 570) (i32.const 1))
        (local.set $at (i32.add (local.get $at) (i32.const 16)))
        (br $more))))
    (func (export "say-and-sleep") (param i32 i32 i64)
      (call $say (local.get 0) (local.get 1)) (call $block (call $subscribe (local.get 2))))
    (func (export "spin") (loop (br 0)))
    (func (export "trap") unreachable)
    (func (export "take") (local $page i32)
      (loop $more
        (local.set $page (memory.grow (i32.const 1)))
        (if (i32.eq (local.get $page) (i32.const -1)) (then unreachable))
        (memory.fill (i32.mul (local.get $page) (i32.const 65536)) (i32.const 1) (i32.const 65536))
        (br $more)))
    (func (export "sleep") (param i64) (call $block (call $subscribe (local.get 0))))
    (func (export "now") (result i64) call $now)
    (func (export "draw") (result i64) call $random-u64)
    (func (export "hoard") (loop (call $random-bytes (i64.const 1000000) (i32.const 540)) (br 0)))
    (func (export "leave") (param i32) (call $leave (local.get 0)))
    (func (export "twice") (param i64) (result i64) (i64.mul (local.get 0) (i64.const 2)))
    (func (export "echo") (param i32 i32) (result i32)
      (i32.store (i32.const 600) (local.get 0)) (i32.store (i32.const 604) (local.get 1)) i32.const 600)
    (func (export "check") (param i32) (result i32)
      (i32.store8 (i32.const 620) (i32.eqz (local.get 0))) (i32.store (i32.const 624) (i32.const 7)) i32.const 620)
    (func (export "half") (param f64) (result f64) (f64.div (local.get 0) (f64.const 2))))
  (core instance $i (instantiate $m
    (with "host" (instance
      (export "get-stdout" (func $get-stdout)) (export "get-stdin" (func $get-stdin)) (export "get-stderr" (func $get-stderr))
      (export "get-environment" (func $get-environment)) (export "write" (func $write))
      (export "read" (func $read)) (export "subscribe" (func $subscribe)) (export "now" (func $now)) (export "block" (func $block))
      (export "random-bytes" (func $random-bytes)) (export "random-u64" (func $random-u64)) (export "leave" (func $leave))))
    (with "libc" (instance $libc))))
  (func (export "say") (param "text" string) (canon lift (core func $i "say") (memory (core memory $libc "memory")) (realloc (core func $libc "realloc"))))
  (func (export "flood") (param "text" string) (canon lift (core func $i "flood") (memory (core memory $libc "memory")) (realloc (core func $libc "realloc"))))
  (func (export "greet") (param "text" string) (param "other" string) (canon lift (core func $i "greet") (memory (core memory $libc "memory")) (realloc (core func $libc "realloc"))))
  (func (export "say-and-sleep") (param "text" string) (param "nanos" u64) (canon lift (core func $i "say-and-sleep") (memory (core memory $libc "memory")) (realloc (core func $libc "realloc"))))
  (func (export "list-environment") (canon lift (core func $i "list-environment")))
  (func (export "spin") (canon lift (core func $i "spin")))
  (func (export "trap") (canon lift (core func $i "trap")))
  (func (export "take") (canon lift (core func $i "take")))
  (func (export "copy") (canon lift (core func $i "copy")))
  (func (export "sleep") (param "nanos" u64) (canon lift (core func $i "sleep")))
  (func (export "now") (result u64) (canon lift (core func $i "now")))
  (func (export "draw") (result u64) (canon lift (core func $i "draw")))
  (func (export "hoard") (canon lift (core func $i "hoard")))
  (func (export "leave") (param "status" (result)) (canon lift (core func $i "leave")))
  (func (export "twice") (param "n" u64) (result u64) (canon lift (core func $i "twice")))
  (func (export "half") (param "n" f64) (result f64) (canon lift (core func $i "half")))
  (func (export "check") (param "ok" bool) (result (result u32 (error u32))) (canon lift (core func $i "check") (memory (core memory $libc "memory"))))
  (func $echo-list (param "n" (list u16)) (result (list u16)) (canon lift (core func $i "echo") (memory (core memory $libc "memory")) (realloc (core func $libc "realloc"))))
  (func $echo-text (param "n" string) (result string) (canon lift (core func $i "echo") (memory (core memory $libc "memory")) (realloc (core func $libc "realloc"))))
  (instance $echoes (export "echo-list" (func $echo-list)) (export "echo-text" (func $echo-text)))
  (export "test:probe/echoes@0.1.0" (instance $echoes)))`
