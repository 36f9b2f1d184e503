// Values that are not needed at the same time share memory; inputs and outputs keep theirs.
// RUN: bs-opt %s -p sched-plan-memory | filecheck %s

sched.kernel @k rows(%a : !net.t<[4], f32, @"*">) -> (!net.t<[4], f32, @"*">) {
  %b = net.exp %a : !net.t<[4], f32, @"*">
  sched.yield %b : !net.t<[4], f32, @"*">
}
sched.kernel @s columns(%a : !net.t<[4], f32, @"*">) -> (!net.t<[4], f32>) {
  %b = net.sum_to %a : !net.t<[4], f32>
  sched.yield %b : !net.t<[4], f32>
}
// One column needs 16 bytes for x, p and q each; r lies where p was.
// CHECK: sched.program @step ["*"] arena [64, 48]
sched.program @step ["*"] {
  // CHECK-NEXT: input "x" at [64, 0]
  // CHECK-NEXT: temporary "p" at [64, 16]
  // CHECK-NEXT: temporary "q" at [64, 32]
  // CHECK-NEXT: temporary "r" at [64, 16]
  // CHECK-NEXT: temporary "s" at [0, 0]
  %x = sched.buffer input "x" : !net.t<[4], f32, @"*">
  %p = sched.buffer temporary "p" : !net.t<[4], f32, @"*">
  %q = sched.buffer temporary "q" : !net.t<[4], f32, @"*">
  %r = sched.buffer temporary "r" : !net.t<[4], f32, @"*">
  %s = sched.buffer temporary "s" : !net.t<[4], f32>
  sched.call @k(%x) -> (%p)
  sched.call @k(%p) -> (%q)
  sched.call @k(%q) -> (%r)
  sched.call @s(%r) -> (%s)
  sched.output "s", %s : !net.t<[4], f32>
}
