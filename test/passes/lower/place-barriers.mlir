// Threads wait only where one call needs what another did; tiny calls are left to one thread.
// RUN: bs-opt %s -p sched-plan-memory,sched-place-barriers | filecheck %s
// RUN: bs-opt %s -p sched-plan-memory,sched-place-barriers,sched-to-kern,sched-place-barriers \
// RUN:   | filecheck %s --check-prefix=LOWERED
// LOWERED: sched.barrier
// RUN: not bs-opt %s -p sched-place-barriers 2>&1 | filecheck %s --check-prefix=ERROR
// ERROR: sched-place-barriers runs after sched-plan-memory

sched.kernel @k rows(%a : !net.t<[4], f32, @"*">) -> (!net.t<[4], f32, @"*">) {
  %b = net.exp %a : !net.t<[4], f32, @"*">
  sched.yield %b : !net.t<[4], f32, @"*">
}
sched.kernel @t rows(%a : !net.t<[1], f32>) -> (!net.t<[1], f32>) {
  %b = net.negate %a : !net.t<[1], f32>
  sched.yield %b : !net.t<[1], f32>
}
sched.program @step ["*"] {
  %x = sched.buffer input "x" : !net.t<[4], f32, @"*">
  %l = sched.buffer state hyper "l" : !net.t<[1], f32>
  %p = sched.buffer temporary "p" : !net.t<[4], f32, @"*">
  %q = sched.buffer temporary "q" : !net.t<[4], f32, @"*">
  %r = sched.buffer temporary "r" : !net.t<[4], f32, @"*">
  %u = sched.buffer temporary "u" : !net.t<[1], f32>
  %v = sched.buffer temporary "v" : !net.t<[1], f32>
  // CHECK: sched.call @k(%x) -> (%p)
  // CHECK-NEXT: sched.call @k(%x) -> (%q)
  // CHECK-NEXT: sched.call serial @t(%l) -> (%u)
  // CHECK-NEXT: sched.call serial @t(%u) -> (%v)
  // CHECK-NEXT: sched.barrier
  // CHECK-NEXT: sched.call @k(%p) -> (%r)
  // CHECK-NEXT: sched.output
  sched.call @k(%x) -> (%p)
  sched.call @k(%x) -> (%q)
  sched.call serial @t(%l) -> (%u)
  sched.call @t(%u) -> (%v)
  sched.call @k(%p) -> (%r)
  sched.output "q", %q : !net.t<[4], f32, @"*">
  sched.output "r", %r : !net.t<[4], f32, @"*">
  sched.output "v", %v : !net.t<[1], f32>
}
